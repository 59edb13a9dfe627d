package hub

import (
	"net/http"
	"net/netip"
	"strconv"
	"time"
)

// admission counts what was let in beside the node's clients. Node.mu guards it.
type admission struct {
	admitted    int            // connections, from before their handshake
	unconnected int            // those of them that have not connected yet
	addresses   map[string]int // how many of them come from each address; none: not in the map
}

const retryAfter = 5 // seconds, for clients that are not admitted

// admit makes room for a connection from the address. A status other than 0 is
// the answer for one that must come later: 429 if its address has too many, 503
// if the node takes nobody or has its hands full.
func (n *Node) admit(remoteAddr string) (status int) {
	address := addressKey(remoteAddr)
	n.mu.Lock()
	defer n.mu.Unlock()
	a, o := &n.admission, &n.opts
	switch {
	case n.draining, reached(a.admitted, o.MaxConnections), reached(a.unconnected, o.MaxHandshakes):
		return http.StatusServiceUnavailable
	case reached(a.addresses[address], o.MaxAddressConnections):
		return http.StatusTooManyRequests
	}
	if a.addresses == nil {
		a.addresses = make(map[string]int)
	}
	a.addresses[address]++
	a.admitted++
	a.unconnected++
	return 0
}

// reached tells whether there is no room for one more; a limit of 0 is none.
func reached(count, limit int) bool { return limit > 0 && count >= limit }

func refuseHandshake(w http.ResponseWriter, status int) {
	w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	http.Error(w, "no more connections", status)
}

// settle says that an admitted connection has connected.
func (n *Node) settle() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.admission.unconnected--
}

// unadmit gives back the room of a connection that is gone; settled, if it had connected.
func (n *Node) unadmit(remoteAddr string, settled bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.unadmitLocked(remoteAddr, settled)
}

// unadmitLocked needs n.mu.
func (n *Node) unadmitLocked(remoteAddr string, settled bool) {
	a, address := &n.admission, addressKey(remoteAddr)
	a.admitted--
	if !settled {
		a.unconnected--
	}
	if a.addresses[address]--; a.addresses[address] <= 0 {
		delete(a.addresses, address)
	}
	n.noteDrainedLocked()
}

const hostBits = 64 // of an IPv6 address: one customer has at least so many to himself

// addressKey is what connections are counted by: an address of IPv4, a network
// of IPv6, or whatever else Options.RemoteAddr returns.
func addressKey(remoteAddr string) string {
	a, err := netip.ParseAddr(remoteAddr)
	if err != nil {
		return remoteAddr
	}
	if a = a.Unmap().WithZone(""); a.Is4() {
		return a.String()
	}
	network, _ := a.Prefix(hostBits) // fails for IPv4 only
	return network.Addr().String()
}

// A client's commands are paced by one number, the time at which its next
// command would be due if it kept to Options.CommandRate (the generic cell rate
// algorithm). It may run ahead of that by CommandBurst. A refused command costs
// a part of an allowed one: who asks too much gets an answer now and then, and
// only who asks refusedShare times too much falls behind without end.
const refusedShare = 8

// pace counts one command. It returns ErrTooManyRequests if it comes too soon,
// and DisconnectTooManyRequests if the client is another burst ahead. Only the
// goroutine that handles the client's commands may call it.
func (c *Client) pace(now time.Time) error {
	o := &c.node.opts
	if o.CommandRate <= 0 {
		return nil
	}
	interval := int64(time.Second) / int64(o.CommandRate)
	span := interval * int64(max(o.CommandBurst, 1))
	at := now.UnixNano()
	next := max(c.commandDue, at)
	switch {
	case next+interval <= at+span:
		c.commandDue = next + interval
		return nil
	case next <= at+2*span:
		c.commandDue = next + interval/refusedShare
		return ErrTooManyRequests
	default:
		return DisconnectTooManyRequests
	}
}
