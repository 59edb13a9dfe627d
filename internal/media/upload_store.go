package media

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
)

// uploadRow is an upload with what only we know of it.
type uploadRow struct {
	Upload
	owner   id.ID
	judgeAt int64
	photo   *id.ID
}

const (
	uploadColumns = `u.id, u.owner_id, u.length, u.expires_at, u.state, u.judge_at, u.photo_id, u.code, u.detail`
	arrived       = `SELECT coalesce(sum(size), 0)::bigint FROM photo_upload_parts WHERE upload_id = $1`
)

// scanUpload reads uploadColumns, and what follows them into more.
func scanUpload(row pgx.Row, u *uploadRow, more ...any) error {
	var code, detail *string
	err := row.Scan(append([]any{&u.ID, &u.owner, &u.Length, &u.ExpiresAt, &u.State, &u.judgeAt, &u.photo, &code, &detail}, more...)...)
	if err == nil && code != nil && detail != nil {
		u.Problem = &Refusal{problem.Code(*code), *detail}
	}
	u.ExpiresAt = u.ExpiresAt.UTC()
	return err
}

// settle says how far an upload has come, of which so many bytes are here: the
// rows of parts do not survive a crash of Postgres.
func (u *uploadRow) settle(here int64) {
	u.Offset = u.Length
	switch u.State {
	case Making:
		if here < u.Length {
			u.State, u.Offset = Receiving, here
		}
	case Receiving:
		u.Offset = here
	case Ready, Refused:
	}
}

func (s *Service) insertUpload(ctx context.Context, user id.ID, in NewUpload, req idempotency.Request) (u Upload, err error) {
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		u = Upload{}
		var (
			lock, write pgx.Batch
			keys        = idempotency.Lock(&lock, []idempotency.Request{req})
			who         = queueUploader(&lock, user)
		)
		switch err := tx.SendBatch(ctx, &lock).Close(); {
		case errors.Is(err, pgx.ErrNoRows):
			return errSignIn
		case err != nil:
			return fmt.Errorf("begin an upload: %w", err)
		}
		switch first, err := keys.First(req); {
		case err != nil:
			return err
		case first != nil:
			return first.Into(&u)
		}
		if err := who.may(in.Length, s.unlimited); err != nil {
			return err
		}
		u = Upload{ID: id.New(), Length: in.Length, State: Receiving}
		if err := tx.QueryRow(ctx, `INSERT INTO photo_uploads (id, owner_id, length, sensitive, judge_at, created_at, touched_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, now(), now(), now() + $6::interval) RETURNING expires_at`,
			u.ID, user, in.Length, in.Sensitive, firstPiece, UploadLife).Scan(&u.ExpiresAt); err != nil {
			return fmt.Errorf("begin an upload: %w", err)
		}
		u.ExpiresAt = u.ExpiresAt.UTC()
		if err := keys.Keep(req, 201, u, nil); err != nil {
			return err
		}
		keys.Write(&write)
		return tx.SendBatch(ctx, &write).Close()
	})
	return u, err
}

// uploader is what matters of one who begins an upload.
type uploader struct {
	banned bool
	under  int64 // uploads under way
	bytes  int64 // of uploads of a day
}

func queueUploader(q *pgx.Batch, user id.ID) *uploader {
	var u uploader
	q.Queue(`SELECT banned_at IS NOT NULL FROM users WHERE id = $1`, user).QueryRow(func(row pgx.Row) error { return row.Scan(&u.banned) })
	q.Queue(`SELECT count(*) FILTER (WHERE state IN ('receiving', 'making') AND touched_at > now() - $2::interval AND expires_at > now()), coalesce(sum(length), 0)::bigint
		FROM photo_uploads WHERE owner_id = $1 AND created_at > now() - interval '1 day'`, user, idleUpload).
		QueryRow(func(row pgx.Row) error { return row.Scan(&u.under, &u.bytes) })
	return &u
}

func (u *uploader) may(length int64, unlimited bool) error {
	switch {
	case u.banned:
		return errSuspended
	case u.under >= MaxUploads:
		return errManyAway
	case u.bytes+length > MaxDayBytes && !unlimited:
		return errDayIsFull
	default:
		return nil
	}
}

// readUpload reads an upload and what is here of it in one statement: between
// two its photo may be made, and its bytes forgotten.
func (s *Service) readUpload(ctx context.Context, user, upload id.ID) (Upload, error) {
	var (
		u    uploadRow
		here int64
	)
	row := s.pool.QueryRow(ctx, `SELECT `+uploadColumns+`, (`+arrived+`) FROM photo_uploads u WHERE u.id = $1 AND u.owner_id = $2 AND u.expires_at > now()`, upload, user)
	if err := scanUpload(row, &u, &here); errors.Is(err, pgx.ErrNoRows) {
		return Upload{}, errNoUpload
	} else if err != nil {
		return Upload{}, fmt.Errorf("read upload %s: %w", upload, err)
	}
	u.settle(here)
	if u.photo != nil {
		d, _, err := readDetails(ctx, s.pool, *u.photo)
		if errors.Is(err, errNoPhoto) { // it was collected, or its post deleted
			return Upload{}, errNoUpload
		}
		if err != nil {
			return Upload{}, err
		}
		u.Photo = &d.Photo
	}
	return u.Upload, nil
}

