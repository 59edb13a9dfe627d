package hub

import (
	"context"
	"net/http"
	"slices"

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
		c.transport.abort()
		c.transport.release()
	}
}

// accept shakes hands. On an error the request is answered.
func (n *Node) accept(w http.ResponseWriter, r *http.Request) (*Client, error) {
	var c *Client // set before anything is read
	h := &hijack{ResponseWriter: w, timeout: n.opts.WriteTimeout}
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{
		Subprotocols:       []string{subprotocolJSON, subprotocolProtobuf},
		OriginPatterns:     n.opts.Origins,
		InsecureSkipVerify: slices.Contains(n.opts.Origins, "*"),
		CompressionMode:    websocket.CompressionDisabled,
		OnPongReceived:     func(context.Context, []byte) { c.socketPong() },
	})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(n.opts.MaxMessageBytes)
	c = newClient(n, &socket{ws: ws, conn: h.conn}, chosenProtocol(ws.Subprotocol(), r))
	c.socketPing = r.URL.Query().Get("cf_ws_frame_ping_pong") == "true"
	return c, nil
}

func chosenProtocol(subprotocol string, r *http.Request) wire.Protocol {
	q := r.URL.Query()
	switch {
	case subprotocol == subprotocolProtobuf,
		subprotocol == "" && (q.Get("cf_protocol") == "protobuf" || q.Get("format") == "protobuf"):
		return wire.Protobuf
	default:
		return wire.JSON
	}
}
