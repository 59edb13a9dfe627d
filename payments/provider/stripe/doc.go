// Package stripe speaks to Stripe, through its SDK: Checkout Sessions in CNY,
// signed webhooks, refunds, transfers to connected accounts and the balance's
// transactions.
//
// A payout is a Transfer to the connected account that its owner named, not a
// Payout: a Payout goes to a bank account that Stripe knows already, which for
// our own key is ours. Stripe pays the connected account out on its schedule.
//
// It promises that every POST carries an idempotency key made from our id,
// and, because Stripe forgets keys after a day, that refunds and transfers are
// looked for before they are made. Amounts are those in CNY that payers and
// owners see, whatever currency the balance is kept in.
//
// It refuses events of the other mode (test, live) and of other accounts, and
// answers that are too large. Requests are not repeated here, except by net/http
// when a connection it kept turns out to be dead: who asked asks again, with
// the same id.
//
// client.go is where to start; checkout.go, refund.go, transfer.go and book.go
// are the business, webhook.go reads events.
package stripe