func lockUpload(ctx context.Context, tx pgx.Tx, upload id.ID) (u uploadRow, err error) {
	var (
		q    pgx.Batch
		here int64
	)
	q.Queue(`SELECT `+uploadColumns+` FROM photo_uploads u WHERE u.id = $1 AND u.expires_at > now() FOR UPDATE`, upload).
		QueryRow(func(row pgx.Row) error { return scanUpload(row, &u) })
	q.Queue(arrived, upload).QueryRow(func(row pgx.Row) error { return row.Scan(&here) })
	switch err = tx.SendBatch(ctx, &q).Close(); {
	case errors.Is(err, pgx.ErrNoRows):
		return u, errNoUpload
	case err != nil:
		return u, fmt.Errorf("lock upload %s: %w", upload, err)
	}
	u.settle(here)
	return u, nil
}

// keep adds a piece to an upload that stands at offset, or looks whether it
// does if there is none.
func (s *Service) keep(ctx context.Context, user, upload id.ID, offset int64, piece []byte) (u uploadRow, err error) {
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		if u, err = lockUpload(ctx, tx, upload); err != nil {
			return err
		}
		switch {
		case u.owner != user:
			return errNoUpload
		case u.State == Refused:
			return nil
		case u.Offset != offset:
			return offsetMismatch(u.Offset)
		case len(piece) == 0 || u.State != Receiving:
			return nil
		}
		if u.Offset += int64(len(piece)); u.Offset == u.Length {
			u.State = Making
		}
		var q pgx.Batch
		q.Queue(`INSERT INTO photo_upload_parts (upload_id, start, size, bytes) VALUES ($1, $2, $3, $4)`, upload, offset, len(piece), piece)
		q.Queue(`UPDATE photo_uploads SET state = $2, touched_at = now(), claimed_until = NULL WHERE id = $1`, upload, u.State)
		if err := tx.SendBatch(ctx, &q).Close(); err != nil {
			return fmt.Errorf("keep a piece of upload %s: %w", upload, err)
		}
		return nil
	})
	return u, err
}

// refuse ends an upload with a problem; its bytes are forgotten.
func (s *Service) refuse(ctx context.Context, u *uploadRow, p *problem.Problem) error {
	var q pgx.Batch
	q.Queue(`UPDATE photo_uploads SET state = 'refused', code = $2, detail = $3 WHERE id = $1 AND state IN ('receiving', 'making')`, u.ID, p.Code, p.Detail)
	q.Queue(`DELETE FROM photo_upload_parts WHERE upload_id = $1`, u.ID)
	if err := s.pool.SendBatch(ctx, &q).Close(); err != nil {
		return fmt.Errorf("refuse upload %s: %w", u.ID, err)
	}
	u.State, u.Problem = Refused, &Refusal{p.Code, p.Detail}
	s.count("refused")
	return nil
}

// deleteUpload forgets all but that there was an upload of so many bytes today.
func (s *Service) deleteUpload(ctx context.Context, user, upload id.ID) error {
	return pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		u, err := lockUpload(ctx, tx, upload)
		if err == nil && u.owner != user {
			err = errNoUpload
		}
		if err != nil {
			return err
		}
		var q pgx.Batch
		q.Queue(`UPDATE photo_uploads SET length = greatest(1, $2), expires_at = now() WHERE id = $1`, upload, u.Offset)
		q.Queue(`DELETE FROM photo_upload_parts WHERE upload_id = $1`, upload)
		return tx.SendBatch(ctx, &q).Close()
	})
}

// load reads the part that holds r.at.
func (r *partsReader) load() error {
	err := r.s.pool.QueryRow(r.ctx, `SELECT start, bytes FROM photo_upload_parts WHERE upload_id = $1 AND start <= $2 ORDER BY start DESC LIMIT 1`, r.upload, r.at).
		Scan(&r.start, &r.piece)
	if err == nil && r.at >= r.start+int64(len(r.piece)) {
		err = pgx.ErrNoRows
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return errLost
	}
	if err != nil {
		return fmt.Errorf("read upload %s: %w", r.upload, err)
	}
	return nil
}

// errLost: a part is not there: the database has crashed, or the upload was abandoned.
var errLost = errors.New("bytes of an upload are missing")
