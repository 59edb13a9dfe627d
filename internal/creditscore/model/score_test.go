package model_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/creditscore/trust"
	"lifecircle/internal/id"
)

// The table of section 3, worked out by hand.
func TestCurves(t *testing.T) {
	t.Parallel()
	blank := func(with func(in *model.Inputs)) model.Inputs {
		in := model.Inputs{User: me, Joined: today()}
		with(&in)
		return in
	}
	partners := func(in *model.Inputs, n int) {
		for i := range n {
			in.Counterparties = append(in.Counterparties, id.ID(100+i))
		}
	}
	for _, c := range []struct {
		name, item   string
		in           model.Inputs
		value, worth int
	}{
		{"29 clean months: 100 (29/36)^1.4 = 73.9", "clean_months", blank(func(in *model.Inputs) { in.CleanMonths = 29; partners(in, 1) }), 29, 74},
		{"clean months with nobody earn nothing", "clean_months", blank(func(in *model.Inputs) { in.CleanMonths = 29 }), 29, 0},
		{"112 counterparties: 60 sqrt(0.56) = 44.9", "counterparties", blank(func(in *model.Inputs) { partners(in, 112) }), 112, 45},
		{"1 reversal of 72 transactions: 50 (1 - 35/87) = 29.9", "reversals", blank(func(in *model.Inputs) { in.Reversals = 1; in.Transactions = 72; partners(in, 1) }), 1, 30},
		{"none of none: 50 (1 - 10/15) = 16.7", "reversals", blank(func(*model.Inputs) {}), 0, 17},
		{"nothing kept yet", "obligations", blank(func(*model.Inputs) {}), 0, 0},
		{"12 kept: W = 14/(14+2.706) = 0.838", "obligations", blank(func(in *model.Inputs) { in.Kept = 12 }), 12, 22},
		{"300 kept: W > 0.99", "obligations", blank(func(in *model.Inputs) { in.Kept = 300 }), 300, 110},
		{"15 days below zero", "negative_days", blank(func(in *model.Inputs) { in.NegativeDays = 15 }), 15, 20},
		{"no report, nothing posted: 60 (1 - 30/45)", "conduct_reports", blank(func(*model.Inputs) {}), 0, 20},
		{"an item removed by somebody of median trust, 45 items: 60 (1 - 90/90)", "conduct_reports", blank(func(in *model.Inputs) {
			in.Items, in.Removals = 45, []model.Removal{{By: 8, At: today()}}
			partners(in, 1)
		}), 1, 0},
		{"150 people a month", "conduct_appreciation", blank(func(in *model.Inputs) {
			for i := range 150 {
				in.Appreciations = append(in.Appreciations, model.Crowd{Person: id.ID(100 + i), Months: 12})
			}
		}), 150, 40},
		{"18 months", "conduct_months", blank(func(in *model.Inputs) { in.Joined = today().AddDate(0, -18, 0) }), 18, 10},
		{"a day short of 18 months", "conduct_months", blank(func(in *model.Inputs) { in.Joined = today().AddDate(0, -18, 1) }), 17, 9},
		{"level 1", "identity_level", blank(func(in *model.Inputs) { in.Levels[0] = today().AddDate(1, 0, 0) }), 1, 15},
		{"level 2", "identity_level", blank(func(in *model.Inputs) { in.Levels[1] = today().AddDate(1, 0, 0) }), 2, 45},
		{"level 3", "identity_level", blank(func(in *model.Inputs) { in.Levels[2] = today().AddDate(1, 0, 0) }), 3, 65},
		{"expired now", "identity_level", blank(func(in *model.Inputs) { in.Levels[2] = today() }), 0, 0},
		{"9 contacts", "contacts", blank(func(in *model.Inputs) {
			for i := range 9 {
				in.Contacts = append(in.Contacts, id.ID(100+i))
			}
		}), 9, 27},
	} {
		if got := item(t, model.Score(c.in, everybody(), today()), c.item); got.Value != c.value || got.Points != c.worth {
			t.Errorf("%s: %+v, want value %d and %d points", c.name, got, c.value, c.worth)
		}
	}
}

