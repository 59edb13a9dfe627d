// Package swarm holds very many WebSocket connections with very few
// goroutines, so that a load test measures the server and not itself.
//
// It promises:
//   - On Linux a ws:// connection is a raw socket in one of a few epoll loops:
//     no goroutine, no timer and no buffer of its own while it is idle. A part
//     of a frame is kept only as long as the rest has not come.
//   - The calls of the Handler for one connection are made one after the other,
//     Closed is the last, and comes exactly once for every connection that opened.
//   - Open never waits for the peer, Send never blocks: what the kernel does not
//     take at once is kept up to Options.SendBytes, beyond that Send fails.
//   - Pings are answered, close frames too. A peer that breaks the protocol is
//     cut, and Closed says how.
//   - Close of the Swarm ends every connection and every goroutine before it returns.
//
// It refuses: compression with context takeover, messages beyond
// Options.MessageBytes, servers, and proxies. Connections over wss://, and all
// connections where there is no epoll, cost a goroutine each.
//
// Where to start: swarm.go (what there is to call), conn.go (a connection),
// reader.go (from bytes to messages), loop_linux.go (the loops).
package swarm
