package hub

import "sync"

// poller tells which of the clients that nobody reads from have sent something,
// so that a client which waits needs no goroutine. How it learns of that is the
// system's matter (poller_linux.go); without it each client has a goroutine.
type poller struct {
	mu     sync.Mutex // guards what follows; a leaf
	slots  []*Client
	gens   []uint32 // of each slot, so that news of a client that is gone is known as old
	free   []slot
	first  sync.Once
	needed chan struct{} // closed when there is somebody to watch

	kernelPoller
}

// slot is a client's place in the poller.
type slot struct {
	index, gen uint32
}

// enter gives the client a place.
func (p *poller) enter(c *Client) slot {
	p.first.Do(func() { close(p.needed) })
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.free) - 1; last >= 0 {
		s := p.free[last]
		p.free = p.free[:last]
		p.slots[s.index] = c
		return s
	}
	p.slots, p.gens = append(p.slots, c), append(p.gens, 0)
	return slot{index: uint32(len(p.slots) - 1)} //nolint:gosec // as many as there are sockets
}

// leave takes the client's place back.
func (p *poller) leave(s slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slots[s.index] = nil
	p.gens[s.index]++
	p.free = append(p.free, slot{index: s.index, gen: p.gens[s.index]})
}

// at returns the client that has the place, if it still has.
func (p *poller) at(s slot) *Client {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gens[s.index] != s.gen {
		return nil
	}
	return p.slots[s.index]
}
