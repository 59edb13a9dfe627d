// Package hub serves live channels over WebSocket: clients, subscriptions,
// recovery, fan-out and brokers. It speaks the Centrifuge client protocol,
// version 2. What a channel means, who may subscribe and where its history
// comes from is the application's: it gives a Handler, a Log and a Broker.
//
// It promises:
//   - A subscriber of a positioned channel gets every publication once, in
//     order, or is told to resubscribe. It never gets a part of a replay.
//   - The Log is the truth. A broker that loses, doubles or reorders makes
//     delivery late (at most about one Options.HeadInterval), never wrong.
//   - A slow client is cut (3008) and delays nobody. What waits for one client
//     is bounded by Options.QueueBytes, one answer and one fan-out (maxAhead).
//   - The commands of a client are handled in order; a slow one holds up no pong.
//   - An idle client costs no timer and, on Linux over plain TCP, no goroutine
//     (one if WebSocket pings or pongs were the last that it sent).
//   - Every goroutine ends before Run returns.
//
// It refuses: publishing by clients (103), deltas, tags filters, joins and
// leaves, and other transports than WebSocket. Presence knows the clients of
// this node only; the numbers given to Options.Occupancy count all nodes.
//
// Where to start: handler.go (what an application provides), client.go (the
// life of a connection), subscribe.go and recovery.go (the seam between history
// and live stream), sequence.go and fill.go (order and holes), fanout.go and
// queue.go (delivery).
//
// Locks, in the order in which they may be held together:
//
//	channel.mu -> Client.mu -> deadlines.mu
//
// Node.mu, Node.life, poller.mu, refusals.mu, logReader.mu and occupancy.mu are leaves: no
// other lock is taken while one of them is held; under inbox.mu, only Node.life
// is. channel.joining is not a mutex but the right to talk to the broker about a
// channel; it is taken with no lock held. No lock is held while a socket is
// written, a handler runs, or Log or Broker is called.
package hub
