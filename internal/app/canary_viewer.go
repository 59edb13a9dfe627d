package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"

	"github.com/coder/websocket"

	"lifecircle/hub/wire"
)

// viewer is a connection of the canary. It knows as much of the protocol as a
// round needs, which is over before a ping could come.
type viewer struct {
	ws     *websocket.Conn
	lastID uint32
	queue  []wire.ServerMessage // of the last frame, not yet looked at
}

// dialViewer shakes hands with the server that listens on the address. A
// wildcard is dialled as this machine.
func dialViewer(ctx context.Context, address net.Addr) (*viewer, error) {
	to := &http.Transport{ // no proxy, whatever the environment says
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, address.Network(), address.String())
		},
	}
	ws, resp, err := websocket.Dial(ctx, "ws://"+address.String()+"/connection/websocket", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: to}, Subprotocols: []string{"centrifuge-json"},
	})
	if err != nil {
		if resp != nil && resp.Body != nil {
			_ = resp.Body.Close()
		}
		return nil, fmt.Errorf("come to the public address: %w", err)
	}
	return &viewer{ws: ws}, nil
}

func (v *viewer) close() { _ = v.ws.CloseNow() }

// enter connects and subscribes.
func (v *viewer) enter(ctx context.Context, token, channel string) error {
	if err := v.call(ctx, &wire.Command{Connect: &wire.ConnectRequest{Token: token, Name: "canary"}}); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if err := v.call(ctx, &wire.Command{Subscribe: &wire.SubscribeRequest{Channel: channel}}); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	return nil
}

// call sends a command and waits until it is done.
func (v *viewer) call(ctx context.Context, cmd *wire.Command) error {
	v.lastID++
	cmd.ID = v.lastID
	msg, err := wire.AppendCommand(nil, wire.JSON, cmd)
	if err != nil {
		return err
	}
	if err := v.ws.Write(ctx, websocket.MessageText, wire.Join(wire.JSON, nil, msg)); err != nil {
		return err
	}
	for {
		m, err := v.next(ctx)
		switch {
		case err != nil:
			return err
		case m.Reply == nil || m.Reply.ID != cmd.ID:
		case m.Reply.Error != nil:
			return fmt.Errorf("refused with %d: %s", m.Reply.Error.Code, m.Reply.Error.Message)
		default:
			return nil
		}
	}
}

// publication returns the data of the next one.
func (v *viewer) publication(ctx context.Context) (json.RawMessage, error) {
	for {
		m, err := v.next(ctx)
		if err != nil {
			return nil, err
		}
		if m.Push != nil && m.Push.Pub != nil {
			return m.Push.Pub.Data, nil
		}
	}
}

func (v *viewer) next(ctx context.Context) (m wire.ServerMessage, err error) {
	for len(v.queue) == 0 {
		_, frame, err := v.ws.Read(ctx)
		if err != nil {
			return m, err
		}
		if v.queue, err = wire.DecodeReplies(wire.JSON, frame); err != nil {
			return m, err
		}
	}
	m, v.queue = v.queue[0], v.queue[1:]
	return m, nil
}