func TestPenaltiesFade(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code      model.Code
		days, cut int
	}{
		{model.ChargebackLost, 0, 40},
		{model.ChargebackLost, 180, 20},
		{model.ChargebackLost, 292, 13}, // as in section 5
		{model.SevereReport, 180, 30},
		{model.KickBack, 360, 38},
		{model.VouchedSanctioned, 0, 20},
		{model.VouchedSanctioned, 3000, 0},
	} {
		in := rich()
		before := model.Score(in, everybody(), today())
		in.Penalties = []model.Penalty{{Event: 77, Code: c.code, At: today().AddDate(0, 0, -c.days)}}
		after := model.Score(in, everybody(), today())
		if before.Raw-after.Raw != c.cut || len(after.Penalties) != int(math.Min(1, float64(c.cut))) {
			t.Errorf("%s after %d days takes %d and is shown as %+v, want %d", c.code, c.days, before.Raw-after.Raw, after.Penalties, c.cut)
		}
	}
}

func TestGates(t *testing.T) {
	t.Parallel()
	in := rich()
	if r := model.Score(in, everybody(), today()); r.Raw != 949 && r.Raw != 950 || r.Score != r.Raw {
		t.Errorf("everything earns %d", r.Raw)
	}
	in.Levels[1], in.Levels[2] = time.Time{}, time.Time{}
	if r := model.Score(in, everybody(), today()); r.Score != 600 || r.Gates[0].Passed || !r.Gates[1].Passed {
		t.Errorf("without a document: %d, %+v", r.Score, r.Gates)
	}
	for own, want := range map[float64]trust.Margin{0: trust.Low, 0.499: trust.Low, 0.5: trust.Near, 0.6: trust.OK} {
		r := model.Score(rich(), hashedFriends(own), today())
		if r.Gates[1].Margin != want || r.Gates[1].Passed != (want != trust.Low) || (r.Score == 700) != (want == trust.Low) {
			t.Errorf("trust %v: %d, %+v", own, r.Score, r.Gates)
		}
	}
	if r := model.Score(rich().WithRevoked(), everybody(), today()); r.Score != 350 || r.Gate != 0 {
		t.Errorf("revoked: %d, gate %d", r.Score, r.Gate)
	}
}

// A removed item counts as far as whoever removed it is trusted: a stranger with
// a circle of his own cannot hurt, and somebody with twice the median trust
// hurts as an upheld report does.
func TestARemovalCountsByTheTrustOfWhoRemoves(t *testing.T) {
	t.Parallel()
	reports := func(in model.Inputs, trust float64) int {
		lookup := everybody()
		lookup.Of = func(of id.ID) float64 {
			if of == 999 {
				return trust
			}
			return 1
		}
		return item(t, model.Score(in, lookup, today()), "conduct_reports").Points
	}
	none, removed, reported := rich(), rich(), rich()
	none.Items, removed.Items, reported.Items = 100, 100, 100
	removed.Removals = []model.Removal{{By: 999, At: today().AddDate(0, 0, -180)}}
	reported.Reports = []time.Time{today().AddDate(0, 0, -180)}
	if reports(removed, 0) != reports(none, 0) || reports(removed, 2) != reports(reported, 0) || reports(reported, 0) >= reports(none, 0) {
		t.Errorf("none %d, by a stranger %d, by somebody trusted %d, reported %d", reports(none, 0), reports(removed, 0), reports(removed, 2), reports(reported, 0))
	}
	half := reports(removed, 0.5)
	if half <= reports(removed, 1) || half >= reports(none, 0) {
		t.Errorf("by half the median: %d", half)
	}
}

// hashedFriends: the user has the given trust, all others the median.
func hashedFriends(own float64) model.Trust {
	t := everybody()
	t.Of = func(of id.ID) float64 {
		if of == me {
			return own
		}
		return 1
	}
	return t
}

// T8, first half: everything adds up, whatever the inputs, and stays in its bounds.
func TestEverythingAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in, lookup := inputs().Draw(t, "inputs"), trusts().Draw(t, "trust")
		r := model.Score(in, lookup, today())
		total := 350
		for _, p := range r.Parts {
			items := 0
			for _, i := range p.Items {
				items += i.Points
				if i.Points < 0 || i.Points > i.Max {
					t.Fatalf("%+v", i)
				}
			}
			if items != p.Points || p.Points > p.Max {
				t.Fatalf("items make %d of %+v", items, p)
			}
			total += p.Points
		}
		for _, p := range r.Penalties {
			total += p.Points
		}
		if total != r.Raw || r.Score != max(350, min(950, r.Raw, r.Gate)) {
			t.Fatalf("parts make %d, raw is %d, gate %d, score %d", total, r.Raw, r.Gate, r.Score)
		}
		if got := model.Points(in, lookup, today()); got != r.Score {
			t.Fatalf("Points says %d, Score %d", got, r.Score)
		}
	})
}

