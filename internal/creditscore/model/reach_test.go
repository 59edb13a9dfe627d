package model_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"lifecircle/internal/creditscore/model"
)

// T8, second half: every gain of the way to 751 is what Score gives when the
// action is done to the inputs, the target is then reached, and the date is the
// first on which +10 a night publish it.
func TestToReachIsProvenByReplay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in, lookup := inputs().Draw(t, "inputs"), trusts().Draw(t, "trust")
		published := model.Points(in, lookup, today())
		if published > 360 && rapid.Bool().Draw(t, "rising") {
			published = rapid.IntRange(350, published).Draw(t, "published")
		}
		path := model.ToReach(in, lookup, model.Target, today(), published)
		if (path == nil) != (published >= model.Target) {
			t.Fatalf("published %d: %+v", published, path)
		}
		if path != nil {
			replay(t, in, lookup, path, published)
		}
	})
}

func replay(t *rapid.T, in model.Inputs, lookup model.Trust, path *model.Path, published int) {
	at, score, promised := today(), model.Points(in, lookup, today()), true
	computed := score
	for _, a := range path.Cheapest {
		in = a.Apply(in)
		if a.Do == model.Wait {
			at = at.AddDate(0, 0, a.N)
		}
		after := model.Points(in, lookup, at)
		if after-score != a.Gain {
			t.Fatalf("%+v gains %d", a, after-score)
		}
		score = after
		promised = promised && a.Do != model.VouchedFor
	}
	if reached := score >= path.Target; (reached && promised) != (path.ReachableBy != "") {
		t.Fatalf("score %d after %+v", score, path)
	}
	if path.ReachableBy == "" {
		return
	}
	by, err := time.Parse(time.DateOnly, path.ReachableBy)
	if err != nil {
		t.Fatal(err)
	}
	nights := int(by.Sub(today().Truncate(24*time.Hour)) / (24 * time.Hour))
	lead := leadOf(path)
	up := func(nights int) int {
		now := published
		for n := range nights {
			towards := computed
			if n >= lead {
				towards = max(score, computed)
			}
			now = max(now, model.Next(now, towards, model.Change{Step: model.Night, Nights: 1}))
		}
		return now
	}
	if up(nights) < path.Target || nights > lead && up(nights-1) >= path.Target {
		t.Fatalf("published %d, computed %d, then %d after %d days; on %s it is %d, the night before %d", published, computed, score, lead, path.ReachableBy, up(nights), up(nights-1))
	}
}

// leadOf says how long actions take, independently of the model's own table.
func leadOf(path *model.Path) (days int) {
	for _, a := range path.Cheapest {
		switch a.Do {
		case model.CleanMonths:
			y, m, _ := today().Date()
			days = max(days, int(time.Date(y, m+time.Month(a.N), 1, 0, 0, 0, 0, time.UTC).Sub(today().Truncate(24*time.Hour))/(24*time.Hour)))
		case model.Appreciation:
			days = max(days, 365)
		case model.NewPartners, model.KeepPromises, model.Wait:
			days = max(days, a.N)
		default:
		}
	}
	return days
}

// The example of section 5: 731 points and identity level 3 missing make 751
// in two nights.
func TestExampleOfTheSpecification(t *testing.T) {
	t.Parallel()
	in := at731(t)
	path := model.ToReach(in, everybody(), 751, today(), 731)
	if path == nil || len(path.Cheapest) != 1 || path.Cheapest[0] != (model.Action{Do: model.Identity3, Gain: 20}) || path.ReachableBy != "2026-11-24" {
		t.Errorf("%+v", path)
	}
}

// at731 has level 2, an attribute, no contact to gain and 731 points.
func at731(t *testing.T) model.Inputs {
	t.Helper()
	for months := range 37 {
		for kept := 20; kept < 300; kept++ {
			in := rich()
			in.Levels[2] = time.Time{}
			in.CleanMonths, in.Kept, in.Items = months, kept, 20
			in.Counterparties, in.Appreciations = in.Counterparties[:60], in.Appreciations[:20]
			if model.Points(in, everybody(), today()) == 731 {
				return in
			}
		}
	}
	t.Fatal("no inputs give 731")
	return model.Inputs{}
}

// Whoever is behind a gate is shown the way through it first.
func TestGatesComeFirst(t *testing.T) {
	t.Parallel()
	in := rich()
	in.Levels = [3]time.Time{}
	path := model.ToReach(in, everybody(), 751, today(), 600)
	if path.Cheapest[0].Do != model.Identity2 || path.ReachableBy == "" {
		t.Errorf("without a document: %+v", path)
	}
	path = model.ToReach(rich(), hashedFriends(0.1), 751, today(), 700)
	if path.Cheapest[0].Do != model.VouchedFor || path.ReachableBy != "" {
		t.Errorf("without trust: %+v", path)
	}
	in = rich()
	in.Penalties = []model.Penalty{{Event: 1, Code: model.KickBack, At: today()}, {Event: 2, Code: model.KickBack, At: today()}}
	path = model.ToReach(in, everybody(), 751, today(), model.Points(in, everybody(), today()))
	if path.Cheapest[0].Do != model.Wait || path.ReachableBy == "" {
		t.Errorf("with all that can be had and two penalties: %+v", path)
	}
	if fewer := rich().VouchesLeft(model.Points(rich(), everybody(), today())); fewer != 5 {
		t.Errorf("%d vouches left", fewer)
	}
}
