package main

import (
	"context"
	"fmt"

	"lifecircle/internal/app"
	"lifecircle/payments"
)

// placeHold sets money of a wallet aside, while servers work.
func (p program) placeHold(ctx context.Context, db *app.Database) error {
	h := p.config.Hold
	return app.WithPayments(ctx, p.config, db, p.log, func(m *payments.Service) error {
		held, err := m.PlaceHold(ctx, h.User, h.Amount, h.Reason, h.ReleaseAt)
		if err != nil {
			return err
		}
		until := "until it is released"
		if held.ReleaseAt != nil {
			until = "until " + held.ReleaseAt.UTC().Format("2006-01-02 15:04 MST")
		}
		_, err = fmt.Fprintf(p.out, "Hold %s: %s yuan of the wallet of %s, %s.\n", held.ID, yuan(held.Amount), h.User, until)
		return err
	})
}

func (p program) releaseHold(ctx context.Context, db *app.Database) error {
	h := p.config.Hold
	return app.WithPayments(ctx, p.config, db, p.log, func(m *payments.Service) error {
		if err := m.ReleaseHold(ctx, h.User, h.Hold); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.out, "Hold %s has ended.\n", h.Hold)
		return err
	})
}
