package creditscore

import (
	"context"
	"fmt"
	"math"
	"time"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/creditscore/trust"
	"lifecircle/internal/id"
)

// What a night calls an operator for, by name.
const (
	alarmLinks  = "links_of_new_accounts"
	alarmDrift  = "drift"
	alarmSpread = "spread"
)

// Alarms returns the names of all alarms.
func Alarms() []string { return []string{alarmLinks, alarmDrift, alarmSpread} }

const (
	newFor = 30 * 24 * time.Hour // an account is new
	// linksOfNew is how many links to older people new accounts may have, as the
	// mean of those that have one. Trust holds a ring of fakes with 2 accepted
	// links each and breaks between 2 and 4 (section 6).
	linksOfNew   = 2.0
	fewestNew    = 20                  // new accounts with links; of fewer a mean says nothing
	activeFor    = 90 * 24 * time.Hour // after something has happened
	fewestActive = 1000                // people, of whom a distribution says something
	driftOver    = 30 * 24 * time.Hour // the distribution is compared with the one of so long ago
)

// Figures are what a night has found out, for whoever watches.
type Figures struct {
	AsOf          time.Time
	People        int
	Took          time.Duration
	NewAccounts   int     // that older people have accepted links of
	LinksOfNew    float64 // such links, for each of these accounts
	Active        int     // people
	Stability     float64 // index of their scores since 30 days ago; NaN: there is nothing to compare
	counted, made bool    // everybody was counted by this node, which made the trust as well
}

// newcomers counts links between accounts that are new at a moment and older
// ones: those that somebody who was here before has accepted. Links of the new
// among themselves cost them nothing and are not counted. Those who are older
// than their ids are no newcomers.
func newcomers(g *trust.Graph, people []id.ID, asOf time.Time, older map[id.ID]bool) (accounts, links int) {
	since := id.First(asOf.Add(-newFor))
	for v := len(people) - 1; v >= 0 && people[v] >= since; v-- {
		if older[people[v]] {
			continue
		}
		accepted := 0
		for _, u := range g.Neighbours(trust.Node(v)) { //nolint:gosec // fewer than trust.MaxNodes
			if people[u] < since {
				accepted++
			}
		}
		if links += accepted; accepted > 0 {
			accounts++
		}
	}
	return accounts, links
}

// active tells whether anything happened lately that somebody did.
func active(events []Event, asOf time.Time) bool {
	since := asOf.Add(-activeFor)
	for i := range events {
		switch e := &events[i]; e.Kind {
		case model.Settled, model.ObligationKept, model.ObligationBroken, model.ItemPosted, model.ContactAccepted, model.ContactAnswered:
			if e.At.After(since) && !e.At.After(asOf) {
				return true
			}
		default:
		}
	}
	return false
}

// judge compares what a night has found with what should be.
func (s *Service) judge(ctx context.Context, f *Figures, spread *model.Spread) error {
	f.Active, f.Stability = spread.Total(), math.NaN()
	if f.made && f.NewAccounts >= fewestNew && f.LinksOfNew > linksOfNew {
		s.alarm(alarmLinks, "accepted_links", fmt.Sprintf("%.1f", f.LinksOfNew), "limit", linksOfNew, "new_accounts", f.NewAccounts)
	}
	if !f.counted || f.Active < fewestActive {
		return nil
	}
	for _, r := range model.Ranges() {
		if share, inside := spread.Share(r); !inside {
			s.alarm(alarmSpread, "scores", r.Name, "percent", fmt.Sprintf("%.1f", share), "wanted", fmt.Sprintf("%.0f to %.0f", r.Low, r.High), "active", f.Active)
		}
	}
	before, err := spreadBefore(ctx, s.pool, f.AsOf, f.AsOf.Add(-driftOver))
	if err != nil {
		return err
	}
	n := 0
	for _, people := range before {
		n += people
	}
	if n < fewestActive {
		return nil
	}
	if f.Stability = model.Stability(before, spread.Bins()); f.Stability > model.DriftAlarm {
		s.alarm(alarmDrift, "stability_index", fmt.Sprintf("%.3f", f.Stability), "limit", model.DriftAlarm, "active", f.Active)
	}
	return nil
}

func (s *Service) alarm(what string, details ...any) {
	s.Log.Error("scores need somebody who looks", append([]any{"alarm", what}, details...)...)
	s.Alarm(what)
}
