package media

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/pg"
)

const (
	sweepEvery = time.Minute
	sweepRows  = 100 // in one transaction
)

// sweepAll sweeps from time to time until ctx ends. Nodes share the work: each
// takes rows that no other one has locked.
func (s *Service) sweepAll(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("sweep photos", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Sweep forgets uploads that have expired, photos that no post has taken in
// UnusedLife or whose post is gone, and then the files to which no photo has
// referred for looseGrace.
func (s *Service) Sweep(ctx context.Context) error {
	var errs []error
	for _, some := range []func(context.Context) (int, error){s.sweepUploads, s.sweepPhotos, s.sweepFiles} {
		n, err := sweepRows, error(nil)
		for n == sweepRows && err == nil {
			n, err = some(ctx)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (s *Service) sweepUploads(ctx context.Context) (n int, err error) {
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		uploads, err := collect[id.ID](ctx, tx, `SELECT id FROM photo_uploads WHERE created_at < now() - $1::interval ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED`, UploadLife, sweepRows)
		if n = len(uploads); err != nil || n == 0 {
			return err
		}
		var q pgx.Batch
		q.Queue(`DELETE FROM photo_upload_parts WHERE upload_id = ANY($1::bigint[])`, uploads)
		q.Queue(`DELETE FROM photo_uploads WHERE id = ANY($1::bigint[])`, uploads)
		return tx.SendBatch(ctx, &q).Close()
	})
	return n, wrap("sweep uploads", err)
}

// sweepPhotos forgets photos. Their files are loose from now on, also those of
// another photo with the same content: whether one is, is looked at later, when
// nobody can be about to say the contrary.
func (s *Service) sweepPhotos(ctx context.Context) (n int, err error) {
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		photos, err := collect[id.ID](ctx, tx, `SELECT id FROM photos WHERE post_id IS NULL AND created_at < now() - $1::interval
			ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED`, UnusedLife, sweepRows)
		if err != nil {
			return err
		}
		gone, err := collect[id.ID](ctx, tx, `SELECT id FROM photos WHERE gone_at < now() - $1::interval
			ORDER BY gone_at LIMIT $2 FOR UPDATE SKIP LOCKED`, goneGrace, sweepRows-len(photos))
		photos = append(photos, gone...)
		if n = len(photos); err != nil || n == 0 {
			return err
		}
		keys, err := collect[string](ctx, tx, `DELETE FROM photo_sizes WHERE photo_id = ANY($1::bigint[]) RETURNING key`, photos)
		if err != nil {
			return err
		}
		var q pgx.Batch
		q.Queue(`DELETE FROM photos WHERE id = ANY($1::bigint[])`, photos)
		q.Queue(`SELECT FROM photo_blobs WHERE key = ANY($1::text[]) ORDER BY key FOR UPDATE`, keys)
		q.Queue(`UPDATE photo_blobs SET loose_at = now() WHERE key = ANY($1::text[])`, keys)
		return tx.SendBatch(ctx, &q).Close()
	})
	return n, wrap("sweep photos", err)
}

// sweepFiles deletes files one by one, each under the lock of its row: whoever
// wants to refer to it comes before, and it stays, or after, and puts it again.
func (s *Service) sweepFiles(ctx context.Context) (n int, err error) {
	keys, err := collect[string](ctx, s.pool, `SELECT key FROM photo_blobs WHERE loose_at < now() - $1::interval ORDER BY loose_at LIMIT $2`, looseGrace, sweepRows)
	if err != nil {
		return 0, wrap("sweep files", err)
	}
	for _, key := range keys {
		if err := s.sweepFile(ctx, key); err != nil {
			return 0, wrap("sweep files", err)
		}
	}
	return len(keys), nil
}

func (s *Service) sweepFile(ctx context.Context, key string) error {
	return pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		found, err := collect[string](ctx, tx, `SELECT key FROM photo_blobs WHERE key = $1 AND loose_at < now() - $2::interval FOR UPDATE SKIP LOCKED`, key, looseGrace)
		if err != nil || len(found) == 0 {
			return err
		}
		var needed bool // read after the lock was taken
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM photo_sizes WHERE key = $1)`, key).Scan(&needed); err != nil {
			return err
		}
		if needed {
			_, err = tx.Exec(ctx, `UPDATE photo_blobs SET loose_at = NULL WHERE key = $1`, key)
			return err
		}
		deleting, cancel := context.WithTimeout(ctx, deleteTime)
		defer cancel()
		if err := s.store.Delete(deleting, key); err != nil {
			return fmt.Errorf("delete %s: %w", key, err)
		}
		s.count("swept")
		_, err = tx.Exec(ctx, `DELETE FROM photo_blobs WHERE key = $1`, key)
		return err
	})
}

const deleteTime = 5 * time.Second // of one file; the database gives a transaction that does nothing 15

type sender interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func collect[T any](ctx context.Context, db sender, sql string, args ...any) ([]T, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[T])
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
