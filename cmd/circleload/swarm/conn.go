package swarm

import "sync"

// Conn is one connection. All methods may be called from any goroutine, also
// from within the Handler.
type Conn struct {
	// Data is the caller's own. Set it by Target.Data; change it in calls of the Handler only.
	Data any

	swarm *Swarm
	mu    sync.Mutex
}
