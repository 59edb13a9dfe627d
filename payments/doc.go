// Package payments is money: wallets, tips and how they are shared, top-ups,
// withdrawals, refunds, holds, statements, and the comparison with what the
// providers have booked.
//
// It promises that an answer of success is durable; that every key moves money
// once, and is answered the same for ever; that every transfer sums to zero and
// no wallet goes below it; that a tip, its shares, the post's new total and the
// event in the circle's log are one transaction; and that what a tipper hid is
// in no event, page or export. It refuses with the problems of internal/problem,
// and then nothing has changed.
//
// Follow a tip: Tip in tip.go queues a command; batch.go gathers it with its
// neighbours, locks and reads (batch_store.go), lets each command decide with
// the books of payments/ledger, writes, commits and tells. Reading is in X.go
// beside its SQL in X_store.go. How providers differ is in payments/provider.
package payments
