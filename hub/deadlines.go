package hub

import (
	"container/heap"
	"sync"
	"time"
)

// deadlines holds the next moment at which each client needs attention, so that
// no client needs a timer of its own. Node.Run waits for the first of them.
type deadlines struct {
	mu      sync.Mutex
	clients clientHeap
	changed chan struct{} // holds one token when the first deadline came nearer
}

// clientHeap is a heap by Client.due; Client.slot is the index, -1 outside.
type clientHeap []*Client

func (h clientHeap) Len() int           { return len(h) }
func (h clientHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h clientHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].slot, h[j].slot = i, j
}

func (h *clientHeap) Push(x any) {
	c := x.(*Client) //nolint:forcetypeassert // only add pushes
	c.slot = len(*h)
	*h = append(*h, c)
}

func (h *clientHeap) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	(*h)[last], *h = nil, (*h)[:last]
	c.slot = -1
	return c
}

// set replaces the client's deadline.
func (d *deadlines) set(c *Client, at time.Time) {
	d.mu.Lock()
	c.due = at
	if c.slot < 0 {
		heap.Push(&d.clients, c)
	} else {
		heap.Fix(&d.clients, c.slot)
	}
	first := c.slot == 0
	d.mu.Unlock()
	if first {
		select {
		case d.changed <- struct{}{}:
		default:
		}
	}
}

func (d *deadlines) remove(c *Client) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.slot >= 0 {
		heap.Remove(&d.clients, c.slot)
	}
}

// pop takes out the clients whose deadline has come, and tells how long it is to the next one.
func (d *deadlines) pop(now time.Time) (due []*Client, wait time.Duration) {
	const none = time.Hour
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.clients) > 0 {
		if wait := d.clients[0].due.Sub(now); wait > 0 {
			return due, wait
		}
		due = append(due, heap.Pop(&d.clients).(*Client)) //nolint:forcetypeassert // it holds only clients
	}
	return due, none
}
