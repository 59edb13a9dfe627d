package main

import (
	"context"
	"errors"
	"fmt"

	"lifecircle/internal/app"
	"lifecircle/internal/config"
	"lifecircle/internal/creditscore"
	"lifecircle/internal/identity"
	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/identity/verifier/manual"
)

// staff does what the staff commands say, while servers work.
func (p program) staff(ctx context.Context, db *app.Database) error {
	s, say := p.config.Staff, func(format string, args ...any) error {
		_, err := fmt.Fprintf(p.out, format+"\n", args...)
		return err
	}
	switch p.config.Command {
	case config.StaffAdd:
		if err := identity.AddStaff(ctx, db.Pool, s.Handle); err != nil {
			return err
		}
		return say("@%s decides verifications from now on.", s.Handle)
	case config.StaffRemove:
		if err := identity.RemoveStaff(ctx, db.Pool, s.Handle); err != nil {
			return err
		}
		return say("@%s decides verifications no more.", s.Handle)
	case config.StaffList:
		handles, err := identity.Staff(ctx, db.Pool)
		for _, h := range handles {
			err = errors.Join(err, say("@%s", h))
		}
		return err
	case config.DomainsAdd:
		if err := identity.AddDomain(ctx, db.Pool, identity.Domain{Domain: s.Domain, Kind: s.Kind, Name: s.Name}); err != nil {
			return err
		}
		return say("Mailboxes of %s are those of %s.", s.Domain, s.Name)
	case config.DomainsRemove:
		if err := identity.RemoveDomain(ctx, db.Pool, s.Domain); err != nil {
			return err
		}
		return say("Mailboxes of %s verify nobody any more.", s.Domain)
	case config.DomainsList:
		domains, err := identity.Domains(ctx, db.Pool)
		for _, d := range domains {
			err = errors.Join(err, say("%-30s  %-7s  %s", d.Domain, d.Kind, d.Name))
		}
		return err
	case config.StaffRevoke:
		return app.WithIdentity(ctx, db, s.Key, p.log, func(ctx context.Context, ids *identity.Service, _ *manual.Desk) error {
			return p.revokeIdentity(ctx, db, ids)
		})
	default:
		return app.WithIdentity(ctx, db, s.Key, p.log, p.review)
	}
}

// revokeIdentity takes back what is verified of somebody, and closes the gate
// of the score. Servers tell open sockets.
func (p program) revokeIdentity(ctx context.Context, db *app.Database, ids *identity.Service) (err error) {
	s := p.config.Staff
	r := identity.Revocation{Reason: s.Reason}
	if r.User, err = ids.Person(ctx, s.User); err != nil {
		return err
	}
	if s.Handle != "" {
		if r.By, err = ids.StaffMember(ctx, s.Handle); err != nil {
			return err
		}
	}
	if err := ids.Revoke(ctx, r); err != nil {
		return err
	}
	if err := app.WithScores(ctx, db, p.log, func(scores *creditscore.Service) error { return scores.IdentityChanged(ctx, r.User) }); err != nil {
		return fmt.Errorf("the identity is revoked, and the score will know at night: %w", err)
	}
	_, err = fmt.Fprintf(p.out, "Nothing is verified of %s any more. The documents stay taken.\n", s.User)
	return err
}

// review decides a case by hand, or shows what there is to decide.
func (p program) review(ctx context.Context, ids *identity.Service, desk *manual.Desk) (err error) {
	s, ref := p.config.Staff, p.config.Staff.Case.String()
	switch p.config.Command {
	case config.StaffPending:
		return desk.List(ctx, p.out)
	case config.StaffShow:
		return known(desk.Show(ctx, ref, p.out))
	default: // a decision
	}
	by, err := ids.StaffMember(ctx, s.Handle)
	if err != nil {
		return err
	}
	if p.config.Command == config.StaffApprove {
		err = desk.Approve(ctx, ref, by, s.Until)
	} else {
		err = desk.Refuse(ctx, ref, by, s.Reason)
	}
	if err != nil {
		return known(err)
	}
	v, err := ids.Settle(ctx, s.Case)
	if err != nil {
		return err
	}
	if v.Reason != "" && p.config.Command == config.StaffApprove {
		return fmt.Errorf("case %s was refused all the same: %s", ref, v.Reason)
	}
	_, err = fmt.Fprintf(p.out, "Case %s: %s. What the applicant wrote is gone.\n", ref, v.Status)
	return err
}

// known makes sentences of what can be wrong with a case.
func known(err error) error {
	switch {
	case errors.Is(err, verifier.ErrUnknown):
		return errors.New("no such case waits for a decision")
	case errors.Is(err, verifier.ErrDecided):
		return errors.New("this case was decided before, or its time is over")
	}
	return err
}
