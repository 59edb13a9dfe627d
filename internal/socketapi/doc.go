// Package socketapi is what the feed means on a socket: which channels there
// are, who may subscribe, what an RPC does, and how news travels from a commit
// to the viewers. The hub does the rest and knows nothing of circles.
//
// It promises that an RPC has the checks and results of its HTTP route (one
// service method serves both), that telling the news never delays a commit,
// that counts reach a viewer merged (at most four messages a second in a
// circle, the last one always), and that a crowd that comes back is served by
// few reads, each of them begun after those asked whom it serves. It refuses
// publishing by clients, presence, and every channel but circle:<id> and the
// client's own user:<id>.
//
// Open handler.go first, then state.go and shared.go for what a subscriber is
// told, rpc.go and refusal.go for commands; publisher.go, counts.go and
// broker.go for the way out, wallets.go for hints to one person.
package socketapi
