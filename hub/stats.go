package hub

import "sync/atomic"

// Stats are a node's counters; those without "now" only grow.
type Stats struct {
	Clients       int // now
	Subscriptions int // now
	Channels      int // now, with those that lost their last subscriber seconds ago
	QueueBytes    int // now, waiting for clients that do not take them
	Connecting    int // now; connections that have not connected yet
	Addresses     int // now, from which there are connections

	Connects         uint64 // connections accepted
	Refused          uint64 // handshakes answered 503 or 429
	Disconnects      uint64 // connections that the node closed, whatever the reason
	SlowDisconnects  uint64 // of them with 3008
	Deliveries       uint64 // publications put into the queue of a client
	Drops            uint64 // ephemeral publications that a client or a busy channel lost
	Received         uint64 // publications from the broker for channels of this node
	Postponed        uint64 // positioned ones that a busy channel left to the log
	GapsFilled       uint64 // publications read from the log because the broker had not brought them
	GapErrors        uint64 // reads of the log for that purpose that failed
	Resets           uint64 // channels whose subscribers had to resubscribe (2500)
	Recovered        uint64 // subscriptions that went on from their position
	Unrecovered      uint64 // those that could not
	BrokerErrors     uint64 // calls to the broker that failed
	BrokerLost       uint64 // times that the broker said it may have missed something
	HandlerPanics    uint64
	CommandsRefused  uint64 // commands answered with an error
	CommandsAnswered uint64 // commands answered without one
}

// counters are what Stats is read from.
type counters struct {
	subscriptions, queued                     atomic.Int64
	connects, refused, disconnects, slow      atomic.Uint64
	deliveries, drops, received, postponed    atomic.Uint64
	gapsFilled, gapErrors, resets             atomic.Uint64
	recovered, unrecovered                    atomic.Uint64
	brokerErrors, brokerLost                  atomic.Uint64
	panics, commandsRefused, commandsAnswered atomic.Uint64
}

// Stats returns the node's counters.
func (n *Node) Stats() Stats {
	n.mu.RLock()
	clients, channels, connecting, addresses := len(n.clients), len(n.channels), n.admission.unconnected, len(n.admission.addresses)
	n.mu.RUnlock()
	s := &n.stats
	return Stats{
		Clients:          clients,
		Subscriptions:    int(s.subscriptions.Load()),
		Channels:         channels,
		QueueBytes:       int(s.queued.Load()),
		Connecting:       connecting,
		Addresses:        addresses,
		Connects:         s.connects.Load(),
		Refused:          s.refused.Load(),
		Disconnects:      s.disconnects.Load(),
		SlowDisconnects:  s.slow.Load(),
		Deliveries:       s.deliveries.Load(),
		Drops:            s.drops.Load(),
		Received:         s.received.Load(),
		Postponed:        s.postponed.Load(),
		GapsFilled:       s.gapsFilled.Load(),
		GapErrors:        s.gapErrors.Load(),
		Resets:           s.resets.Load(),
		Recovered:        s.recovered.Load(),
		Unrecovered:      s.unrecovered.Load(),
		BrokerErrors:     s.brokerErrors.Load(),
		BrokerLost:       s.brokerLost.Load(),
		HandlerPanics:    s.panics.Load(),
		CommandsRefused:  s.commandsRefused.Load(),
		CommandsAnswered: s.commandsAnswered.Load(),
	}
}
