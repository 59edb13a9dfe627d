package population

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
)

// Act is something that happened, with what it was worth.
type Act struct {
	model.Event
	Amount int64 // fen; of transactions
}

// Events returns the score events of acts: what they were worth is left out.
func Events(acts []Act) []model.Event {
	events := make([]model.Event, len(acts))
	for i, a := range acts {
		events[i] = a.Event
	}
	return events
}

// life writes a person's history.
type life struct {
	w        *World
	person   int
	r        *rand.Rand
	acts     []Act
	partners []id.ID
}

// History returns a person's acts in the order in which they happened, the
// same every time.
func (w *World) History(i int) []Act {
	l := &life{w: w, person: i, r: w.person(i, 1)}
	p := w.People[i]
	joined := w.AsOf.AddDate(0, -p.Months, -l.r.IntN(28))
	l.add(joined, model.Event{Kind: model.Joined})
	for level := model.LevelPhone; level <= p.Level; level++ {
		l.add(joined.AddDate(0, 0, 1+int(level)), model.Event{Kind: model.IdentityVerified, Level: level})
	}
	if l.r.Float64() < 0.35 {
		l.add(joined.AddDate(0, 1, 0), model.Event{Kind: model.AttributeVerified, Attribute: model.Attribute(l.r.IntN(2)), Until: w.AsOf.AddDate(0, l.r.IntN(24)-4, 0)}) //nolint:gosec // 0 or 1
	}
	l.contacts(joined)
	l.rates(p).live(l, joined)
	slices.SortFunc(l.acts, func(a, b Act) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	for n := range l.acts {
		l.acts[n].ID = id.ID(n + 1)
	}
	return l.acts
}

func (l *life) add(at time.Time, e model.Event) {
	if at.After(l.w.AsOf) {
		return
	}
	e.ID, e.User, e.At = id.ID(len(l.acts)), ID(l.person), at
	l.acts = append(l.acts, Act{Event: e})
}

// contacts accepts those that the links have, and nearly all of them answer.
func (l *life) contacts(joined time.Time) {
	for _, other := range l.w.contacts[l.person] {
		at := joined.Add(time.Duration(l.r.Float64() * 0.9 * float64(l.w.AsOf.Sub(joined))))
		l.add(at, model.Event{Kind: model.ContactAccepted, Other: ID(int(other))})
		if l.r.Float64() < 0.9 {
			l.add(at.Add(time.Hour), model.Event{Kind: model.ContactAnswered, Other: ID(int(other))})
		}
	}
}

// rates are how often things happen in a month.
type rates struct {
	transactions, obligations, items, appreciators float64
	reversal, broken, report                       float64 // chances for each
	negative, penalty                              float64 // in the last year: days, chance
}

func (l *life) rates(p Person) rates {
	z := func(of float64) float64 { return 0.5*of + 0.85*l.r.NormFloat64() }
	return rates{
		transactions: rate(2.68, 0.46, z(p.active), 40),
		obligations:  rate(0.50, 0.58, z(p.active), 25),
		items:        rate(3.0, 0.5, z(p.active), 25),
		appreciators: rate(7, 0.8, z(p.active), 180),
		reversal:     rate(0.012, 0.6, -z(p.care), 0.2),
		broken:       rate(0.024, 0.5, -z(p.care), 0.3),
		report:       rate(0.0012, 1.0, -z(p.care), 0.05),
		negative:     rate(0.5, 1.5, -z(p.care), 40),
		penalty:      rate(0.012, 1.0, -z(p.care), 0.3),
	}
}

// live goes through the months until now; more than 38 ago nothing is written,
// for no score counts it.
func (r rates) live(l *life, joined time.Time) {
	for m := min(l.w.People[l.person].Months, 38); m >= 0; m-- {
		from := l.w.AsOf.AddDate(0, -m, 0)
		if from.Before(joined) {
			from = joined
		}
		length := 30 * 24 * time.Hour
		at := func() time.Time { return from.Add(time.Duration(l.r.Int64N(int64(length)))) }
		for range poisson(l.r, r.transactions) {
			l.transaction(at(), r.reversal)
		}
		l.repeat(poisson(l.r, r.obligations), at, r.broken, model.ObligationKept, model.ObligationBroken)
		l.repeat(poisson(l.r, r.items), at, r.report, model.ItemPosted, model.ReportUpheld)
		if m <= 14 {
			for range poisson(l.r, r.appreciators) {
				l.add(at(), model.Event{Kind: model.Appreciated, Other: l.somebody()})
			}
			for range poisson(l.r, r.negative/12) {
				l.add(at(), model.Event{Kind: model.NegativeDay})
			}
		}
	}
	if l.r.Float64() < r.penalty {
		codes := []model.Code{model.ChargebackLost, model.SevereReport, model.VouchedSanctioned, model.KickBack}
		weight := l.r.Float64()
		l.add(l.w.AsOf.AddDate(0, 0, -l.r.IntN(500)), model.Event{Kind: model.Penalised, Code: codes[int(4*weight*weight)]})
	}
}

// repeat adds n events of a kind, each of which goes wrong with a chance: then
// it is the other kind, and for items both.
func (l *life) repeat(n int, at func() time.Time, chance float64, good, bad model.Kind) {
	for range n {
		when, wrong := at(), l.r.Float64() < chance
		if !wrong || good == model.ItemPosted {
			l.add(when, model.Event{Kind: good})
		}
		if wrong {
			l.add(when, model.Event{Kind: bad})
		}
	}
}

// transaction is with somebody new more often than not.
func (l *life) transaction(at time.Time, reversal float64) {
	other := l.somebody()
	if len(l.partners) > 0 && l.r.Float64() < 0.45 {
		other = l.partners[l.r.IntN(len(l.partners))]
	} else {
		l.partners = append(l.partners, other)
	}
	before := len(l.acts)
	l.add(at, model.Event{Kind: model.Settled, Other: other})
	if l.r.Float64() < reversal {
		l.add(at.AddDate(0, 0, 3), model.Event{Kind: model.Reversed, Other: other})
	}
	for n := before; n < len(l.acts); n++ {
		l.acts[n].Amount = 100 + l.r.Int64N(50_000)
	}
}

func (l *life) somebody() id.ID {
	other := l.r.IntN(len(l.w.People))
	return ID(cmp.Or(other, 1))
}
