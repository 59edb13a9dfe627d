package app

import (
	"log/slog"
	"syscall"
	"time"

	"lifecircle/hub"
	"lifecircle/internal/config"
	"lifecircle/internal/groupcommit"
)

const (
	maxRateKeys = 1 << 17 // people and addresses that one node remembers for rate limits

	maxSubscriptions = 128              // of one socket, its user's own channel among them; beyond it 106
	maxFrameBytes    = 64 << 10         // from a socket, inflated; beyond it close 1009
	maxQueueBytes    = 1024 << 10       // waiting for one socket; beyond it 3008
	connectTime      = 10 * time.Second // from the handshake to the connect command; then 3502

	maxHandshakes     = 16 << 10 // sockets of a node that have not connected yet: many clients that come back at once fit; beyond it 503
	maxAddressSockets = 10_000   // thousands of phones share an address of their carrier; beyond it 429
	maxUserSockets    = 64       // a few devices with a dozen tabs each; beyond it 3504
	commandRate       = 30       // of one socket a second; beyond it 111, far beyond 3013
	commandBurst      = 300      // of one socket at once: maxSubscriptions, twice over

	otherFiles = 1024 // file descriptors that are kept for requests, photos on their way in and out, Postgres, Redis and files
)

// limits are those of one node, as its settings leave them. 0 is none.
type limits struct {
	NodeSockets       int `json:"node_sockets"`
	NodeHandshakes    int `json:"node_handshakes"`
	AddressSockets    int `json:"address_sockets"`
	UserSockets       int `json:"user_sockets"`
	CommandsPerSecond int `json:"commands_per_second"`
	CommandBurst      int `json:"command_burst"`
	Subscriptions     int `json:"subscriptions"`
	FrameBytes        int `json:"frame_bytes"`
	QueueBytes        int `json:"queue_bytes"`
	ConnectSeconds    int `json:"connect_seconds"`
}

// newLimits lifts what stands in the way of load tests, with --dev, and lets no
// more sockets in than the process may have files.
func newLimits(s config.Server, files int, log *slog.Logger) limits {
	l := limits{
		NodeSockets: s.MaxSockets, NodeHandshakes: maxHandshakes, AddressSockets: maxAddressSockets, UserSockets: maxUserSockets,
		CommandsPerSecond: commandRate, CommandBurst: commandBurst,
		Subscriptions: maxSubscriptions, FrameBytes: maxFrameBytes, QueueBytes: maxQueueBytes, ConnectSeconds: int(connectTime.Seconds()),
	}
	if s.Dev {
		l.NodeHandshakes, l.AddressSockets, l.UserSockets, l.CommandsPerSecond, l.CommandBurst = 0, 0, 0, 0, 0
	}
	if s.MaxAddressSockets != nil {
		l.AddressSockets = *s.MaxAddressSockets
	}
	if s.MaxUserSockets != nil {
		l.UserSockets = *s.MaxUserSockets
	}
	if room := max(files-otherFiles, files/2); l.NodeSockets == 0 || l.NodeSockets > room {
		log.Info("sockets are bounded by the number of open files", "sockets", room, "files", files)
		l.NodeSockets = room
	}
	return l
}

// openFiles is how many files the process may have open. Go has raised it as far as it may at the start.
func openFiles() int {
	const unknown = 1 << 20
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil || r.Cur > unknown {
		return unknown
	}
	return int(r.Cur)
}

// bind makes a hub keep the limits.
func (l limits) bind(o hub.Options) hub.Options {
	o.MaxConnections, o.MaxHandshakes = l.NodeSockets, l.NodeHandshakes
	o.MaxAddressConnections, o.MaxUserConnections = l.AddressSockets, l.UserSockets
	o.CommandRate, o.CommandBurst = l.CommandsPerSecond, l.CommandBurst
	o.MaxSubscriptions, o.MaxMessageBytes, o.QueueBytes = l.Subscriptions, int64(l.FrameBytes), l.QueueBytes
	o.ConnectTimeout = time.Duration(l.ConnectSeconds) * time.Second
	return o
}

// shown is what /v1/limits says of them.
func (l limits) shown() map[string]any {
	return map[string]any{
		"socket": l,
		"writes": map[string]int{
			"waiting":           groupcommit.DefaultLanes * groupcommit.DefaultQueue,
			"wait_milliseconds": int(groupcommit.DefaultMaxWait.Milliseconds()), // under overload; beyond it 429 or 111
		},
	}
}
