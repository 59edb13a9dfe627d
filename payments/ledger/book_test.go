package ledger_test

import (
	"errors"
	"maps"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"lifecircle/internal/id"
	"lifecircle/payments/ledger"
)

// kinds of the accounts of a book: 1 to 6.
var kinds = map[id.ID]ledger.Kind{1: ledger.Wallet, 2: ledger.Wallet, 3: ledger.Platform, 4: ledger.Reserve, 5: ledger.Provider, 6: ledger.Test}

// model is what a book must be, written plainly.
type model struct {
	book     *ledger.Book
	accounts map[id.ID]ledger.Account
	entries  int
}

func newModel(balance int64) *model {
	m := &model{accounts: map[id.ID]ledger.Account{}}
	for i, kind := range kinds {
		a := ledger.Account{ID: i, Kind: kind, Version: int64(i)}
		if kind == ledger.Wallet {
			a.Balance = balance
		}
		m.accounts[i] = a
	}
	m.book = ledger.NewBook(slices.Collect(maps.Values(m.accounts))...)
	return m
}

func (m *model) total() (n int64) {
	for i := range kinds {
		n += m.book.Account(i).Balance
	}
	return n
}

// post tries a transfer and tells whether it was booked.
func (m *model) post(t failer, transfer id.ID, legs ...ledger.Leg) bool {
	t.Helper()
	before := m.total()
	err := m.book.Post(transfer, legs...)
	fresh := m.book.Entries()[m.entries:]
	if err != nil {
		if len(fresh) != 0 {
			t.Fatalf("refused (%v), but booked %v", err, fresh)
		}
		m.unchanged(t, err)
		m.rightly(t, err, legs)
		return false
	}
	m.entries += len(fresh)
	if len(fresh) != len(legs) {
		t.Fatalf("%d entries for %v", len(fresh), legs)
	}
	for i, l := range legs {
		a := m.accounts[l.Account]
		a.Balance, a.Version = a.Balance+l.Amount, a.Version+1
		m.accounts[l.Account] = a
		if want := (ledger.Entry{Account: l.Account, Version: a.Version, Transfer: transfer, Amount: l.Amount, Balance: a.Balance}); fresh[i] != want {
			t.Fatalf("entry %+v, want %+v", fresh[i], want)
		}
	}
	if after := m.total(); after != before {
		t.Fatalf("money appeared: %d, then %d", before, after)
	}
	m.unchanged(t, nil)
	return true
}

// unchanged: the book is as the model says.
func (m *model) unchanged(t failer, err error) {
	t.Helper()
	for i, want := range m.accounts {
		if got := *m.book.Account(i); got != want {
			t.Fatalf("account %+v, want %+v (%v)", got, want, err)
		}
		owes := want.Kind == ledger.Provider || want.Kind == ledger.Test
		if want.Held < 0 || !owes && want.Balance < want.Held {
			t.Fatalf("overdrawn: %+v", want)
		}
	}
}

// rightly: there was a reason to refuse.
func (m *model) rightly(t failer, err error, legs []ledger.Leg) {
	t.Helper()
	var (
		sum  int64
		huge bool
		pays = map[id.ID]int64{}
		o    *ledger.Overdrawn
	)
	for _, l := range legs {
		sum, huge = sum+l.Amount, huge || l.Amount > 1<<52 || l.Amount < -1<<52
		if l.Amount < 0 {
			pays[l.Account] -= l.Amount
		}
	}
	switch {
	case errors.As(err, &o):
		a := m.accounts[o.Account]
		if o.Available != a.Balance-a.Held || o.Held != a.Held || o.Needed != pays[o.Account] || o.Needed <= o.Available {
			t.Fatalf("%+v of %+v for %v", o, a, legs)
		}
	case errors.Is(err, ledger.ErrUnbalanced) && (sum != 0 || len(legs) < 2 || slices.ContainsFunc(legs, func(l ledger.Leg) bool { return l.Amount == 0 })):
	case errors.Is(err, ledger.ErrOverflow) && huge:
	case errors.Is(err, ledger.ErrNoAccount):
	default:
		t.Fatalf("%v of %v", err, legs)
	}
}

