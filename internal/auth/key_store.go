package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/pg"
)

// keyLock is the advisory lock that orders the makers of signing keys.
const keyLock int64 = 0x6c63_6b65_7973

// watch takes note of the keys that are there, and makes one when there is
// none or the newest is too old.
func (r *keyring) watch(ctx context.Context) error {
	set, err := r.load(ctx)
	if err != nil || set.fresh(r.ttl) {
		return err
	}
	return r.succeed(ctx, func(set *keySet) bool { return !set.fresh(r.ttl) })
}

// succeed makes a new key if it is due, one node at a time. The key before it
// signs for settleTime yet; the first key of all signs at once. Keys that
// verify nothing any more go.
func (r *keyring) succeed(ctx context.Context, due func(*keySet) bool) error {
	var set *keySet
	err := pg.InTx(ctx, r.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, keyLock); err != nil {
			return err
		}
		found, err := selectKeys(ctx, tx)
		if err != nil || !due(found) {
			set = found
			return err
		}
		if err := replaceKeys(ctx, tx, newSigningKey()); err != nil {
			return err
		}
		set, err = selectKeys(ctx, tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("make a signing key: %w", err)
	}
	r.current.Store(set)
	return nil
}

func (r *keyring) load(ctx context.Context) (*keySet, error) {
	set, err := selectKeys(ctx, r.pool)
	if err != nil {
		return nil, fmt.Errorf("load the signing keys: %w", err)
	}
	r.current.Store(set)
	return set, nil
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func selectKeys(ctx context.Context, q querier) (*keySet, error) {
	rows, err := q.Query(ctx, `
		SELECT private_key, created_at, retired_at, clock_timestamp()
		FROM signing_keys
		ORDER BY created_at, id`)
	if err != nil {
		return nil, err
	}
	set := &keySet{}
	var seed []byte
	var createdAt time.Time
	var retiredAt *time.Time
	_, err = pgx.ForEachRow(rows, []any{&seed, &createdAt, &retiredAt, &set.at}, func() error {
		k := keyOf(seed)
		k.createdAt = createdAt
		if retiredAt != nil {
			k.retiredAt = *retiredAt
		}
		set.keys = append(set.keys, k)
		return nil
	})
	return set, err
}

func replaceKeys(ctx context.Context, tx pgx.Tx, k signingKey) error {
	_, err := tx.Exec(ctx, `DELETE FROM signing_keys WHERE retired_at < clock_timestamp() - $1::interval`, MaxTokenTTL+clockSkew)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE signing_keys SET retired_at = clock_timestamp() + $1::interval WHERE retired_at IS NULL`, settleTime)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO signing_keys (id, private_key, created_at) VALUES ($1, $2, clock_timestamp())`, k.id, k.private.Seed())
	return err
}
