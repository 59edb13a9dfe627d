package identity

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/pg"
)

// Settle asks the verifier what became of a verification and brings it in: the
// attributes, and to whom the document belongs, in one transaction. After the
// commit the verifier forgets the application and the change is told. It may be
// repeated, and fails with VerificationNotFound.
func (s *Service) Settle(ctx context.Context, v id.ID) (Verification, error) {
	r, err := readVerification(ctx, s.pool, v)
	if err != nil {
		return Verification{}, err
	}
	by := s.verifier(r.Verifier)
	if by == nil {
		return Verification{}, fmt.Errorf("settle verification %s: %w: %s", v, errNobody, r.Verifier)
	}
	if r.Status == verifier.Pending {
		res, err := s.ask(ctx, by, r)
		if err != nil || res.State == verifier.Pending {
			return r.Verification, err
		}
		if r, err = s.decide(ctx, v, res); err != nil {
			return Verification{}, err
		}
	}
	return r.Verification, s.finish(ctx, by, r)
}

// ask returns what the verifier says. One that has never heard of the
// application, or that is not done in time, leaves it refused in the end.
func (s *Service) ask(ctx context.Context, by verifier.Verifier, r row) (verifier.Result, error) {
	res, err := by.Result(ctx, r.ID.String())
	if errors.Is(err, verifier.ErrUnknown) {
		res, err = verifier.Result{State: verifier.Pending}, nil
		if r.now.Sub(r.CreatedAt) > taking {
			res = verifier.Result{State: verifier.Refused, Reason: verifier.Failed}
		}
	}
	if err != nil {
		return res, fmt.Errorf("ask %s about verification %s: %w", by.Name(), r.ID, err)
	}
	if res.State == verifier.Pending && !r.now.Before(r.ExpiresAt) {
		res = verifier.Result{State: verifier.Refused, Reason: verifier.Expired}
	}
	return res, nil
}

// decide writes a result, once: one that was written before is returned.
func (s *Service) decide(ctx context.Context, v id.ID, res verifier.Result) (r row, err error) {
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if r, err = lockVerification(ctx, tx, v); err != nil || r.Status != verifier.Pending {
			return err
		}
		now := r.now
		if res.State == verifier.Verified {
			found, reason := s.read(r, res.Facts, now)
			if reason == "" {
				if reason, err = grantTo(ctx, tx, r.user, found); err != nil {
					return err
				}
			}
			if reason != "" {
				res = verifier.Result{State: verifier.Refused, Reason: reason, DecidedBy: res.DecidedBy}
			}
		}
		r.Status, r.Reason, r.Note, r.URL, r.EndedAt = res.State, string(res.Reason), res.Note, "", &now
		return endVerification(ctx, tx, r, res.DecidedBy)
	})
	if err != nil {
		return row{}, fmt.Errorf("decide verification %s: %w", v, err)
	}
	return r, nil
}

// grantTo gives the document and the attributes to an account, or says why not.
func grantTo(ctx context.Context, tx pgx.Tx, user id.ID, f findings) (verifier.Reason, error) {
	if f.born != "" {
		other, err := bornOtherwise(ctx, tx, user, f.born)
		if err != nil || other {
			return verifier.AnotherPerson, err
		}
	}
	if f.hash != nil {
		mine, err := takeDocument(ctx, tx, user, f.hash)
		if err != nil || !mine {
			return verifier.Taken, err
		}
	}
	if err := writeGrants(ctx, tx, f.grants); err != nil {
		return "", err
	}
	return "", sumUp(ctx, tx, user)
}

// finish has the verifier forget, and tells of the change. Where nobody is told
// the verification stays open, and a server does it.
func (s *Service) finish(ctx context.Context, by verifier.Verifier, r row) error {
	if !r.open {
		return nil
	}
	if err := by.Forget(ctx, r.ID.String()); err != nil {
		return fmt.Errorf("have %s forget verification %s: %w", by.Name(), r.ID, err)
	}
	if s.o.Changed == nil {
		return lookNow(ctx, s.pool, r.ID)
	}
	if r.Status == verifier.Verified {
		s.o.Changed(r.user)
	}
	return closeVerification(ctx, s.pool, r.ID)
}

// giveUp ends a verification that its verifier did not take.
func (s *Service) giveUp(ctx context.Context, v id.ID) error {
	r, err := s.decide(ctx, v, verifier.Result{State: verifier.Refused, Reason: verifier.Failed})
	if err != nil {
		return err
	}
	return s.finish(ctx, s.verifier(r.Verifier), r)
}
