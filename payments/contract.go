package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
	"lifecircle/payments/ledger"
)

// Roles in a circle that sign contracts.
const (
	ownerRole   = "owner"
	partnerRole = "partner"
)

// Circles is what contracts need of the feed.
type Circles interface {
	// LockRoles locks the circle's members against change within tx, whose
	// actor acts, and returns the roles of these people there; who has none is
	// left out. It fails with CircleNotFound, Unauthorized or Banned.
	LockRoles(ctx context.Context, tx pgx.Tx, circle, actor id.ID, people ...id.ID) (map[id.ID]string, error)
}

// standard is the contract of a circle that has none.
func standard() Contract { return Contract{Shares: StandardShares, MaxTip: MaxTip} }

// Contracts returns a circle's terms. Everybody may know how tips are shared.
// It fails with CircleNotFound.
func (s *Service) Contracts(ctx context.Context, circle id.ID) (Contracts, error) {
	out, err := s.readHistory(ctx, circle)
	if err != nil {
		return Contracts{}, outward(err)
	}
	if len(out.History) > 0 && out.History[0].InForceAt == nil { // what is older was replaced
		out.Pending = &out.History[0]
	}
	return out, nil
}

// SignContract signs terms for a circle. An owner or the named partner may;
// terms are in force once the owner and, where a partner is named, the partner
// have signed the same: what waits is signed by sending the same terms, other
// terms take its place. A repeated key returns the first answer. It fails with
// CircleNotFound, RoleRequired, SharesUnsuitable or PartnerUnsuitable.
func (s *Service) SignContract(ctx context.Context, a Actor, circle id.ID, in NewContract, key string) (Contract, error) {
	if a.User == 0 {
		return Contract{}, errSignIn
	}
	if err := in.check(); err != nil {
		return Contract{}, err
	}
	req, err := idempotency.NewRequest(a.User, key, "sign contract", circle, in)
	if err != nil {
		return Contract{}, err
	}
	end, err := s.inProgress.Begin(req)
	if err != nil {
		return Contract{}, err
	}
	defer end()
	var (
		signed  Contract
		refusal error // committed with its key, as an answer is
	)
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		signed, refusal, err = withKey(ctx, tx, req, func() (Contract, error) { return s.sign(ctx, tx, a, circle, in) })
		return err
	})
	if err == nil {
		err = refusal
	}
	return signed, outward(err)
}

func (in *NewContract) check() error {
	if in.MaxTip == 0 {
		in.MaxTip = MaxTip
	}
	switch {
	case !in.whole():
		return problem.Invalid(problem.SharesUnsuitable, "body", "author, partner and platform are ten-thousandths and sum to %d", ledger.Whole)
	case in.Partner > 0 && in.PartnerID == nil:
		return problem.Invalid(problem.PartnerUnsuitable, "body.partner_id", "who the partner's share goes to is missing")
	case in.MaxTip < 1 || in.MaxTip > MaxTip:
		return problem.Invalid(problem.SharesUnsuitable, "body.max_tip", "it is 1 to %d fen", MaxTip)
	}
	return nil
}

// whole tells whether the shares are some and sum to all.
func (s Shares) whole() bool {
	sum := 0
	for _, share := range []int{s.Author, s.Partner, s.Platform} {
		if share < 0 || share > ledger.Whole {
			return false
		}
		sum += share
	}
	return sum == ledger.Whole
}

// sign adds the actor's signature to the terms that wait, or makes a new
// version that waits for the other's.
func (s *Service) sign(ctx context.Context, tx pgx.Tx, a Actor, circle id.ID, in NewContract) (c Contract, err error) {
	people := []id.ID{a.User}
	if in.PartnerID != nil {
		people = append(people, *in.PartnerID)
	}
	roles, err := s.circles.LockRoles(ctx, tx, circle, a.User, people...)
	if err != nil {
		return c, err
	}
	role := roles[a.User]
	byPartner := in.PartnerID != nil && *in.PartnerID == a.User && role == partnerRole
	switch {
	case role != ownerRole && !byPartner:
		return c, needRole(role)
	case in.PartnerID != nil && roles[*in.PartnerID] != partnerRole:
		return c, problem.Invalid(problem.PartnerUnsuitable, "body.partner_id", "this person is not a partner of the circle")
	}
	last, now, err := readLast(ctx, tx, circle)
	if err != nil {
		return c, err
	}
	c = Contract{Version: last.Version + 1, Shares: in.Shares, PartnerID: in.PartnerID, MaxTip: in.MaxTip}
	if last.InForceAt == nil && last.Version > 0 && last.sameTerms(c) {
		c = last
	}
	c.signed(role, now)
	if c.InForceAt != nil && c.Version > 1 {
		s.log.Info("a circle's contract is in force", "circle", circle, "version", c.Version)
	}
	return c, writeContract(ctx, tx, circle, a.User, role, c, now)
}

func (c Contract) sameTerms(o Contract) bool {
	samePartner := c.PartnerID == nil && o.PartnerID == nil || c.PartnerID != nil && o.PartnerID != nil && *c.PartnerID == *o.PartnerID
	return c.Shares == o.Shares && c.MaxTip == o.MaxTip && samePartner
}

// signed notes a signature, and when it was the last one that was missing.
func (c *Contract) signed(role string, at time.Time) {
	if role == ownerRole && c.OwnerSignedAt == nil {
		c.OwnerSignedAt = &at
	}
	if role == partnerRole && c.PartnerSignedAt == nil {
		c.PartnerSignedAt = &at
	}
	if c.OwnerSignedAt != nil && (c.PartnerID == nil || c.PartnerSignedAt != nil) {
		c.InForceAt = &at
	}
}

func needRole(have string) error {
	if have == "" {
		have = "no role"
	}
	p := problem.New(problem.RoleRequired, "Contracts are signed by the circle's owner and its partner.")
	p.Rule = []problem.Clause{{Clause: "role", Have: have, Need: "owner, or the partner named in the terms", How: "ask an owner of the circle"}}
	return p
}

// withKey answers from the key, or does what is asked and keeps the answer. A
// refusal is committed with its key, as an answer is.
func withKey[T any](ctx context.Context, tx pgx.Tx, req idempotency.Request, do func() (T, error)) (out T, refusal, err error) {
	var lock, write pgx.Batch
	keys := idempotency.Lock(&lock, []idempotency.Request{req})
	if err := tx.SendBatch(ctx, &lock).Close(); err != nil {
		return out, nil, fmt.Errorf("lock an idempotency key: %w", err)
	}
	first, err := keys.First(req)
	if err != nil {
		return out, nil, err
	}
	if first != nil {
		err := first.Into(&out)
		return out, nil, err
	}
	out, err = do()
	if problem.From(err) != nil {
		refusal, err = err, nil
	}
	if err != nil {
		return out, nil, err
	}
	if err := keys.Keep(req, statusCreated, out, refusal); err != nil {
		return out, nil, err
	}
	keys.Write(&write)
	return out, refusal, tx.SendBatch(ctx, &write).Close()
}
