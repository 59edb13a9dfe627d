package hub

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/coder/websocket"

	"lifecircle/hub/wire"
)

// Sub-protocols that SDKs offer; a client that offers none speaks JSON.
const (
	subprotocolJSON     = "centrifuge-json"
	subprotocolProtobuf = "centrifuge-protobuf"
)

const retryAfter = 5 // seconds, for clients that are not admitted

// ServeHTTP is the WebSocket endpoint. It returns after the handshake; the
// connection goes on in a goroutine of the node. A node that is draining,
// stopped or full answers 503.
func (n *Node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !n.admit() {
		n.stats.refused.Add(1)
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
		http.Error(w, "no more connections", http.StatusServiceUnavailable)
		return
	}
	c, err := n.accept(w, r)
	if err != nil {
		n.unadmit()
		n.opts.Logger.DebugContext(r.Context(), "a handshake failed", "error", err)
		return
	}
	if !n.spawn(c.serve) {
		n.unadmit()
		c.transport.abort()
		c.transport.release()
	}
}

func (n *Node) admit() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.draining || n.opts.MaxConnections > 0 && n.admitted >= n.opts.MaxConnections {
		return false
	}
	n.admitted++
	return true
}

func (n *Node) unadmit() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.admitted--
	n.noteDrainedLocked()
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
	c.remoteAddr = n.opts.RemoteAddr(r)
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
