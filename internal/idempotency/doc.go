// Package idempotency answers a repeated command with its first answer. Keys
// belong to one user; the answer is stored in the transaction that does what
// was asked, so there is never one without the other. A key with another
// request is refused, one in progress is refused without waiting. Start in
// keys.go.
package idempotency
