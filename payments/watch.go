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
	callsAtOnce  = 4                // to providers, for top-ups and as many for withdrawals
	callTime     = 20 * time.Second // of one call; for so long nobody else takes the row
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
	if n, err := s.countOrphans(ctx); err == nil && n > 0 {
		s.raise(alarmStuck, "withdrawals wait for a provider that is not set up here", "withdrawals", n)
	}
	var both errgroup.Group // so that neither waits for the other's slow provider
	both.Go(func() error { watch(ctx, s, s.look, s.claimWithdrawals, s.payOut); return nil })
	both.Go(func() error { watch(ctx, s, nil, s.claimTopUps, s.askAfter); return nil })
	return both.Wait()
}

// watch takes rows and calls do for each, callsAtOnce at a time, until ctx ends
// and the calls with it. It takes no more than it can call for at once: a row
// that waits here would be due again before its turn.
func watch[R any](ctx context.Context, s *Service, soon <-chan struct{}, claim func(ctx context.Context, most int) ([]R, error), do func(context.Context, R)) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	ended, free := make(chan struct{}, callsAtOnce), callsAtOnce
	for {
		var rows []R
		if free > 0 {
			var err error
			if rows, err = claim(ctx, free); err != nil && ctx.Err() == nil {
				s.log.Warn("look after what waits for a provider", "err", err)
			}
		}
		for _, row := range rows {
			free--
			go func() {
				do(ctx, row)
				ended <- struct{}{}
			}()
		}
		select {
		case <-ctx.Done():
			for ; free < callsAtOnce; free++ {
				<-ended
			}
			return
		case <-ended:
			free++
		case <-soon:
		case <-tick.C:
		}
	}
}

// payOut has a withdrawal paid, or asks what became of it: the provider pays
// the same id once.
func (s *Service) payOut(ctx context.Context, w withdrawalRow) {
	p := s.providers[w.provider]
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
	calling, cancel := context.WithTimeout(ctx, callTime)
	event, err := p.Payment(calling, t.order(s.baseURL))
	cancel()
	old := time.Since(t.expires) > giveUpAfter
	switch {
	case err != nil && !errors.Is(err, provider.ErrUnknown):
		s.log.Warn("ask after a payment", "provider", t.provider, "topup", t.id, "err", err)
		return
	case err != nil && !old:
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
