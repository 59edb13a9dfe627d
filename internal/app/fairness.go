package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
	"lifecircle/internal/identity"
)

const (
	fairnessGroup  = 100 // people; smaller groups are left out
	fairnessPassed = 20  // people above 750 in the groups that are compared; of fewer a ratio says nothing
)

// fairness counts who is above 750 by what is verified of people. Only here do
// traits and scores meet, and nothing of it goes back to a score.
type fairness map[string]map[string]model.Group // by trait, then by group

// ReportFairness writes how the shares of people above 750 differ by gender, age
// and city. A ratio below 0.8 asks for a review; where there are too few people
// to say anything, it says so.
func ReportFairness(ctx context.Context, s *creditscore.Service, out io.Writer) error {
	f, now := fairness{"gender": {}, "age": {}, "city": {}}, time.Now()
	err := s.Published(ctx, func(ctx context.Context, tx pgx.Tx, scores map[id.ID]int) error {
		rights, err := identity.ReadRights(ctx, tx, slices.Collect(maps.Keys(scores))...)
		if err != nil {
			return err
		}
		for user, score := range scores {
			f.add(rights[user].At(now), score)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("compare scores by traits: %w", err)
	}
	for _, trait := range slices.Sorted(maps.Keys(f)) {
		if _, err := fmt.Fprintln(out, f.line(trait)); err != nil {
			return err
		}
	}
	return nil
}

func (f fairness) add(v identity.Valid, score int) {
	age := ""
	switch {
	case v.Age == 0:
	case v.Age < 26:
		age = "up to 25"
	case v.Age < 36:
		age = "26 to 35"
	case v.Age < 51:
		age = "36 to 50"
	default:
		age = "51 and more"
	}
	for trait, name := range map[string]string{"gender": v.Gender, "age": age, "city": v.City} {
		if name == "" {
			continue // nothing is verified
		}
		g := f[trait][name]
		g.Name = name
		g.Total++
		if score >= model.Target {
			g.Passed++
		}
		f[trait][name] = g
	}
}

// line says what a trait comes to.
func (f fairness) line(trait string) string {
	var groups []model.Group
	passed := 0
	for _, g := range f[trait] {
		if g.Total >= fairnessGroup {
			groups, passed = append(groups, g), passed+g.Passed
		}
	}
	rate := func(g model.Group) float64 { return 100 * float64(g.Passed) / float64(g.Total) }
	slices.SortFunc(groups, func(a, b model.Group) int { return cmp.Or(cmp.Compare(rate(a), rate(b)), cmp.Compare(a.Name, b.Name)) })
	switch {
	case len(groups) < 2:
		return fmt.Sprintf("%s: says nothing yet: %d groups have %d people or more, and 2 are needed.", trait, len(groups), fairnessGroup)
	case passed < fairnessPassed:
		return fmt.Sprintf("%s: says nothing yet: %d people are above 750, and %d are needed.", trait, passed, fairnessPassed)
	}
	low, high := groups[0], groups[len(groups)-1]
	ratio, review := model.Fairness(groups, fairnessGroup)
	verdict := "within bounds"
	if review {
		verdict = "OPEN A REVIEW"
	}
	return fmt.Sprintf("%s: ratio %.2f, %s. Above 750 are %.1f %% of %s (%d of %d) and %.1f %% of %s (%d of %d).",
		trait, ratio, verdict, rate(low), low.Name, low.Passed, low.Total, rate(high), high.Name, high.Passed, high.Total)
}
