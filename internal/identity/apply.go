package identity

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
	"lifecircle/internal/text"
)

const statusCreated = 201

// Apply takes an application and returns where its applicant goes on. A newer
// one replaces one of the same kind that is pending. A repeated key returns the
// first answer and applies for nothing. It fails with ClaimUnsuitable,
// DomainUnknown, VerifierUnknown, Unauthorized, Banned, RateLimited, a text
// problem or one of the key, and with Unavailable when the verifier is away.
func (s *Service) Apply(ctx context.Context, user id.ID, in Application, key string) (Verification, error) {
	if user == 0 {
		return Verification{}, errSignIn
	}
	req, err := s.request(user, key, in)
	if err != nil {
		return Verification{}, err
	}
	end, err := s.inProgress.Begin(req)
	if err != nil {
		return Verification{}, err
	}
	defer end()
	if first, err := s.answered(ctx, req); first != nil || err != nil {
		return orNone(first), err
	}
	if in, err = in.normalised(time.Now()); err != nil {
		return Verification{}, err
	}
	by, err := s.choose(in)
	if err != nil {
		return Verification{}, err
	}
	return s.apply(ctx, user, in, by, req)
}

// request makes the fingerprint of a keyed hash: from a plain one, the number
// of a document could be guessed.
func (s *Service) request(user id.ID, key string, in Application) (idempotency.Request, error) {
	raw, err := json.Marshal(in)
	if err != nil {
		return idempotency.Request{}, fmt.Errorf("fingerprint of an application: %w", err)
	}
	return idempotency.NewRequest(user, key, "verify", hex.EncodeToString(s.keys.MAC("request", string(raw))))
}

// choose finds who verifies it.
func (s *Service) choose(in Application) (verifier.Verifier, error) {
	if in.Verifier == "" && in.Email != "" {
		in.Verifier = "email"
	}
	for _, v := range s.o.Verifiers {
		if (in.Verifier == "" || v.Name() == in.Verifier) && slices.Contains(v.Kinds(), in.Kind) {
			return v, nil
		}
	}
	return nil, problem.Invalid(problem.VerifierUnknown, "body.verifier", "nobody here verifies %s that way", in.Kind)
}

func (s *Service) apply(ctx context.Context, user id.ID, in Application, by verifier.Verifier, req idempotency.Request) (Verification, error) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	v := row{user: user, Verification: Verification{
		ID: id.New(), Kind: in.Kind, Level: in.Level, Verifier: by.Name(), Status: verifier.Pending, CreatedAt: now, ExpiresAt: now.Add(by.Life()),
	}}
	app := verifier.Application{
		ID: v.ID.String(), User: user, Kind: in.Kind, Level: in.Level, ExpiresAt: v.ExpiresAt,
		Claim: verifier.Claim{
			Name: in.Name, Document: in.Document, BirthDate: in.BirthDate, Gender: in.Gender, City: in.City, Of: in.Of, Email: in.Email, Note: in.Note,
		},
	}
	if err := by.Check(ctx, app); err != nil {
		return Verification{}, away(by.Name(), err)
	}
	first, err := s.open(ctx, req, v, &app)
	if first != nil || err != nil {
		return orNone(first), err
	}
	if v.URL, err = by.Start(ctx, app); err != nil {
		return Verification{}, errors.Join(away(by.Name(), err), s.giveUp(context.WithoutCancel(ctx), v.ID))
	}
	return s.keep(ctx, req, v)
}

// answered returns the first answer to a key.
func (s *Service) answered(ctx context.Context, req idempotency.Request) (first *Verification, err error) {
	if !req.Used() {
		return nil, nil
	}
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		_, first, err = lockKey(ctx, tx, req)
		return err
	})
	return first, err
}

func lockKey(ctx context.Context, tx pgx.Tx, req idempotency.Request) (*idempotency.Keys, *Verification, error) {
	var q pgx.Batch
	keys := idempotency.Lock(&q, []idempotency.Request{req})
	if q.Len() > 0 {
		if err := tx.SendBatch(ctx, &q).Close(); err != nil {
			return nil, nil, fmt.Errorf("lock an idempotency key: %w", err)
		}
	}
	answer, err := keys.First(req)
	if answer == nil || err != nil {
		return keys, nil, err
	}
	first := new(Verification)
	return keys, first, answer.Into(first)
}

