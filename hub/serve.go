package hub

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/coder/websocket"

	"lifecircle/hub/wire"
)

// Sub-protocols that SDKs offer; a client that offers none speaks JSON.
const (
	subprotocolJSON     = "centrifuge-json"
	subprotocolProtobuf = "centrifuge-protobuf"
)

// ServeHTTP is the WebSocket endpoint. It returns after the handshake; the
// connection goes on in a goroutine of the node. A node that is draining,
// stopped or full answers 503, or 429 to an address that has too many connections.
func (n *Node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	address := n.opts.RemoteAddr(r)
	if status := n.admit(address); status != 0 {
		n.stats.refused.Add(1)
		refuseHandshake(w, status)
		return
	}
	c, err := n.accept(w, r)
	if err != nil {
		n.unadmit(address, false)
		n.opts.Logger.DebugContext(r.Context(), "a handshake failed", "error", err)
		return
	}
	c.remoteAddr = address
	if !n.spawn(c.serve) {
		n.unadmit(address, false)
		c.socket.abort()
		c.socket.release()
	}
}

// accept shakes hands. On an error the request is answered.
func (n *Node) accept(w http.ResponseWriter, r *http.Request) (*Client, error) {
	var c *Client // set before anything is read
	h := &hijack{ResponseWriter: w, buffer: n.opts.SocketBuffer}
	wish := wishOf(r)
	compression := websocket.CompressionDisabled
	if n.opts.Compression && !wish.plain {
		compression = websocket.CompressionNoContextTakeover
	}
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{
		Subprotocols:       []string{subprotocolJSON, subprotocolProtobuf},
		OriginPatterns:     n.opts.Origins,
		InsecureSkipVerify: slices.Contains(n.opts.Origins, "*"),
		CompressionMode:    compression,
		OnPingReceived: func(context.Context, []byte) bool {
			c.socket.expect(n.opts.MaxMessageBytes)
			return true
		},
		OnPongReceived: func(context.Context, []byte) {
			c.socket.expect(n.opts.MaxMessageBytes)
			c.socketPong()
		},
	})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(n.opts.MaxMessageBytes) // inflated
	protocol := wish.protocol
	if ws.Subprotocol() == subprotocolProtobuf {
		protocol = wire.Protobuf
	} else if ws.Subprotocol() == subprotocolJSON {
		protocol = wire.JSON
	}
	c = newClient(n, &socket{ws: ws, conn: h.conn, reader: h.reader}, formatOf(protocol, w.Header().Get("Sec-WebSocket-Extensions") != ""))
	c.socketPing, c.pingEvery = wish.socketPing, n.opts.PingInterval
	if wish.ping > 0 {
		c.pingEvery = min(max(wish.ping, n.opts.MinPingInterval), n.opts.MaxPingInterval)
	}
	return c, nil
}

// wish is what a client asks for in the query of its handshake.
type wish struct {
	protocol   wire.Protocol // if it offers no sub-protocol
	socketPing bool
	ping       time.Duration // 0: as usual
	plain      bool          // no compression, even if its WebSocket library offers it
}

// wishOf reads the query; keys and values that are not known are ignored.
func wishOf(r *http.Request) (w wish) {
	if r.URL.RawQuery == "" {
		return w
	}
	q := r.URL.Query()
	if q.Get("cf_protocol") == "protobuf" || q.Get("format") == "protobuf" {
		w.protocol = wire.Protobuf
	}
	w.socketPing = q.Get("cf_ws_frame_ping_pong") == "true"
	w.plain = q.Get("compression") == "off"
	if seconds, err := strconv.ParseUint(q.Get("ping"), 10, 16); err == nil {
		w.ping = time.Duration(seconds) * time.Second
	}
	return w
}
