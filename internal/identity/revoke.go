package identity

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
	"lifecircle/internal/text"
)

// Revocation takes back all that is verified of a person.
type Revocation struct {
	User   id.ID
	Reason string // 1 to MaxNote characters; the person reads it
	By     id.ID  // the member of staff; zero: it is not said
}

// Revoke takes back all that is verified of somebody, and refuses what is
// pending, so that nothing that was found before comes in after it. The
// documents stay his: they are not free for another account. Rights are gone
// with the commit. It fails with UserNotFound or a text problem.
func (s *Service) Revoke(ctx context.Context, r Revocation) error {
	reason, err := text.Body("reason", r.Reason, MaxNote)
	if err != nil {
		return err
	}
	r.Reason = reason
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error { return revoke(ctx, tx, r) })
	if err != nil {
		return fmt.Errorf("revoke the identity of %s: %w", r.User, err)
	}
	if s.o.Changed != nil {
		s.o.Changed(r.User)
	}
	return nil
}

func revoke(ctx context.Context, tx pgx.Tx, r Revocation) error {
	if known, err := hasAccount(ctx, tx, r.User); err != nil || !known {
		return orMissing(err)
	}
	if err := lockIdentities(ctx, tx, r.User); err != nil {
		return err
	}
	if err := refusePending(ctx, tx, r.User, allKinds, verifier.NotConfirmed, r.Reason); err != nil {
		return err
	}
	if err := dropAttributes(ctx, tx, []id.ID{r.User}, append(levelKinds[:], attributeKinds...)); err != nil {
		return err
	}
	if err := sumUp(ctx, tx, r.User); err != nil {
		return err
	}
	return insertRevocation(ctx, tx, r)
}

func orMissing(err error) error {
	if err != nil {
		return err
	}
	return problem.New(problem.UserNotFound, "This person does not exist.")
}
