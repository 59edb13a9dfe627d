// Package ledger is double entry, pure: accounts, transfers, entries, and how
// an amount is shared. It knows no database and no clock.
//
// It promises that a transfer is booked whole or not at all, that its entries
// sum to zero, that no account which may not is ever overdrawn, in whatever
// order transfers come, and that shares sum to what was shared. It refuses with
// Overdrawn, and then nothing has changed.
//
// Open book.go; split.go shares.
package ledger
