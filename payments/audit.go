package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Report says whether the books were in order at one moment.
type Report struct {
	At     time.Time     `json:"at"` // what was committed by then was looked at
	OK     bool          `json:"ok"`
	Checks []AuditCheck  `json:"checks"`
	Totals AuditTotals   `json:"totals"`
	Took   time.Duration `json:"took_ns"`
}

// AuditCheck is one thing that must be true, and what speaks against it.
type AuditCheck struct {
	Name     string        `json:"name"`  // stable
	Title    string        `json:"title"` // what must be true
	Findings []Finding     `json:"findings"`
	Took     time.Duration `json:"took_ns"`
}

// OK tells whether nothing was found.
func (c AuditCheck) OK() bool { return len(c.Findings) == 0 }

// Finding is one way in which the books are wrong.
type Finding struct {
	Check    string     `json:"check"`
	What     string     `json:"what"` // in one sentence
	Count    int64      `json:"count"`
	Examples []string   `json:"examples"` // oldest first, at most 5
	Since    *time.Time `json:"since"`    // of the earliest row concerned; null: it has no time
}

// AuditTotals are what the books sum up to, in fen where it is money.
type AuditTotals struct {
	Accounts  int64 `json:"accounts"`
	Transfers int64 `json:"transfers"`
	Entries   int64 `json:"entries"`
	Wallets   int64 `json:"wallets_fen"`
	Held      int64 `json:"held_fen"` // of the wallets
	Income    int64 `json:"income_fen"`
	Reserve   int64 `json:"reserve_fen"`
	Providers int64 `json:"providers_fen"` // below zero: they keep it for us
	Test      int64 `json:"test_fen"`      // below zero: given to people to test with
}

// check is an AuditCheck to make: its SQL gives a row for each thing that is
// wrong, (what, example, at): the sentence, which one, and since when or null.
type check struct{ name, title, sql string }

// Audit proves that the books are in order, or says where they are not. It sees
// one moment of the database, which may be at work meanwhile: nothing is locked
// or written. It reads every row of money a few times, in minutes for ten
// million entries. each, which may be nil, hears of a check when it is done. An
// error means that the database could not be read, not that something is wrong.
func Audit(ctx context.Context, pool *pgxpool.Pool, each func(AuditCheck)) (r Report, err error) {
	err = pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		r, err = audit(ctx, tx, each)
		return err
	})
	return r, err
}

func audit(ctx context.Context, tx pgx.Tx, each func(AuditCheck)) (r Report, err error) {
	begin := time.Now()
	r = Report{OK: true, Checks: []AuditCheck{}}
	if r.At, err = beginAudit(ctx, tx); err != nil {
		return r, fmt.Errorf("begin an audit: %w", err)
	}
	for _, c := range checks() {
		done, err := c.make(ctx, tx)
		if err != nil {
			return r, fmt.Errorf("audit %s: %w", c.name, err)
		}
		r.Checks, r.OK = append(r.Checks, done), r.OK && done.OK()
		if each != nil {
			each(done)
		}
	}
	r.Totals, err = readTotals(ctx, tx)
	r.Took = time.Since(begin)
	return r, err
}

func (c check) make(ctx context.Context, tx pgx.Tx) (AuditCheck, error) {
	begin := time.Now()
	findings, err := readFindings(ctx, tx, c)
	return AuditCheck{Name: c.name, Title: c.title, Findings: findings, Took: time.Since(begin)}, err
}

// checks are all that are made, in this order.
func checks() []check {
	return []check{
		{"guards", "the database itself refuses what must not be: triggers and constraints are in place", guardsSQL()},
		{"sum_zero", "the entries sum to zero, in all and of each transfer", sumZeroSQL},
		{"transfers", "each transfer has entries, and each entry a transfer", transfersSQL},
		{"running_balances", "the entries of each account are numbered without gaps and keep its balance", runningSQL},
		{"balances", "each account's balance and version are what its entries make", balancesSQL},
		{"wallets", "everybody has a wallet, and our own accounts are there", walletsSQL()},
		{"overdrafts", "no wallet, income or reserve is or was below what is held of it", overdraftsSQL},
		{"holds", "what is held of each account are its open holds", holdsSQL},
		{"withdrawal_holds", "each withdrawal has its hold, open exactly while it is pending", withdrawalHoldsSQL},
		{"tips", "each tip has its transfer, which gives everybody his part", tipsSQL()},
		{"refunds", "each refund has its transfer, and no tip is given back more than once", refundsSQL()},
		{"topups", "paid top-ups have their transfer, others none", topUpsSQL()},
		{"withdrawals", "paid withdrawals have their transfer, others none", withdrawalsSQL()},
		{"post_totals", "the tips that posts show are those there are", postTotalsSQL},
		{"payers", "what people have tipped today and this month is counted", payersSQL},
		{"keys", "each kept key that moved money names what it did", keysSQL()},
	}
}
