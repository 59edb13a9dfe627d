package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"lifecircle/payments/provider"
)

const (
	claimed      = 16               // top-ups, and withdrawals, taken at once
	callsAtOnce  = 4                // to providers
	callTime     = 20 * time.Second // of one call
	lookEvery    = time.Second
	firstLook    = 30 * time.Second // at a top-up: notifications are faster
	longestPause = 10 * time.Minute // between two looks at the same
	stuckAfter   = 12               // looks at a withdrawal that nobody ends: about an hour
	giveUpAfter  = 24 * time.Hour   // a top-up that the provider neither calls paid nor failed
)

// lookSoon wakes the watch over withdrawals.
func (s *Service) lookSoon() {
	select {
	case s.look <- struct{}{}:
	default: // it will look anyway
	}
}

// watchProviders pays withdrawals out and asks after payments of which nobody
// told us, until ctx ends. The rows themselves are the queue: whatever happens
// to a node, the next look of any node finds them.
func (s *Service) watchProviders(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := s.askProviders(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("look after top-ups and withdrawals", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.look:
		case <-tick.C:
		}
	}
}

func (s *Service) askProviders(ctx context.Context) error {
	withdrawals, err := s.claimWithdrawals(ctx)
	if err != nil {
		return err
	}
	topups, err := s.claimTopUps(ctx)
	if err != nil {
		return err
	}
	var calls errgroup.Group
	calls.SetLimit(callsAtOnce)
	for _, w := range withdrawals {
		calls.Go(func() error { s.payOut(ctx, w); return nil })
	}
	for _, t := range topups {
		calls.Go(func() error { s.askAfter(ctx, t); return nil })
	}
	return calls.Wait()
}

// payOut has a withdrawal paid, or asks what became of it: the provider pays
// the same id once.
func (s *Service) payOut(ctx context.Context, w withdrawalRow) {
	p := s.providers[w.provider]
	if p == nil {
		s.raise(alarmStuck, "a withdrawal waits for a provider that is not set up", "provider", w.provider, "withdrawal", w.id)
		return
	}
	if w.looks >= stuckAfter {
		s.raise(alarmStuck, "a withdrawal is not paid out", "provider", w.provider, "withdrawal", w.id, "looks", w.looks)
	}
	calling, cancel := context.WithTimeout(ctx, callTime)
	event, err := p.Payout(calling, w.payout())
	cancel()
	switch {
	case errors.Is(err, provider.ErrRefused):
		event = provider.Event{Kind: provider.Payoff, ID: w.id.String(), State: provider.Failed, Reason: "the provider refuses this account"}
	case err != nil:
		s.log.Warn("pay out", "provider", w.provider, "withdrawal", w.id, "err", err)
		return
	}
	s.bringIn(ctx, w.provider, event)
}

// askAfter asks what became of a top-up.
func (s *Service) askAfter(ctx context.Context, t topUpRow) {
	p := s.providers[t.provider]
	if p == nil {
		return
	}
	calling, cancel := context.WithTimeout(ctx, callTime)
	event, err := p.Payment(calling, t.order(s.baseURL))
	cancel()
	old := time.Since(t.expires) > giveUpAfter
	switch {
	case err != nil && !(errors.Is(err, provider.ErrUnknown) && old):
		if !errors.Is(err, provider.ErrUnknown) {
			s.log.Warn("ask after a payment", "provider", t.provider, "topup", t.id, "err", err)
		}
		return
	case err != nil, event.State == provider.Pending && old:
		event = provider.Event{Kind: provider.Payment, ID: t.id.String(), State: provider.Failed, Reason: "it was not paid in time"}
	}
	s.bringIn(ctx, t.provider, event)
}

func (s *Service) bringIn(ctx context.Context, name string, e provider.Event) {
	if err := s.settle(ctx, name, e); err != nil && ctx.Err() == nil {
		s.log.Warn("bring in what a provider says", "provider", name, "id", e.ID, "err", err)
	}
}

const holdsEvery = 5 * time.Second // how late a hold may end

// watchHolds ends holds whose time has come, until ctx ends.
func (s *Service) watchHolds(ctx context.Context) error {
	for {
		err := s.endDueHolds(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("look after holds", "err", err)
		}
		if !pause(ctx, holdsEvery) {
			return nil
		}
	}
}

func (s *Service) endDueHolds(ctx context.Context) error {
	for {
		due, err := s.readDueHolds(ctx)
		for _, h := range due { // one that cannot be ended keeps no other
			if e := s.ReleaseHold(ctx, h.account, h.hold); e != nil {
				err = fmt.Errorf("end hold %s: %w", h.hold, e)
			}
		}
		if err != nil || len(due) < dueHolds {
			return err
		}
	}
}
