package media

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/media/picture"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
)

// directTime bounds the wait for a photo of one request: beyond it somebody
// has to come again.
const directTime = 30 * time.Second

// Store takes a whole file in one go and returns its photo. size is that of the
// file in bytes; -1: unknown. A repeated key with the same bytes returns the
// first photo. It fails as Begin, as Append, with what is wrong with the
// picture, or with Overloaded when it was not made in time.
func (s *Service) Store(ctx context.Context, user id.ID, size int64, sensitive bool, file io.Reader, key string) (Photo, error) {
	if err := idempotency.Check(key); err != nil {
		return Photo{}, err
	}
	end, err := s.inProgress.Begin(idempotency.Request{User: user, Key: key})
	if err != nil {
		return Photo{}, err
	}
	defer end()
	if size > picture.MaxBytes {
		return Photo{}, errTooLarge
	}
	if size < 0 {
		size = picture.MaxBytes // for the day's account, until more is known
	}
	u, err := s.insertUpload(ctx, user, NewUpload{Length: size + beyond, Sensitive: sensitive}, idempotency.Request{})
	if err != nil {
		return Photo{}, outward(err)
	}
	p, err := s.storeAs(ctx, user, u.ID, sensitive, file, key)
	if err != nil {
		err = errors.Join(err, quiet(s.Abandon(context.WithoutCancel(ctx), user, u.ID)))
	}
	return p, err
}

// beyond is how much longer the upload of a whole file claims to be: it ends
// with the file, and one that is too long shows.
const beyond = 2

// quiet forgets that there was nothing to forget.
func quiet(err error) error {
	if problem.Has(err, problem.UploadNotFound) {
		return nil
	}
	return err
}

func (s *Service) storeAs(ctx context.Context, user, upload id.ID, sensitive bool, file io.Reader, key string) (Photo, error) {
	hash := sha256.New()
	whole := &ending{r: file}
	u, err := s.take(ctx, user, upload, 0, io.LimitReader(whole, picture.MaxBytes+1), hash)
	if err == nil && u.State == Receiving {
		err = s.finish(ctx, &u, whole)
	}
	if err != nil && u.State != Refused {
		return Photo{}, err
	}
	// What becomes of it is found out, and kept under the key, also for one who
	// does not wait: he asks again with his key.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), directTime+keepTime)
	defer cancel()
	if u.State == Making {
		if u, err = s.Await(ctx, user, upload, directTime); err != nil {
			return Photo{}, err
		}
	}
	if u.State != Ready && u.State != Refused {
		return Photo{}, &problem.Problem{Code: problem.Overloaded, Detail: "Too many photos are being made just now.", RetryAfter: directTime / 3}
	}
	req, err := idempotency.NewRequest(user, key, "store photo", fmt.Sprintf("%x", hash.Sum(nil)), sensitive)
	if err != nil {
		return Photo{}, err
	}
	return s.answerOnce(ctx, req, u)
}

// ending knows whether the file has ended.
type ending struct {
	r    io.Reader
	done bool
}

func (e *ending) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.done = e.done || errors.Is(err, io.EOF)
	return n, err
}

// finish says of an upload that what has arrived was all.
func (s *Service) finish(ctx context.Context, u *Upload, file *ending) error {
	switch {
	case u.Offset > picture.MaxBytes:
		return errTooLarge
	case !file.done:
		return errCutOff
	case u.Offset == 0:
		return problem.New(problem.PhotoUnreadable, "There is nothing in this file.")
	}
	if err := s.shorten(ctx, u.ID, u.Offset); err != nil {
		return outward(err)
	}
	u.Length, u.State = u.Offset, Making
	s.lookSoon()
	return nil
}

var errCutOff = problem.New(problem.MalformedRequest, "The file did not arrive whole.")

// shorten ends an upload at what has arrived.
func (s *Service) shorten(ctx context.Context, upload id.ID, length int64) error {
	_, err := s.pool.Exec(ctx, `UPDATE photo_uploads SET length = $2, state = 'making' WHERE id = $1 AND state = 'receiving'`, upload, length)
	if err != nil {
		return fmt.Errorf("finish upload %s: %w", upload, err)
	}
	return nil
}

// answerOnce keeps the first answer under the request's key and returns it.
func (s *Service) answerOnce(ctx context.Context, req idempotency.Request, u Upload) (p Photo, err error) {
	var refusal error
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		p, refusal = Photo{}, nil
		var (
			lock, write pgx.Batch
			keys        = idempotency.Lock(&lock, []idempotency.Request{req})
		)
		if err := tx.SendBatch(ctx, &lock).Close(); err != nil {
			return fmt.Errorf("look for the key of a photo: %w", err)
		}
		first, err := keys.First(req)
		if err != nil {
			return err
		}
		if first != nil {
			return first.Into(&p)
		}
		if refusal = u.Err(); u.Photo != nil {
			p = *u.Photo
		}
		if err := keys.Keep(req, 201, p, refusal); err != nil {
			return err
		}
		keys.Write(&write)
		if err := tx.SendBatch(ctx, &write).Close(); err != nil {
			return fmt.Errorf("keep the key of a photo: %w", err)
		}
		return nil
	})
	return p, outward(errors.Join(err, refusal))
}
