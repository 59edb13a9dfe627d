// Package alipay speaks to Alipay's open platform: page payments, signed
// notifications, refunds, transfers to Alipay accounts and daily bills.
//
// It promises that every request is signed with our key (RSA2, which is
// SHA256withRSA), that no answer counts before its signature over the raw
// bytes of its node is verified with Alipay's key, and that yuan become fen
// without a float. An answer that does not say for sure what became of money
// is an error: ask again, with the same id.
//
// It refuses notifications for another app or another seller, answers that
// are too large, and bills of days that Alipay has not closed yet.
//
// client.go is where to start: one request and its answer. sign.go holds the
// signatures; pay.go, refund.go, transfer.go and bill.go are the business,
// notify.go reads notifications.
package alipay