// Whatever comes in whatever order: the sum stays, nobody is overdrawn,
// versions have no gap, and a refusal changes nothing.
func TestABookHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(1000)
		account := rapid.SampledFrom([]id.ID{1, 2, 3, 4, 5, 6})
		small := rapid.Int64Range(-400, 400)
		next := id.ID(0)
		t.Repeat(map[string]func(*rapid.T){
			"transfer": func(t *rapid.T) {
				var legs []ledger.Leg
				var sum int64
				for range rapid.IntRange(1, 4).Draw(t, "legs") {
					l := ledger.Leg{Account: account.Draw(t, "account"), Amount: small.Draw(t, "amount")}
					legs, sum = append(legs, l), sum+l.Amount
				}
				legs = append(legs, ledger.Leg{Account: account.Draw(t, "last"), Amount: -sum})
				next++
				m.post(t, next, legs...)
			},
			"unbalanced": func(t *rapid.T) {
				next++
				n := rapid.Int64Range(1, 100).Draw(t, "amount")
				if m.post(t, next, ledger.Leg{Account: 5, Amount: -n}, ledger.Leg{Account: account.Draw(t, "to"), Amount: n + 1}) {
					t.Fatal("booked what does not sum to zero")
				}
			},
			"hold": func(t *rapid.T) {
				i, n := rapid.SampledFrom([]id.ID{1, 2}).Draw(t, "wallet"), rapid.Int64Range(-1, 500).Draw(t, "amount")
				a := m.accounts[i]
				err := m.book.Hold(i, n)
				if may := n > 0 && n <= a.Balance-a.Held; (err == nil) != may {
					t.Fatalf("hold %d of %+v: %v", n, a, err)
				}
				if err == nil {
					a.Held += n
					m.accounts[i] = a
				}
				m.unchanged(t, err)
			},
			"release": func(t *rapid.T) {
				i, n := rapid.SampledFrom([]id.ID{1, 2}).Draw(t, "wallet"), rapid.Int64Range(-1, 500).Draw(t, "amount")
				a := m.accounts[i]
				err := m.book.Release(i, n)
				if may := n > 0 && n <= a.Held; (err == nil) != may {
					t.Fatalf("release %d of %+v: %v", n, a, err)
				}
				if err == nil {
					a.Held -= n
					m.accounts[i] = a
				}
				m.unchanged(t, err)
			},
		})
		for _, a := range m.book.Changed() {
			if a != m.book.Account(a.ID) {
				t.Fatalf("changed %+v is not of the book", a)
			}
		}
	})
}

// Sums that leave what an integer holds are refused, not wrapped.
func TestHugeAmountsDoNotWrapAround(t *testing.T) {
	t.Parallel()
	const huge = math.MaxInt64 / 4
	m := newModel(1000)
	legs := []ledger.Leg{{Account: 1, Amount: 8}}
	for range 8 { // 8 (2^61 - 1) + 8 is 2^64: nothing, to an int64
		legs = append(legs, ledger.Leg{Account: 2, Amount: huge})
	}
	if m.post(t, 1, legs...) {
		t.Error("nobody paid, and it was booked")
	}
	for range 3 {
		m.post(t, 2, ledger.Leg{Account: 5, Amount: -huge}, ledger.Leg{Account: 1, Amount: huge})
	}
	for _, amount := range []int64{math.MinInt64, math.MaxInt64, math.MinInt64 + 1} {
		if m.post(t, 3, ledger.Leg{Account: 5, Amount: amount}, ledger.Leg{Account: 1, Amount: -amount}) {
			t.Errorf("booked %d", amount)
		}
	}
	if err := m.book.Post(4, ledger.Leg{Account: 1, Amount: -1}, ledger.Leg{Account: 7, Amount: 1}); !errors.Is(err, ledger.ErrNoAccount) {
		t.Errorf("to an account that is not there: %v", err)
	}
	for _, err := range []error{m.book.Hold(7, 1), m.book.Release(7, 1)} {
		if !errors.Is(err, ledger.ErrNoAccount) {
			t.Errorf("a hold where there is no account: %v", err)
		}
	}
}

func FuzzBook(f *testing.F) {
	f.Add(int64(-5), int64(5), int64(0), uint8(0x12), uint8(0x34), false)
	f.Add(int64(math.MinInt64), int64(math.MinInt64), int64(0), uint8(1), uint8(5), true)
	f.Fuzz(func(t *testing.T, a, b, c int64, one, two uint8, balanced bool) {
		m := newModel(1000)
		if balanced {
			c = -a - b
		}
		at := func(n uint8) id.ID { return id.ID(n%6) + 1 }
		legs := []ledger.Leg{{Account: at(one), Amount: a}, {Account: at(two), Amount: b}, {Account: at(one / 6), Amount: c}}
		for n := range id.ID(20) {
			m.post(t, n, append(legs, legs[:min(int(two/64), 3)]...)...)
		}
	})
}
