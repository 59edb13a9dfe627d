package media

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/pg"
)

// claim is a node's hold on an upload that it makes. It has a bound, and that is
// how a node tells its own from another's.
type claim struct {
	upload id.ID
	until  time.Time // by the database's clock
}

// claim takes the upload that waits longest to be made, for claimTime; nil:
// none does. sensitive is what its owner said of it.
func (s *Service) claim(ctx context.Context) (_ *uploadRow, _ *claim, sensitive bool, err error) {
	var (
		u    uploadRow
		mine claim
	)
	err = s.pool.QueryRow(ctx, `UPDATE photo_uploads SET claimed_until = now() + $1::interval WHERE id = (
			SELECT id FROM photo_uploads WHERE state = 'making' AND expires_at > now() AND (claimed_until IS NULL OR claimed_until < now())
			ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
		RETURNING id, owner_id, length, sensitive, claimed_until`, claimTime).Scan(&u.ID, &u.owner, &u.Length, &sensitive, &mine.until)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, false, nil
	}
	if err != nil {
		return nil, nil, false, fmt.Errorf("look for uploads: %w", err)
	}
	u.State, mine.upload = Making, u.ID
	return &u, &mine, sensitive, nil
}

// renew prolongs a claim that is still ours.
func (s *Service) renew(ctx context.Context, c *claim) error {
	err := s.pool.QueryRow(ctx, `UPDATE photo_uploads SET claimed_until = now() + $3::interval
		WHERE id = $1 AND state = 'making' AND claimed_until = $2 AND claimed_until > now() RETURNING claimed_until`, c.upload, c.until, claimTime).Scan(&c.until)
	if errors.Is(err, pgx.ErrNoRows) {
		return errors.New("the claim has run out, or the upload was abandoned")
	}
	return err
}

// release gives an upload back that could not be made here, unless another node
// has it by now: it is not tried again before lookEvery, so that what fails at
// once is not tried all the time.
func (s *Service) release(ctx context.Context, c *claim) error {
	_, err := s.pool.Exec(ctx, `UPDATE photo_uploads SET claimed_until = now() + $3::interval
		WHERE id = $1 AND state = 'making' AND claimed_until = $2`, c.upload, c.until, lookEvery)
	return err
}

// startAgain asks the sender for bytes that are lost.
func (s *Service) startAgain(ctx context.Context, upload id.ID) error {
	_, err := s.pool.Exec(ctx, `UPDATE photo_uploads SET state = 'receiving', claimed_until = NULL WHERE id = $1 AND state = 'making'`, upload)
	return err
}

// announce notes files that will be in the store: for looseGrace no sweep
// deletes them.
func (s *Service) announce(ctx context.Context, keys []string) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO photo_blobs (key, loose_at) SELECT DISTINCT key, now() FROM unnest($1::text[]) AS key ORDER BY key
		ON CONFLICT ON CONSTRAINT photo_blobs_pkey DO UPDATE SET loose_at = CASE WHEN photo_blobs.loose_at IS NOT NULL THEN now() END`, keys)
	if err != nil {
		return fmt.Errorf("announce %d files: %w", len(keys), err)
	}
	return nil
}

// errSwept: a file was deleted between its announcement and its photo, which
// took longer than looseGrace.
var errSwept = errors.New("a file of the photo was swept meanwhile")

// insertPhoto ends an upload with its photo.
func (s *Service) insertPhoto(ctx context.Context, upload id.ID, p *newPhoto) error {
	err := pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		switch u, err := lockUpload(ctx, tx, upload); {
		case err != nil:
			return err
		case u.State != Making: // another node was faster
			return errNoUpload
		}
		if err := p.insert(ctx, tx); err != nil {
			return err
		}
		var q pgx.Batch
		q.Queue(`UPDATE photo_uploads SET state = 'ready', photo_id = $2 WHERE id = $1`, upload, p.id)
		q.Queue(`DELETE FROM photo_upload_parts WHERE upload_id = $1`, upload)
		if err := tx.SendBatch(ctx, &q).Close(); err != nil {
			return fmt.Errorf("end upload %s: %w", upload, err)
		}
		return nil
	})
	if errors.Is(err, errNoUpload) {
		return nil
	}
	if err == nil {
		s.count("made")
	}
	return err
}

// insert adds the photo, whose files are in the store, and ties them to it.
func (p *newPhoto) insert(ctx context.Context, tx pgx.Tx) error {
	if p.review == "" {
		p.review = Unasked
	}
	var (
		q       pgx.Batch
		n       = len(p.pic.Renditions)
		sizes   = make([]string, n)
		widths  = make([]int32, n)
		heights = make([]int32, n)
		bytes   = make([]int64, n)
		tied    int
	)
	for i, r := range p.pic.Renditions {
		sizes[i], widths[i], heights[i], bytes[i] = string(r.Size), int32(r.Width), int32(r.Height), int64(len(r.Data)) //nolint:gosec // at most some thousand pixels
	}
	keys := slices.Compact(slices.Sorted(slices.Values(p.keys)))
	q.Queue(`INSERT INTO photos (id, owner_id, width, height, blurhash, sensitive, flagged_by, review, unjudged) VALUES ($1, $2, $3, $4, $5, $6, nullif($7, ''), $8, $9)`,
		p.id, p.owner, p.pic.Width, p.pic.Height, p.pic.Blurhash, p.sensitive, p.flaggedBy, p.review, p.unjudged)
	q.Queue(`SELECT FROM photo_blobs WHERE key = ANY($1::text[]) ORDER BY key FOR UPDATE`, keys)
	q.Queue(`WITH tied AS (UPDATE photo_blobs SET loose_at = NULL WHERE key = ANY($1::text[]) RETURNING key) SELECT count(*) FROM tied`, keys).
		QueryRow(func(row pgx.Row) error { return row.Scan(&tied) })
	q.Queue(`INSERT INTO photo_sizes (photo_id, size, key, width, height, bytes)
		SELECT $1, * FROM unnest($2::text[], $3::text[], $4::integer[], $5::integer[], $6::bigint[])`, p.id, sizes, p.keys, widths, heights, bytes)
	if err := tx.SendBatch(ctx, &q).Close(); err != nil {
		return fmt.Errorf("insert photo %s: %w", p.id, err)
	}
	if tied != len(keys) {
		return errSwept
	}
	return nil
}
