package verifier

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
	"lifecircle/internal/pg"
)

// MaxTries is how many codes may be wrong before a case is refused.
const MaxTries = 5

// Cases are what a verifier of our own works on, in the database and sealed.
type Cases struct {
	Pool     *pgxpool.Pool
	Keys     *Keys
	Verifier string // its name
}

// Case is one application under way or decided.
type Case struct {
	Application // without its claim once it is decided
	Result
	Over bool // it is too late to decide it
}

// content is what is sealed.
type content struct {
	Application Application
	Facts       Facts
}

// Open writes a new case, and tells whether there was none yet. A code that is
// not empty must be brought back to Try.
func (c Cases) Open(ctx context.Context, a Application, code string) (fresh bool, err error) {
	sealed, err := c.seal(a.ID, content{Application: a})
	if err != nil {
		return false, err
	}
	var hash []byte
	if code != "" {
		hash = c.codeHash(a.ID, code)
	}
	tag, err := c.Pool.Exec(ctx, `INSERT INTO verifier_cases (verifier, id, sealed, code_hash, expires_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`, c.Verifier, a.ID, sealed, hash, a.ExpiresAt)
	if err != nil {
		return false, fmt.Errorf("open a case: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

const caseColumns = `id, state, sealed, reason, note, coalesce(decided_by, 0), state = 'pending' AND expires_at <= now()`

// Read returns a case, or ErrUnknown.
func (c Cases) Read(ctx context.Context, id string) (Case, error) {
	k, err := c.scan(c.Pool.QueryRow(ctx, `SELECT `+caseColumns+` FROM verifier_cases WHERE verifier = $1 AND id = $2`, c.Verifier, id))
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrUnknown
	}
	return k, err
}

// Waiting returns the cases that may still be decided, the oldest first.
func (c Cases) Waiting(ctx context.Context, most int) ([]Case, error) {
	rows, err := c.Pool.Query(ctx, `SELECT `+caseColumns+` FROM verifier_cases
		WHERE verifier = $1 AND state = 'pending' AND expires_at > now() ORDER BY created_at, id LIMIT $2`, c.Verifier, most)
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Case, error) { return c.scan(row) })
}

func (c Cases) scan(row pgx.Row) (k Case, err error) {
	var (
		name   string
		sealed []byte
		inside content
	)
	if err := row.Scan(&name, &k.State, &sealed, &k.Reason, &k.Note, &k.DecidedBy, &k.Over); err != nil {
		return Case{}, fmt.Errorf("read a case: %w", err)
	}
	plain, err := c.Keys.open(sealed, c.context(name))
	if err == nil {
		err = json.Unmarshal(plain, &inside)
	}
	if err != nil {
		return Case{}, fmt.Errorf("read case %s: %w", name, err)
	}
	k.Application, k.Facts = inside.Application, inside.Facts
	return k, nil
}

// Decide ends a case and takes away what its applicant wrote. One that was
// decided before, or that is over, stays as it is: ErrDecided.
func (c Cases) Decide(ctx context.Context, id string, r Result) error {
	return pg.InTx(ctx, c.Pool, func(tx pgx.Tx) error {
		k, err := c.lock(ctx, tx, id)
		if err != nil {
			return err
		}
		return c.decide(ctx, tx, k, r)
	})
}

func (c Cases) lock(ctx context.Context, tx pgx.Tx, id string) (Case, error) {
	k, err := c.scan(tx.QueryRow(ctx, `SELECT `+caseColumns+` FROM verifier_cases WHERE verifier = $1 AND id = $2 FOR UPDATE`, c.Verifier, id))
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return k, ErrUnknown
	case err == nil && (k.State != Pending || k.Over):
		return k, ErrDecided
	}
	return k, err
}

func (c Cases) decide(ctx context.Context, tx pgx.Tx, k Case, r Result) error {
	k.Claim = Claim{}
	sealed, err := c.seal(k.ID, content{k.Application, r.Facts})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE verifier_cases SET state = $3, sealed = $4, reason = $5, note = $6, decided_by = nullif($7::bigint, 0), code_hash = NULL
		WHERE verifier = $1 AND id = $2`, c.Verifier, k.ID, r.State, sealed, r.Reason, r.Note, int64(r.DecidedBy))
	if err != nil {
		return fmt.Errorf("decide case %s: %w", k.ID, err)
	}
	return nil
}

// Try brings a code to a case: the right one decides it as found says. A wrong
// one is counted and answered with false; MaxTries of them refuse the case.
func (c Cases) Try(ctx context.Context, id, code string, found func(Application) Facts) (right bool, err error) {
	err = pg.InTx(ctx, c.Pool, func(tx pgx.Tx) error {
		right = false
		k, err := c.lock(ctx, tx, id)
		if err != nil {
			return err
		}
		var (
			hash  []byte
			tries int
		)
		if err := tx.QueryRow(ctx, `UPDATE verifier_cases SET tries = tries + 1 WHERE verifier = $1 AND id = $2 RETURNING code_hash, tries`,
			c.Verifier, id).Scan(&hash, &tries); err != nil {
			return fmt.Errorf("count a try: %w", err)
		}
		switch {
		case hash != nil && hmac.Equal(hash, c.codeHash(id, code)):
			right = true
			return c.decide(ctx, tx, k, Result{State: Verified, Facts: found(k.Application)})
		case tries >= MaxTries:
			return c.decide(ctx, tx, k, Result{State: Refused, Reason: TooManyTries})
		}
		return nil
	})
	return right, err
}

// Result implements Verifier.
func (c Cases) Result(ctx context.Context, id string) (Result, error) {
	k, err := c.Read(ctx, id)
	if err == nil && k.Over {
		return Result{State: Refused, Reason: Expired}, nil
	}
	return k.Result, err
}

// Forget implements Verifier.
func (c Cases) Forget(ctx context.Context, id string) error {
	if _, err := c.Pool.Exec(ctx, `DELETE FROM verifier_cases WHERE verifier = $1 AND id = $2`, c.Verifier, id); err != nil {
		return fmt.Errorf("forget case %s: %w", id, err)
	}
	return nil
}

func (c Cases) context(id string) string { return c.Verifier + " " + id }

func (c Cases) codeHash(id, code string) []byte { return c.Keys.MAC("code", c.Verifier, id, code) }

func (c Cases) seal(id string, inside content) ([]byte, error) {
	plain, err := json.Marshal(inside)
	if err != nil {
		return nil, fmt.Errorf("seal a case: %w", err)
	}
	return c.Keys.seal(plain, c.context(id))
}

// ParseID reads the id of a case that came from outside.
func ParseID(s string) (string, bool) {
	i, err := id.Parse(s)
	return i.String(), err == nil
}