// T2: one more of what is good never lowers a score.
func TestMonotone(t *testing.T) {
	t.Parallel()
	better := map[string]func(in *model.Inputs){
		"a clean month":  func(in *model.Inputs) { in.CleanMonths = min(36, in.CleanMonths+1); in.Transactions += 3 },
		"a transaction":  func(in *model.Inputs) { in.Transactions++ },
		"a kept promise": func(in *model.Inputs) { in.Kept++ },
		"an item":        func(in *model.Inputs) { in.Items++ },
		"a higher level": func(in *model.Inputs) { in.Levels[min(2, int(in.LevelAt(today())))] = today().AddDate(1, 0, 0) },
		"an attribute":   func(in *model.Inputs) { in.Attributes[model.Employee] = today().AddDate(1, 0, 0) },
		"a month more":   func(in *model.Inputs) { in.Joined = in.Joined.AddDate(0, -1, 0) },
		"a contact":      func(in *model.Inputs) { in.Contacts = append(in.Contacts[:len(in.Contacts):len(in.Contacts)], 999) },
		"an admirer": func(in *model.Inputs) {
			in.Appreciations = append(in.Appreciations[:len(in.Appreciations):len(in.Appreciations)], model.Crowd{Person: 999, Months: 1})
		},
		"a reversal less":       func(in *model.Inputs) { in.Reversals = max(0, in.Reversals-1) },
		"a broken promise less": func(in *model.Inputs) { in.Broken = max(0, in.Broken-1) },
		"no penalty":            func(in *model.Inputs) { in.Penalties = nil },
		"no report":             func(in *model.Inputs) { in.Reports = nil },
		"no removal":            func(in *model.Inputs) { in.Removals = nil },
	}
	rapid.Check(t, func(t *rapid.T) {
		in, lookup := inputs().Draw(t, "inputs"), trusts().Draw(t, "trust")
		before := model.Score(in, lookup, today())
		for name, change := range better {
			after := in
			change(&after)
			if r := model.Score(after, lookup, today()); r.Raw < before.Raw || r.Score < before.Score {
				t.Fatalf("%s: %d (raw %d), before %d (raw %d)", name, r.Score, r.Raw, before.Score, before.Raw)
			}
		}
	})
}

// T4: whoever your contact is, he moves your score by 3 at most, and all of
// them together by 30.
func TestNeighboursAreBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in, lookup := inputs().Draw(t, "inputs"), trusts().Draw(t, "trust")
		friend := rapid.Float64Range(0, 100).Draw(t, "trust of the friend")
		others := lookup.Of
		lookup.Of = func(of id.ID) float64 {
			if of == 999 {
				return friend
			}
			return others(of)
		}
		alone := in
		alone.Contacts = nil
		with := in
		with.Contacts = append(in.Contacts[:len(in.Contacts):len(in.Contacts)], 999)
		none, some, one := model.Points(alone, lookup, today()), model.Points(in, lookup, today()), model.Points(with, lookup, today())
		if one-some > 3 || one < some || some-none > 30 || one-none > 30 {
			t.Fatalf("without contacts %d, with %d, with the friend %d", none, some, one)
		}
	})
}

// T12: what lies at the edge of the comment gate is a whole number that is the
// sum of its parts: 749, 750 and 751 come from inputs a point apart.
func TestEdgeOfTheCommentGate(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for months := range 37 {
		for level := range 3 {
			for kept := 0; kept < 300; kept += 5 {
				in := rich()
				in.CleanMonths, in.Kept, in.Items = months, kept, 20
				in.Levels[2] = today().AddDate(0, 0, level)
				score := model.Points(in, everybody(), today())
				seen[score] = true
				if open := score > 750; open != (score >= model.Target) {
					t.Fatalf("%d", score)
				}
			}
		}
	}
	for _, score := range []int{749, 750, 751} {
		if !seen[score] {
			t.Errorf("no inputs give %d", score)
		}
	}
	for score, band := range map[int]model.Band{350: "new", 549: "new", 550: "fair", 599: "fair", 600: "good", 649: "good", 650: "very_good", 699: "very_good", 700: "super_good", 950: "super_good"} {
		if model.BandOf(score) != band {
			t.Errorf("%d is %s", score, model.BandOf(score))
		}
	}
}
