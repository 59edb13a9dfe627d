package hubtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/coder/websocket"

	"lifecircle/hub/wire"
)

// Client is one connection as an SDK would have it, for one goroutine. It reads
// only when it is asked for something, and answers pings then unless KeepPings is set.
type Client struct {
	KeepPings bool // Next returns pings and leaves the answer to the caller

	ws       *websocket.Conn
	protocol wire.Protocol
	lastID   uint32
	queue    []wire.ServerMessage // of the last frame, not yet looked at
	pushes   []*wire.Push         // came while a reply was awaited
}

// DialOptions say how to reach a server; the zero value dials in plain JSON.
type DialOptions struct {
	Protocol wire.Protocol
	HTTP     *http.Client // nil: http.DefaultClient
	Header   http.Header

	NoSubprotocol bool   // leave the protocol to the address
	Compress      bool   // offer permessage-deflate
	Query         string // of the address, for Server.Dial
}

// Dial shakes hands with the server at the ws:// or http:// address.
func Dial(ctx context.Context, address string, o DialOptions) (*Client, error) {
	subprotocols := []string{"centrifuge-json"}
	switch {
	case o.NoSubprotocol:
		subprotocols = nil
	case o.Protocol == wire.Protobuf:
		subprotocols = []string{"centrifuge-protobuf"}
	}
	compression := websocket.CompressionDisabled
	if o.Compress {
		compression = websocket.CompressionNoContextTakeover
	}
	ws, resp, err := websocket.Dial(ctx, address, &websocket.DialOptions{
		HTTPClient: o.HTTP, HTTPHeader: o.Header, Subprotocols: subprotocols, CompressionMode: compression,
	})
	if err != nil {
		if resp != nil && resp.Body != nil {
			_ = resp.Body.Close()
		}
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	ws.SetReadLimit(-1)
	return &Client{ws: ws, protocol: o.Protocol}, nil
}

// Close goes away without a word.
func (c *Client) Close() { _ = c.ws.CloseNow() }

// CloseCode is the code of the close frame that err, from any method, reports; -1 without one.
func CloseCode(err error) int { return int(websocket.CloseStatus(err)) }

// Send sends commands as they are, in one frame. An empty command is a pong.
func (c *Client) Send(ctx context.Context, cmds ...*wire.Command) error {
	var frame []byte
	for _, cmd := range cmds {
		msg, err := wire.AppendCommand(nil, c.protocol, cmd)
		if err != nil {
			return fmt.Errorf("encode command %d: %w", cmd.ID, err)
		}
		frame = wire.Join(c.protocol, frame, msg)
	}
	return c.SendFrame(ctx, frame)
}

// SendFrame sends any bytes as one frame.
func (c *Client) SendFrame(ctx context.Context, frame []byte) error {
	typ := websocket.MessageText
	if c.protocol == wire.Protobuf {
		typ = websocket.MessageBinary
	}
	if err := c.ws.Write(ctx, typ, frame); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// Pong answers a ping.
func (c *Client) Pong(ctx context.Context) error { return c.Send(ctx, &wire.Command{}) }

// Next returns the next message from the socket.
func (c *Client) Next(ctx context.Context) (wire.ServerMessage, error) {
	for {
		if len(c.queue) == 0 {
			_, frame, err := c.ws.Read(ctx)
			if err != nil {
				return wire.ServerMessage{}, fmt.Errorf("receive: %w", err)
			}
			if c.queue, err = wire.DecodeReplies(c.protocol, frame); err != nil {
				return wire.ServerMessage{}, fmt.Errorf("receive %q: %w", frame, err)
			}
		}
		m := c.queue[0]
		c.queue = c.queue[1:]
		if !m.Ping || c.KeepPings {
			return m, nil
		}
		if err := c.Pong(ctx); err != nil {
			return wire.ServerMessage{}, err
		}
	}
}

// Ping sends a WebSocket ping and waits for the pong. Something must read meanwhile.
func (c *Client) Ping(ctx context.Context) error {
	if err := c.ws.Ping(ctx); err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	return nil
}

// Call sends cmd with the next id and waits for its reply. Pushes that come before it are kept for Push.
func (c *Client) Call(ctx context.Context, cmd *wire.Command) (*wire.Reply, error) {
	c.lastID++
	cmd.ID = c.lastID
	if err := c.Send(ctx, cmd); err != nil {
		return nil, err
	}
	for {
		m, err := c.Next(ctx)
		switch {
		case err != nil:
			return nil, err
		case m.Push != nil:
			c.pushes = append(c.pushes, m.Push)
		case m.Reply != nil && m.Reply.ID == cmd.ID:
			return m.Reply, nil
		default:
			return nil, fmt.Errorf("await reply %d: got %+v", cmd.ID, m)
		}
	}
}

// Error is a refusal of the server.
type Error wire.Error

func (e *Error) Error() string { return fmt.Sprintf("error %d: %s", e.Code, e.Message) }

// ErrorCode is the code of the refusal that err is, 0 if it is none.
func ErrorCode(err error) uint32 {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

func (c *Client) call(ctx context.Context, cmd *wire.Command) (*wire.Reply, error) {
	r, err := c.Call(ctx, cmd)
	if err == nil && r.Error != nil {
		err = (*Error)(r.Error)
	}
	return r, err
}

// Connect connects with a token, or as a guest.
func (c *Client) Connect(ctx context.Context, token string) (*wire.ConnectResult, error) {
	r, err := c.call(ctx, &wire.Command{Connect: &wire.ConnectRequest{Token: token}})
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return r.Connect, nil
}

// Subscribe subscribes without a position.
func (c *Client) Subscribe(ctx context.Context, channel string) (*wire.SubscribeResult, error) {
	return c.SubscribeAs(ctx, &wire.SubscribeRequest{Channel: channel})
}

// Recover subscribes from a position.
func (c *Client) Recover(ctx context.Context, channel string, offset uint64, epoch string) (*wire.SubscribeResult, error) {
	return c.SubscribeAs(ctx, &wire.SubscribeRequest{Channel: channel, Recover: true, Offset: offset, Epoch: epoch})
}

// SubscribeAs subscribes with any request.
func (c *Client) SubscribeAs(ctx context.Context, r *wire.SubscribeRequest) (*wire.SubscribeResult, error) {
	reply, err := c.call(ctx, &wire.Command{Subscribe: r})
	if err != nil {
		return nil, fmt.Errorf("subscribe to %q: %w", r.Channel, err)
	}
	return reply.Subscribe, nil
}

// RPC calls a method.
func (c *Client) RPC(ctx context.Context, method string, data []byte) ([]byte, error) {
	r, err := c.call(ctx, &wire.Command{RPC: &wire.RPCRequest{Method: method, Data: data}})
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", method, err)
	}
	return r.RPC.Data, nil
}

// Push returns the next push.
func (c *Client) Push(ctx context.Context) (*wire.Push, error) {
	if len(c.pushes) > 0 {
		p := c.pushes[0]
		c.pushes = c.pushes[1:]
		return p, nil
	}
	m, err := c.Next(ctx)
	if err != nil {
		return nil, err
	}
	if m.Push == nil {
		return nil, fmt.Errorf("await push: got %+v", m)
	}
	return m.Push, nil
}

// Publication returns the next push, which must be a publication.
func (c *Client) Publication(ctx context.Context) (*wire.Publication, error) {
	p, err := c.Push(ctx)
	if err != nil {
		return nil, err
	}
	if p.Pub == nil {
		if p.Disconnect != nil {
			return nil, fmt.Errorf("await publication: disconnected with %+v", *p.Disconnect)
		}
		return nil, fmt.Errorf("await publication: got %+v", p)
	}
	return p.Pub, nil
}
