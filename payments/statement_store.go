package payments

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// span is what of a wallet's entries a statement is about: those after the one
// version up to the other, and the balances before and at the end.
type span struct {
	after, last      int64
	opening, closing int64
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// readStatement reads the month's span and its lines that follow place (nil:
// the first ones), as of one moment.
func (s *Service) readStatement(ctx context.Context, account id.ID, m month, place []int64, limit int) (p span, lines []StatementLine, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if p, err = readSpan(ctx, tx, account, m); err != nil {
			return err
		}
		from := p
		if place != nil {
			from.after = max(from.after, place[0])
		}
		lines, err = s.readLines(ctx, tx, account, from, limit)
		return err
	})
	if err != nil {
		return p, nil, fmt.Errorf("read the statement of %s: %w", account, err)
	}
	return p, lines, nil
}

// readSpan finds the last entries before the month and before its end. A month
// begins where the one before it ends, so that no entry is in two or none.
func readSpan(ctx context.Context, tx pgx.Tx, account id.ID, m month) (p span, err error) {
	var q pgx.Batch
	q.Queue(lastBefore, account, m.from).Query(func(rows pgx.Rows) error {
		return each(rows, []any{&p.after, &p.opening}, func() {})
	})
	q.Queue(lastBefore, account, m.end).Query(func(rows pgx.Rows) error {
		return each(rows, []any{&p.last, &p.closing}, func() {})
	})
	return p, tx.SendBatch(ctx, &q).Close()
}

// lastBefore halves the versions of an account until the last one before the
// time is found: some twenty looks by key among a million entries.
const lastBefore = `WITH RECURSIVE halves (low, high) AS (
		SELECT 0::bigint, version FROM accounts WHERE id = $1
		UNION ALL
		SELECT CASE WHEN e.created_at < $2 THEN e.version ELSE h.low END, CASE WHEN e.created_at < $2 THEN h.high ELSE e.version - 1 END
		FROM halves h JOIN entries e ON e.account_id = $1 AND e.version = (h.low + h.high + 1) / 2
		WHERE h.low < h.high)
	SELECT e.version, e.balance FROM halves h JOIN entries e ON e.account_id = $1 AND e.version = h.low WHERE h.low = h.high`

func (s *Service) readLines(ctx context.Context, q querier, account id.ID, p span, limit int) ([]StatementLine, error) {
	rows, err := q.Query(ctx, `SELECT e.version, e.created_at, e.amount, e.balance, t.kind, t.source
		FROM entries e JOIN transfers t ON t.id = e.transfer_id
		WHERE e.account_id = $1 AND e.version > $2 AND e.version <= $3 ORDER BY e.version LIMIT $4`, account, p.after, p.last, limit)
	if err != nil {
		return nil, fmt.Errorf("read entries of %s: %w", account, err)
	}
	var (
		lines        = []StatementLine{}
		l            StatementLine
		kind, source string
	)
	if err := each(rows, []any{&l.Version, &l.At, &l.Amount, &l.Balance, &kind, &source}, func() {
		one := l
		one.At = l.At.UTC()
		one.describe(kind, source)
		lines = append(lines, one)
	}); err != nil {
		return nil, fmt.Errorf("read entries of %s: %w", account, err)
	}
	return lines, nil
}
