package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
)

// requireAccount refuses who has no account or a suspended one.
func requireAccount(ctx context.Context, tx pgx.Tx, user id.ID) (handle string, err error) {
	var banned bool
	switch err := tx.QueryRow(ctx, `SELECT handle, banned_at IS NOT NULL FROM users WHERE id = $1`, user).Scan(&handle, &banned); {
	case errors.Is(err, pgx.ErrNoRows):
		return "", errSignIn
	case err != nil:
		return "", fmt.Errorf("read account %s: %w", user, err)
	case banned:
		return "", errSuspended
	}
	return handle, nil
}

// lockIdentities takes the locks that guard all that is verified of these
// people, and makes the rows that there are not.
func lockIdentities(ctx context.Context, tx pgx.Tx, users ...id.ID) error {
	users = slices.Clone(users)
	slices.Sort(users)
	users = slices.Compact(users)
	var q pgx.Batch
	q.Queue(`INSERT INTO identities (user_id) SELECT * FROM unnest($1::bigint[]) ON CONFLICT DO NOTHING`, users)
	q.Queue(`SELECT FROM identities WHERE user_id = ANY($1::bigint[]) ORDER BY user_id FOR UPDATE`, users)
	if err := tx.SendBatch(ctx, &q).Close(); err != nil {
		return fmt.Errorf("lock identities: %w", err)
	}
	return nil
}

// takeDocument binds a document to an account, and tells whether it is its own.
// Whoever comes second waits here for the first.
func takeDocument(ctx context.Context, tx pgx.Tx, user id.ID, hash []byte) (mine bool, err error) {
	if _, err := tx.Exec(ctx, `INSERT INTO documents (hash, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, hash, user); err != nil {
		return false, fmt.Errorf("take a document: %w", err)
	}
	if err := tx.QueryRow(ctx, `SELECT user_id = $2 FROM documents WHERE hash = $1`, hash, user).Scan(&mine); err != nil {
		return false, fmt.Errorf("read whose a document is: %w", err)
	}
	return mine, nil
}

// bornOtherwise tells whether a document of the account says another birth date.
func bornOtherwise(ctx context.Context, tx pgx.Tx, user id.ID, date string) (other bool, err error) {
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM attributes b JOIN documents d ON d.user_id = b.user_id
		WHERE b.user_id = $1 AND b.kind = 'birth_date' AND b.value <> $2 AND b.issuer <> ALL($3))`, user, date, []string{IssuerDev, IssuerDemo}).Scan(&other)
	if err != nil {
		return false, fmt.Errorf("compare birth dates: %w", err)
	}
	return other, nil
}

// writeGrants writes attributes over those that are there.
func writeGrants(ctx context.Context, tx pgx.Tx, grants []grant) error {
	if len(grants) == 0 {
		return nil
	}
	n := len(grants)
	users, kinds, values, issuers := make([]id.ID, n), make([]string, n), make([]string, n), make([]string, n)
	ats, untils := make([]time.Time, n), make([]*time.Time, n)
	for i, g := range grants {
		users[i], kinds[i], values[i], issuers[i], ats[i], untils[i] = g.user, g.kind, g.value, g.issuer, g.at, g.until
	}
	_, err := tx.Exec(ctx, `INSERT INTO attributes (user_id, kind, value, issuer, verified_at, expires_at)
		SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
		ON CONFLICT (user_id, kind) DO UPDATE SET value = excluded.value, issuer = excluded.issuer,
			verified_at = excluded.verified_at, expires_at = excluded.expires_at`, users, kinds, values, issuers, ats, untils)
	if err != nil {
		return fmt.Errorf("write attributes: %w", err)
	}
	return nil
}

func dropAttributes(ctx context.Context, tx pgx.Tx, users []id.ID, kinds []string) error {
	if len(kinds) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, `DELETE FROM attributes WHERE user_id = ANY($1::bigint[]) AND kind = ANY($2)`, users, kinds); err != nil {
		return fmt.Errorf("remove attributes: %w", err)
	}
	return nil
}

