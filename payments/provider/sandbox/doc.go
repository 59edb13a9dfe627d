// Package sandbox is a bank that lives in our own Postgres: the provider of a
// server to which nobody has given a real one. Its money is play money, all
// else is as with a real bank: a checkout page, signed notifications that come
// late, twice, in disorder or never, payouts that fail, a book to compare with.
//
// It promises what provider.Provider does, on any number of nodes that share
// the database, and that a notification is delivered at least once, or, after
// maxAttempts refusals, logged and dropped: whoever asks then still finds out.
//
// It refuses to decide a payment twice, to give back more than was paid, and
// to show a checkout page to anybody who does not have its token.
//
// bank.go is where to start; payment.go, payout.go and refund.go are the
// bank's business, each with its SQL, notice.go signs and reads notifications,
// deliver.go sends them, page.go is the checkout page.
package sandbox
