package model_test

import (
	"testing"

	"pgregory.net/rapid"

	"lifecircle/internal/creditscore/model"
)

func TestNext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		previous, computed int
		change             model.Change
		want               int
	}{
		"a first score is not capped":            {0, 702, model.Change{Step: model.First}, 702},
		"a night up":                             {700, 760, model.Change{Step: model.Night, Nights: 1}, 710},
		"the last of the way":                    {755, 760, model.Change{Step: model.Night, Nights: 1}, 760},
		"three nights, of which two were missed": {700, 760, model.Change{Step: model.Night, Nights: 3}, 730},
		"a night down, whole":                    {760, 700, model.Change{Step: model.Night, Nights: 1}, 700},
		"a penalty at once":                      {760, 700, model.Change{Step: model.Sanction}, 700},
		"a penalty while rising":                 {640, 700, model.Change{Step: model.Sanction}, 640},
		"an appeal at once":                      {700, 765, model.Change{Step: model.Appeal, Before: 760}, 760},
		"an appeal after other falls":            {700, 720, model.Change{Step: model.Appeal, Before: 760}, 720},
		"an appeal lowers nothing":               {700, 690, model.Change{Step: model.Appeal, Before: 760}, 700},
	} {
		if got := model.Next(c.previous, c.computed, c.change); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// A penalty lowers what is published by no more than itself, never raises it,
// and night after night the published score reaches the computed one.
func TestPublishedFollowsComputed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in, lookup := inputs().Draw(t, "inputs"), trusts().Draw(t, "trust")
		computed := model.Points(in, lookup, today())
		published := rapid.IntRange(350, computed).Draw(t, "published")
		fallen := model.Next(published, model.Points(in.WithPenalty(model.Penalty{Event: 9, Code: model.SevereReport, At: today()}), lookup, today()), model.Change{Step: model.Sanction})
		if fallen > published || fallen < published-60 {
			t.Fatalf("%d falls to %d", published, fallen)
		}
		for nights := 0; fallen != computed; nights++ {
			up := model.Next(fallen, computed, model.Change{Step: model.Night, Nights: 1})
			if up > fallen+10 || up < fallen || nights > 60 {
				t.Fatalf("%d after %d, towards %d", up, fallen, computed)
			}
			fallen = up
		}
	})
}
