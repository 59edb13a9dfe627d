package ledger

import (
	"errors"
	"fmt"
	"math"

	"lifecircle/internal/id"
)

// Kind of an account.
type Kind string

// The kinds. Wallets, income and reserves never owe; what a provider keeps for
// us stands on the other side of the books, below zero.
const (
	Wallet   Kind = "wallet"
	Platform Kind = "platform" // our income
	Reserve  Kind = "reserve"  // pays refunds that a receiver cannot
	Provider Kind = "provider"
	Test     Kind = "test" // where the money of test users comes from
)

func (k Kind) mayOwe() bool { return k == Provider || k == Test }

// Account is where money stands. All amounts are fen.
type Account struct {
	ID      id.ID
	Kind    Kind
	Balance int64 // sum of its entries
	Held    int64 // of the balance, spoken for: 0 <= Held <= Balance
	Version int64 // of its last entry
}

// Available is what may leave the account.
func (a *Account) Available() int64 { return a.Balance - a.Held }

// Leg is one movement of a transfer: an account and what is added to it.
type Leg struct {
	Account id.ID
	Amount  int64 // fen, not 0; negative: it pays
}

// Entry is a leg as it was booked.
type Entry struct {
	Account  id.ID
	Version  int64 // 1, 2, 3 ... of the account
	Transfer id.ID
	Amount   int64
	Balance  int64 // after it
}

// Overdrawn refuses a transfer or a hold that an account cannot cover.
type Overdrawn struct {
	Account   id.ID
	Available int64
	Held      int64
	Needed    int64
}

func (o *Overdrawn) Error() string {
	return fmt.Sprintf("account %s has %d fen available (%d held), %d are needed", o.Account, o.Available, o.Held, o.Needed)
}

// Errors of transfers that are wrong by themselves: bugs of the caller.
var (
	ErrUnbalanced = errors.New("the legs of a transfer do not sum to zero")
	ErrNoAccount  = errors.New("an account of a transfer is not in the book")
	ErrOverflow   = errors.New("an amount is beyond what is counted")
)

// Book is some accounts, locked by one transaction of the database, and what
// is booked on them in it. It belongs to one goroutine.
type Book struct {
	accounts map[id.ID]*Account
	changed  map[id.ID]bool
	entries  []Entry
}

// NewBook returns a book of these accounts.
func NewBook(accounts ...Account) *Book {
	b := &Book{accounts: make(map[id.ID]*Account, len(accounts)), changed: map[id.ID]bool{}}
	for _, a := range accounts {
		b.accounts[a.ID] = &a
	}
	return b
}

// Account returns an account of the book, or nil. It is for reading.
func (b *Book) Account(account id.ID) *Account { return b.accounts[account] }

// Entries returns what was booked, in order.
func (b *Book) Entries() []Entry { return b.entries }

// Changed returns the accounts that differ from what they were.
func (b *Book) Changed() []*Account {
	out := make([]*Account, 0, len(b.changed))
	for account := range b.changed {
		out = append(out, b.accounts[account])
	}
	return out
}

// Post books a transfer: each leg becomes an entry of its own. Every leg that
// pays must be covered by what is available before the transfer. It fails with
// Overdrawn, or with one of the errors above.
func (b *Book) Post(transfer id.ID, legs ...Leg) error {
	if err := b.check(legs); err != nil {
		return fmt.Errorf("transfer %s: %w", transfer, err)
	}
	for _, l := range legs {
		a := b.accounts[l.Account]
		a.Balance += l.Amount
		a.Version++
		b.changed[l.Account] = true
		b.entries = append(b.entries, Entry{l.Account, a.Version, transfer, l.Amount, a.Balance})
	}
	return nil
}

func (b *Book) check(legs []Leg) error {
	var sum int64
	for i, l := range legs {
		a := b.accounts[l.Account]
		switch {
		case a == nil:
			return fmt.Errorf("%w: %s", ErrNoAccount, l.Account)
		case l.Amount == 0:
			return fmt.Errorf("%w: a leg moves nothing", ErrUnbalanced)
		case beyond(l.Amount), beyond(a.Balance):
			return ErrOverflow
		}
		sum += l.Amount
		if moved, paid := of(l.Account, legs[:i+1]); beyond(sum) || beyond(paid) || beyond(a.Balance+moved) {
			return ErrOverflow
		}
	}
	if sum != 0 || len(legs) < 2 {
		return ErrUnbalanced
	}
	return b.covers(legs)
}

// beyond tells what is not counted: every sum is looked at after each of its
// parts, so that none can wrap around.
func beyond(n int64) bool { return n < -math.MaxInt64/4 || n > math.MaxInt64/4 }

// of returns what the legs, which are few, do to an account, and what it pays.
func of(account id.ID, legs []Leg) (moved, paid int64) {
	for _, l := range legs {
		if l.Account == account {
			moved += l.Amount
			paid -= min(l.Amount, 0)
		}
	}
	return moved, paid
}

func (b *Book) covers(legs []Leg) error {
	for _, l := range legs {
		a := b.accounts[l.Account]
		if l.Amount > 0 || a.Kind.mayOwe() {
			continue
		}
		if _, needed := of(l.Account, legs); needed > a.Available() {
			return &Overdrawn{l.Account, a.Available(), a.Held, needed}
		}
	}
	return nil
}

// Hold sets an amount of an account aside: the first phase of a transfer. It
// fails with Overdrawn.
func (b *Book) Hold(account id.ID, amount int64) error {
	a := b.accounts[account]
	switch {
	case a == nil:
		return fmt.Errorf("%w: %s", ErrNoAccount, account)
	case amount <= 0:
		return ErrOverflow
	case amount > a.Available():
		return &Overdrawn{account, a.Available(), a.Held, amount}
	}
	a.Held += amount
	b.changed[account] = true
	return nil
}

// Release ends a hold; the second phase posts a transfer after it, or nothing.
func (b *Book) Release(account id.ID, amount int64) error {
	a := b.accounts[account]
	switch {
	case a == nil:
		return fmt.Errorf("%w: %s", ErrNoAccount, account)
	case amount <= 0 || amount > a.Held:
		return fmt.Errorf("release %d of %d held: %w", amount, a.Held, ErrUnbalanced)
	}
	a.Held -= amount
	b.changed[account] = true
	return nil
}
