package main

import (
	"context"
	"fmt"

	"lifecircle/internal/app"
	"lifecircle/internal/config"
	"lifecircle/internal/creditscore"
)

const appealsShown = 100

// desk decides about scores, while servers work: they tell the people within a
// second or so.
func (p program) desk(ctx context.Context, db *app.Database) error {
	return app.WithScores(ctx, db, p.log, func(s *creditscore.Service) error {
		d, command := p.config.Desk, p.config.Command
		if command == config.ListAppeals {
			return p.listAppeals(ctx, s)
		}
		if command == config.Fairness {
			return app.ReportFairness(ctx, s, p.out)
		}
		if command == config.AddIssuer {
			if err := s.AddIssuer(ctx, creditscore.Issuer{Name: d.Name, Algorithm: d.Algorithm, Key: d.Key, Kinds: d.Kinds}); err != nil {
				return err
			}
			_, err := fmt.Fprintf(p.out, "Events of the kinds %v are believed of %s from now on.\n", d.Kinds, d.Name)
			return err
		}
		if command == config.AddSeed {
			if err := s.Check(ctx, creditscore.Checked{User: d.User, Community: d.Community, MaySeed: d.MaySeed}); err != nil {
				return err
			}
			_, err := fmt.Fprintf(p.out, "%s counts as checked by hand from the next night on.\n", d.User)
			return err
		}
		a, err := s.Decide(ctx, d.Appeal, command == config.UpholdAppeal, d.Note)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.out, "The appeal %s of %s is %s.\n", a.ID, a.User, a.State)
		return err
	})
}

func (p program) listAppeals(ctx context.Context, s *creditscore.Service) error {
	all, err := s.Appeals(ctx, appealsShown)
	if err != nil {
		return err
	}
	for _, a := range all {
		what := a.Kind
		if a.Code != "" {
			what += " " + a.Code
		}
		if _, err := fmt.Fprintf(p.out, "%s  %s  user %s, event %s: %s\n    %q\n", a.ID, a.CreatedAt.UTC().Format("2006-01-02 15:04"), a.User, a.EventID, what, a.Text); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(p.out, "%d appeals wait for a decision.\n", len(all))
	return err
}
