package model

import (
	"time"

	"lifecircle/internal/creditscore/trust"
	"lifecircle/internal/id"
)

// Version is the model, its curves and its explanations.
const Version = "lc-1.0.0"

// Band names a range of scores.
type Band string

// The bands of section 3.
const (
	NewOrWeak     Band = "new"        // below 550
	Fair          Band = "fair"       // 550 to 599
	GoodBand      Band = "good"       // 600 to 649
	VeryGood      Band = "very_good"  // 650 to 699
	SuperGoodBand Band = "super_good" // from 700
)

// BandOf returns the band of a score.
func BandOf(score int) Band {
	switch {
	case score < 550:
		return NewOrWeak
	case score < 600:
		return Fair
	case score < 650:
		return GoodBand
	case score < SuperGood:
		return VeryGood
	default:
		return SuperGoodBand
	}
}

// Part is one of the five that a score is made of; its items add up to it.
type Part struct {
	ID     string `json:"id"`
	Points int    `json:"points"`
	Max    int    `json:"max"`
	Items  []Item `json:"items"`
}

// Item is a line of a part.
type Item struct {
	ID     string `json:"id"`
	Value  int    `json:"value"` // the count that is behind the points
	Points int    `json:"points"`
	Max    int    `json:"max"`
	Next   string `json:"next,omitempty"` // the next gain and what it takes
}

// Taken is a penalty as it counts at a date.
type Taken struct {
	Code     Code   `json:"code"`
	Points   int    `json:"points"` // below zero
	At       string `json:"at"`     // date
	HalfLife int    `json:"half_life_days"`
	Appeal   string `json:"appeal"`
}

// Gate is one of the two that may end a score early.
type Gate struct {
	ID     string       `json:"id"`
	Passed bool         `json:"passed"`
	Margin trust.Margin `json:"margin,omitempty"` // of trust only; never a number
}

// Result is a score and what adds up to it:
//
//	350 + parts + penalties = Raw
//	Score = Raw, at most Gate, within 350 and 950
type Result struct {
	Score     int
	Raw       int
	Gate      int // 950, 700, 600, or 0 where the identity was revoked
	Parts     []Part
	Penalties []Taken
	Gates     []Gate
}

// Score computes the score of a date from what was folded for it. The same
// inputs, trust and date give the same result always, everywhere.
func Score(in Inputs, t Trust, date time.Time) Result {
	f := weigh(in, t, date)
	r := Result{Score: final(&f), Raw: raw(&f), Gate: gate(&f), Parts: parts(&f, &in), Penalties: []Taken{}}
	for _, p := range in.Penalties {
		if points := p.pointsAt(date); points < 0 {
			r.Penalties = append(r.Penalties, Taken{p.Code, points, dateOf(p.At.In(date.Location())), halfLifeDays, appealPath(p.Event)})
		}
	}
	margin := trust.MarginOf(f.own, t.Threshold, t.Near)
	if in.SupposedTrusted {
		margin = trust.OK
	}
	r.Gates = []Gate{
		{ID: "identity", Passed: !f.revoked && f.level >= LevelDocument},
		{ID: "trust", Passed: f.trusted, Margin: margin},
	}
	return r
}

// Points is Score without its explanation, for those who need the number only.
func Points(in Inputs, t Trust, date time.Time) int {
	f := weigh(in, t, date)
	return final(&f)
}

func appealPath(event id.ID) string { return "/v1/appeals?event=" + event.String() }

func dateOf(t time.Time) string { return t.Format(time.DateOnly) }

// parts writes out what the curves earn, in the order of curves.
func parts(f *figures, in *Inputs) []Part {
	items := func(all ...Item) []Item { return all }
	out := []Part{
		{ID: "history", Max: 210, Items: items(
			Item{ID: "clean_months", Value: f.cleanMonths, Max: 100},
			Item{ID: "counterparties", Value: f.counterparties, Max: 60},
			Item{ID: "reversals", Value: f.reversals, Max: 50})},
		{ID: "fulfilment", Max: 150, Items: items(
			Item{ID: "obligations", Value: f.kept, Max: 110},
			Item{ID: "negative_days", Value: f.negativeDays, Max: 40})},
		{ID: "conduct", Max: 120, Items: items(
			Item{ID: "conduct_reports", Value: len(in.Reports) + len(in.Removals), Max: 60},
			Item{ID: "conduct_appreciation", Value: f.people / appreciationMonths, Max: 40},
			Item{ID: "conduct_months", Value: f.months, Max: 20})},
		{ID: "identity", Max: 90, Items: items(
			Item{ID: "identity_level", Value: int(f.level), Max: 65},
			Item{ID: "identity_months", Value: f.months, Max: 15},
			Item{ID: "identity_attribute", Value: int(one(f.attribute)), Max: 10})},
		{ID: "connections", Max: 30, Items: items(Item{ID: "contacts", Value: len(in.Contacts), Max: 30})},
	}
	for i, earned := range curves(f) {
		sum, rounded := whole(earned)
		out[i].Points = sum
		for j := range out[i].Items {
			out[i].Items[j].Points = rounded[j]
			out[i].Items[j].Next = next(f, out[i].Items[j].ID)
		}
	}
	return out
}