// sumUp writes what rules ask of these people, from their attributes. The
// caller has locked their identities.
func sumUp(ctx context.Context, tx pgx.Tx, users ...id.ID) error {
	_, err := tx.Exec(ctx, `UPDATE identities i SET level = s.level, gender = s.gender, birth_date = s.birth_date, city = s.city,
			student_of = s.student_of, student_until = s.student_until, employee_of = s.employee_of, employee_until = s.employee_until, updated_at = now()
		FROM (SELECT u.id,
				coalesce(max(CASE a.kind WHEN 'phone' THEN 1 WHEN 'document' THEN 2 WHEN 'bank_name' THEN 3 END), 0) AS level,
				coalesce(max(a.value) FILTER (WHERE a.kind = 'gender'), '') AS gender,
				max(a.value) FILTER (WHERE a.kind = 'birth_date')::date AS birth_date,
				coalesce(max(a.value) FILTER (WHERE a.kind = 'city'), '') AS city,
				coalesce(max(a.value) FILTER (WHERE a.kind = 'student'), '') AS student_of,
				max(a.expires_at) FILTER (WHERE a.kind = 'student') AS student_until,
				coalesce(max(a.value) FILTER (WHERE a.kind = 'employee'), '') AS employee_of,
				max(a.expires_at) FILTER (WHERE a.kind = 'employee') AS employee_until
			FROM unnest($1::bigint[]) AS u (id) LEFT JOIN attributes a ON a.user_id = u.id GROUP BY u.id) s
		WHERE i.user_id = s.id`, users)
	if err != nil {
		return fmt.Errorf("sum up identities: %w", err)
	}
	return nil
}

// readOwn reads all that somebody sees of himself, as of one moment.
func readOwn(ctx context.Context, pool *pgxpool.Pool, user id.ID) (own Own, err error) {
	own.Levels, own.Attributes, own.Items = []LevelReached{}, []Attribute{}, []Verification{}
	var q pgx.Batch
	q.Queue(`SELECT kind, value, issuer, verified_at, expires_at, expires_at IS NULL OR expires_at > now() FROM attributes WHERE user_id = $1`, user).
		Query(func(rows pgx.Rows) error {
			var a Attribute
			_, err := pgx.ForEachRow(rows, []any{&a.Kind, &a.Value, &a.Issuer, &a.VerifiedAt, &a.ExpiresAt, &a.Valid}, func() error {
				own.add(a)
				return nil
			})
			return err
		})
	q.Queue(`SELECT `+columns+` FROM verifications WHERE user_id = $1 ORDER BY id DESC LIMIT $2`, user, MaxShown).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			r, err := scanVerification(rows)
			if err != nil {
				return err
			}
			own.Items = append(own.Items, r.Verification)
		}
		return rows.Err()
	})
	own.queueRevoked(&q, user)
	if err := pool.SendBatch(ctx, &q).Close(); err != nil {
		return Own{}, fmt.Errorf("read what is verified of %s: %w", user, err)
	}
	slices.SortFunc(own.Levels, func(a, b LevelReached) int { return a.Level - b.Level })
	slices.SortFunc(own.Attributes, func(a, b Attribute) int {
		return slices.Index(attributeKinds, a.Kind) - slices.Index(attributeKinds, b.Kind)
	})
	return own, nil
}

func (o *Own) add(a Attribute) {
	a.VerifiedAt = a.VerifiedAt.UTC()
	if i := slices.Index(levelKinds[:], a.Kind); i >= 0 {
		o.Level = max(o.Level, i+1)
		o.Levels = append(o.Levels, LevelReached{Level: i + 1, Issuer: a.Issuer, VerifiedAt: a.VerifiedAt})
		return
	}
	a.ExpiresAt = inUTC(a.ExpiresAt)
	o.Attributes = append(o.Attributes, a)
}

func inUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
