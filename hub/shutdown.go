package hub

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	shutdownStep = 20 * time.Millisecond // clients are closed in groups this far apart
	finishTime   = time.Second           // for the last closes when Run ends
)

// drained is closed when the node takes no clients and has none.
type drained struct {
	once sync.Once
	done chan struct{}
}

// Shutdown refuses new clients, closes the present ones with 3001, evenly
// spread over the given time so that they do not come back all at once, and
// waits until they are gone. The commands that a client has sent are answered
// before. It fails if ctx ends first; Run closes what is left then.
func (n *Node) Shutdown(ctx context.Context, over time.Duration) error {
	n.drain()
	if err := n.leaveAll(ctx, over); err != nil {
		return err
	}
	tick := time.NewTicker(shutdownStep)
	defer tick.Stop()
	for {
		select {
		case <-n.drained.done:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("shut down: %d clients left: %w", n.Stats().Clients, ctx.Err())
		case <-tick.C: // those that were shaking hands when it began
			for _, c := range n.clientList() {
				c.leave(DisconnectShutdown)
			}
		}
	}
}

// leaveAll lets the clients go one after the other.
func (n *Node) leaveAll(ctx context.Context, over time.Duration) error {
	clients := n.clientList()
	tick := time.NewTicker(shutdownStep)
	defer tick.Stop()
	for begin, next := time.Now(), 0; next < len(clients); {
		upTo := len(clients)
		if passed := time.Since(begin); passed < over {
			upTo = int(float64(len(clients)) * float64(passed) / float64(over))
		}
		for ; next < upTo; next++ {
			clients[next].leave(DisconnectShutdown)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("shut down: %d clients left: %w", len(clients)-next, ctx.Err())
		}
	}
	return nil
}

func (n *Node) drain() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.draining = true
	n.noteDrainedLocked()
}

// noteDrainedLocked needs n.mu.
func (n *Node) noteDrainedLocked() {
	if n.draining && n.admission.admitted == 0 {
		n.drained.once.Do(func() { close(n.drained.done) })
	}
}

// closeAll closes all clients at once and gives them a moment to hear of it.
func (n *Node) closeAll() {
	n.drain()
	for _, c := range n.clientList() {
		c.disconnect(DisconnectShutdown)
	}
	timer := time.NewTimer(finishTime)
	defer timer.Stop()
	select {
	case <-n.drained.done:
	case <-timer.C:
	}
}