// open writes the verification before the verifier hears of it, and ends a
// pending one of the same kind.
func (s *Service) open(ctx context.Context, req idempotency.Request, v row, app *verifier.Application) (first *Verification, err error) {
	var refusal error // committed with its key, as an answer is
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		var keys *idempotency.Keys
		refusal = nil
		if keys, first, err = lockKey(ctx, tx, req); first != nil || err != nil {
			return err
		}
		app.Handle, refusal = requireAccount(ctx, tx, v.user)
		if refusal == nil {
			if err := lockIdentities(ctx, tx, v.user); err != nil {
				return err
			}
			if err := refusePending(ctx, tx, v.user, []Kind{v.Kind}, verifier.Replaced, ""); err != nil {
				return err
			}
			return insertVerification(ctx, tx, v)
		}
		if problem.From(refusal) == nil {
			return refusal
		}
		return keepAnswer(ctx, tx, keys, req, nil, refusal)
	})
	return first, cmp.Or(err, refusal)
}

// keep notes where to go on, and the answer under its key. What was decided
// meanwhile stays as it is.
func (s *Service) keep(ctx context.Context, req idempotency.Request, v row) (Verification, error) {
	var out Verification
	err := pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		keys, first, err := lockKey(ctx, tx, req)
		if first != nil || err != nil {
			out = orNone(first)
			return err
		}
		if err := writeURL(ctx, tx, v.ID, v.URL); err != nil {
			return err
		}
		out = v.Verification
		return keepAnswer(ctx, tx, keys, req, out, nil)
	})
	return out, err
}

func keepAnswer(ctx context.Context, tx pgx.Tx, keys *idempotency.Keys, req idempotency.Request, result any, refusal error) error {
	if err := keys.Keep(req, statusCreated, result, refusal); err != nil {
		return err
	}
	var q pgx.Batch
	if keys.Write(&q); q.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, &q).Close()
}

func orNone(v *Verification) Verification {
	if v == nil {
		return Verification{}
	}
	return *v
}

// normalised returns in with its texts as they are compared, or what is wrong.
func (in Application) normalised(now time.Time) (Application, error) {
	switch {
	case !slices.Contains(allKinds, in.Kind):
		return in, unsuitable("kind", "it is identity, student or employment")
	case in.Kind == verifier.Identity && in.Level == 0:
		in.Level = 2
	case in.Kind != verifier.Identity && in.Level != 0:
		return in, unsuitable("level", "only an identity has levels")
	}
	if in.Level < 0 || in.Level > MaxLevel {
		return in, unsuitable("level", "it is 1, 2 or 3")
	}
	for _, f := range []struct {
		name string
		text *string
		most int
	}{{"name", &in.Name, MaxName}, {"document", &in.Document, MaxDocument}, {"city", &in.City, MaxCity}, {"of", &in.Of, MaxOf}} {
		if *f.text == "" {
			continue
		}
		clean, err := text.Name("body."+f.name, *f.text, f.most)
		if err != nil {
			return in, err
		}
		*f.text = clean
	}
	if in.Note != "" {
		clean, err := text.Body("body.note", in.Note, MaxNote)
		if err != nil {
			return in, err
		}
		in.Note = clean
	}
	if in.Document != "" && !usableDocument(in.Document) {
		return in, unsuitable("document", "this is no number of a document")
	}
	if _, err := readBirthDate(in.BirthDate, now); in.BirthDate != "" && err != nil {
		return in, unsuitable("birth_date", "it is a day like 1990-01-01, and not one to come")
	}
	if in.Gender != "" && !slices.Contains(genders, in.Gender) {
		return in, unsuitable("gender", "it is female, male or other")
	}
	return in, nil
}

func unsuitable(field, why string) error {
	return problem.Invalid(problem.ClaimUnsuitable, "body."+field, "%s", why)
}

// Mine returns what is verified of somebody, and what he applied for.
func (s *Service) Mine(ctx context.Context, user id.ID) (Own, error) {
	if user == 0 {
		return Own{}, errSignIn
	}
	return readOwn(ctx, s.pool, user)
}
