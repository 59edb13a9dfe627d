package creditscore

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

const contactsLock = 0x636f6e74

// lockContacts keeps all else that changes contacts of these two people waiting,
// so that limits hold, and reads the clock.
func (w *writer) lockContacts(ctx context.Context, a, b id.ID) error {
	for _, user := range [2]id.ID{min(a, b), max(a, b)} {
		if _, err := w.tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, hashint8($2))`, contactsLock, user); err != nil {
			return fmt.Errorf("lock the contacts of %s: %w", user, err)
		}
	}
	return w.tick(ctx)
}

func readPerson(ctx context.Context, q querier, user id.ID) (p PersonCard, err error) {
	err = q.QueryRow(ctx, `SELECT id, handle, display_name FROM users WHERE id = $1`, user).Scan(&p.ID, &p.Handle, &p.DisplayName)
	if missing(err) {
		return p, problem.New(problem.UserNotFound, "This person does not exist.")
	}
	if err != nil {
		return p, fmt.Errorf("read a person: %w", err)
	}
	return p, nil
}

func readContact(ctx context.Context, q querier, user, other id.ID) (state string, since time.Time, err error) {
	err = q.QueryRow(ctx, `SELECT state, since FROM contacts WHERE user_id = $1 AND other_id = $2`, user, other).Scan(&state, &since)
	if missing(err) {
		return "", since, nil
	}
	if err != nil {
		return "", since, fmt.Errorf("read a contact: %w", err)
	}
	return state, since, nil
}

type contactCounts struct{ asked, accepted, all int }

func countContacts(ctx context.Context, tx pgx.Tx, user id.ID, now time.Time) (n contactCounts, err error) {
	err = tx.QueryRow(ctx, `SELECT count(*) FILTER (WHERE state = 'asked' AND since > $2), count(*) FILTER (WHERE state = 'accepted' AND since > $2),
		count(*) FILTER (WHERE state <> 'asks') FROM contacts WHERE user_id = $1 AND state IN ('asked', 'asks', 'accepted')`, user, now.Add(-24*time.Hour)).
		Scan(&n.asked, &n.accepted, &n.all)
	if err != nil {
		return n, fmt.Errorf("count contacts: %w", err)
	}
	return n, nil
}

func storeContact(ctx context.Context, tx pgx.Tx, user, other id.ID, his, theirs string, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO contacts (user_id, other_id, state, since) VALUES ($1, $2, $3, $5), ($2, $1, $4, $5)
		ON CONFLICT (user_id, other_id) DO UPDATE SET state = excluded.state, since = excluded.since`, user, other, his, theirs, now)
	if err != nil {
		return fmt.Errorf("write a contact: %w", err)
	}
	return nil
}

func readContacts(ctx context.Context, q querier, user id.ID, state string, place []int64, limit int) ([]Contact, error) {
	since, other := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), id.ID(math.MaxInt64)
	if place != nil {
		since, other = time.UnixMicro(place[0]), id.ID(place[1])
	}
	rows, err := q.Query(ctx, `SELECT u.id, u.handle, u.display_name, c.state, c.since FROM (
			SELECT * FROM contacts WHERE user_id = $1 AND state = $2 AND (since, other_id) < ($3, $4)
			ORDER BY since DESC, other_id DESC LIMIT $5) AS c
		JOIN users u ON u.id = c.other_id ORDER BY c.since DESC, c.other_id DESC`, user, state, since, other, limit)
	if err != nil {
		return nil, fmt.Errorf("read contacts: %w", err)
	}
	items, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Contact, err error) {
		return c, row.Scan(&c.Person.ID, &c.Person.Handle, &c.Person.DisplayName, &c.State, &c.Since)
	})
	if err != nil {
		return nil, fmt.Errorf("read contacts: %w", err)
	}
	return items, nil
}
