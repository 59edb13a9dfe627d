// Package player plays people against a live server: viewers who check every
// publication that they are owed, and actors who post, like, comment and tip on
// a schedule that waits for nobody. The server may be Life Circle or any other
// that speaks the Centrifuge client protocol.
//
// It promises:
//   - Latency is measured from the time an action was planned, not from when a
//     late sender got to it: a server that stalls cannot hide in its own silence.
//   - Every subscription with positions follows its offsets over cuts and
//     recoveries. What was published while it was subscribed and did not come is
//     lost; what came twice, doubled; what came after a later one, disordered.
//     A recovery that the server declines is counted as unrecovered and begins anew.
//   - A client behaves as the SDKs do: it answers pings, comes back after a cut
//     with its positions unless the code says that it should not, subscribes
//     again when it is told to, and refreshes its token.
//   - Reading a publication costs about the scan of its bytes: see scan.go.
//
// It refuses: judging subscriptions without positions (they are counted as
// Unpositioned), and server-side subscriptions (what comes on them is counted
// as a hint).
//
// Where to start: plan.go and run.go (a whole run), crowd.go (viewers for a Go
// test), audience.go and judge.go (how they come, and what they have seen),
// result.go (what comes out), tracker.go (the rule of offsets, pure), client.go
// and session.go (the life of a connection), schedule.go, troupe.go and
// action.go (actors).
package player
