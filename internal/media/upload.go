package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/media/picture"
	"lifecircle/internal/problem"
)

// State is how far an upload has come.
type State string

// The states. The last two are final.
const (
	Receiving State = "receiving"
	Making    State = "making"
	Ready     State = "ready"
	Refused   State = "refused"
)

// Upload is a file on its way, and what became of it.
type Upload struct {
	ID        id.ID     `json:"id"`
	Offset    int64     `json:"offset" doc:"bytes that have arrived"`
	Length    int64     `json:"length" doc:"bytes of the whole file"`
	ExpiresAt time.Time `json:"expires_at"`
	State     State     `json:"state" enum:"receiving,making,ready,refused" doc:"making: all bytes are there and the photo is made of them. From making it can go back to receiving, at offset 0, if the database has crashed meanwhile"`
	Photo     *Photo    `json:"photo,omitempty" doc:"of a ready one"`
	Problem   *Refusal  `json:"problem,omitempty" doc:"of a refused one"`
}

// Refusal says why no photo came of an upload.
type Refusal struct {
	Code   problem.Code `json:"code"`
	Detail string       `json:"detail"`
}

// Err returns the refusal of a refused upload as a problem.
func (u Upload) Err() error {
	if u.Problem == nil {
		return nil
	}
	return problem.New(u.Problem.Code, "%s", u.Problem.Detail)
}

// NewUpload is the input of Begin.
type NewUpload struct {
	Length    int64 `json:"length"` // bytes
	Sensitive bool  `json:"sensitive"`
}

var (
	errNoUpload  = problem.New(problem.UploadNotFound, "There is no such upload; it may have expired.")
	errTooLarge  = problem.New(problem.PhotoTooLarge, "A photo has at most %d bytes.", picture.MaxBytes)
	errManyAway  = &problem.Problem{Code: problem.UploadsTooMany, Detail: fmt.Sprintf("Finish or end some of your uploads: at most %d may be under way.", MaxUploads), RetryAfter: time.Minute}
	errDayIsFull = &problem.Problem{Code: problem.PhotoDayLimit, Detail: fmt.Sprintf("You have uploaded %d bytes in 24 hours, which is the limit.", MaxDayBytes), RetryAfter: time.Hour}
)

var errSignIn = problem.New(problem.Unauthorized, "Sign in first.")

var errSuspended = &problem.Problem{
	Code: problem.Banned, Detail: "This account is suspended.",
	Rule: []problem.Clause{{Clause: "account", Have: "suspended", Need: "an account in good standing", How: "write to the operator"}},
}

func offsetMismatch(at int64) error {
	return problem.New(problem.UploadOffset, "The upload stands at byte %d.", at)
}

// Begin opens an upload. A repeated key returns the first one. It fails with
// PhotoTooLarge, UploadLength, UploadsTooMany, PhotoDayLimit, Unauthorized or
// Banned.
func (s *Service) Begin(ctx context.Context, user id.ID, in NewUpload, key string) (Upload, error) {
	req, err := idempotency.NewRequest(user, key, "begin upload", in)
	if err != nil {
		return Upload{}, err
	}
	if in.Length > picture.MaxBytes {
		return Upload{}, errTooLarge
	}
	if in.Length < 1 {
		return Upload{}, problem.New(problem.UploadLength, "An upload has at least one byte, and says how many.")
	}
	end, err := s.inProgress.Begin(req)
	if err != nil {
		return Upload{}, err
	}
	defer end()
	u, err := s.insertUpload(ctx, user, in, req)
	return u, outward(err)
}

// Upload returns how far an upload of the person has come. It fails with
// UploadNotFound.
func (s *Service) Upload(ctx context.Context, user, upload id.ID) (Upload, error) {
	u, err := s.readUpload(ctx, user, upload)
	return u, outward(err)
}

// Abandon forgets an upload; the photo, if there is one, stays. It fails with
// UploadNotFound.
func (s *Service) Abandon(ctx context.Context, user, upload id.ID) error {
	return outward(s.deleteUpload(ctx, user, upload))
}

// Append adds what body holds to an upload that stands at offset, and returns
// how far it has come. Whatever arrives is kept, also when body fails in its
// middle, or ctx ends: the one who goes on asks where. It fails with
// UploadNotFound, UploadOffset, with what is wrong with the picture's header as
// soon as that is there, or with body's error.
//
// Two may append to one upload, such as a client and its own connection that
// has died unnoticed: each piece is added where it belongs or not at all.
func (s *Service) Append(ctx context.Context, user, upload id.ID, offset int64, body io.Reader) (Upload, error) {
	return s.take(ctx, user, upload, offset, body, nil)
}

func (s *Service) take(ctx context.Context, user, upload id.ID, offset int64, body io.Reader, seen io.Writer) (Upload, error) {
	row, err := s.keep(ctx, user, upload, offset, nil)
	u := row.Upload
	if err != nil || u.State != Receiving {
		return u, outward(errors.Join(err, u.Err()))
	}
	body = io.LimitReader(body, u.Length-offset)
	buf := s.buffers.Get().(*[pieceBytes]byte)
	defer s.buffers.Put(buf)
	for {
		piece := buf[:pieceBytes]
		if offset < firstPiece {
			piece = buf[:firstPiece-offset]
		}
		n, cut := io.ReadFull(body, piece)
		if seen != nil {
			_, _ = seen.Write(piece[:n]) // a hash takes everything
		}
		if n > 0 {
			if u, err = s.keepAndJudge(ctx, user, upload, offset, piece[:n]); err != nil || u.State != Receiving {
				return u, outward(errors.Join(err, u.Err()))
			}
			offset += int64(n)
		}
		switch {
		case errors.Is(cut, io.EOF), errors.Is(cut, io.ErrUnexpectedEOF):
			return u, nil
		case cut != nil:
			return u, problem.New(problem.MalformedRequest, "The body was cut off; %d bytes of the file are here.", offset)
		}
	}
}

// keepAndJudge keeps a piece even if its sender is gone, in one of the places
// for that, and looks at the header when there is enough of it.
func (s *Service) keepAndJudge(ctx context.Context, user, upload id.ID, offset int64, piece []byte) (Upload, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTime)
	defer cancel()
	select {
	case s.pieces <- struct{}{}:
		defer func() { <-s.pieces }()
	case <-ctx.Done():
		return Upload{}, errBusy
	}
	u, err := s.keep(ctx, user, upload, offset, piece)
	if err == nil && u.State == Receiving && u.judgeAt > 0 && u.Offset >= u.judgeAt {
		err = s.judge(ctx, &u)
	}
	if err == nil && u.State == Making {
		s.lookSoon()
	}
	return u.Upload, err
}

var errBusy = &problem.Problem{Code: problem.Overloaded, Detail: "Too many photos arrive just now.", RetryAfter: retryLater}
