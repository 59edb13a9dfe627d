package model_test

import (
	"hash/fnv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
)

const me id.ID = 7

func date(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t.Add(4 * time.Hour)
}

func today() time.Time { return date("2026-11-22") }

// everybody is a table in which everybody has the median trust.
func everybody() model.Trust {
	return model.Trust{Run: "everybody", Threshold: 0.5, Near: 0.6, Of: func(id.ID) float64 { return 1 }}
}

// hashed is a table in which everybody has some trust, from 0 to 1.5, and the
// user has what is given.
func hashed(own float64) model.Trust {
	return model.Trust{Run: "hashed", Threshold: 0.5, Near: 0.6, Of: func(of id.ID) float64 {
		if of == me {
			return own
		}
		h := fnv.New32a()
		_, _ = h.Write([]byte(of.String()))
		return float64(h.Sum32()%1000) / 666
	}}
}

func trusts() *rapid.Generator[model.Trust] {
	return rapid.Custom(func(t *rapid.T) model.Trust {
		if rapid.Bool().Draw(t, "all trusted") {
			return everybody()
		}
		return hashed(rapid.Float64Range(0, 1.2).Draw(t, "own trust"))
	})
}

func people(t *rapid.T, most int, label string) []id.ID {
	var out []id.ID
	for i := range rapid.IntRange(0, most).Draw(t, label) {
		out = append(out, id.ID(100+i))
	}
	return out
}

// inputs are any that Fold could return.
func inputs() *rapid.Generator[model.Inputs] {
	return rapid.Custom(func(t *rapid.T) model.Inputs {
		n := func(label string, most int) int { return rapid.IntRange(0, most).Draw(t, label) }
		in := model.Inputs{
			User: me, Joined: today().AddDate(0, -n("months", 50), 0),
			CleanMonths: n("clean months", 36), Transactions: n("transactions", 400), Reversals: n("reversals", 5),
			Counterparties: people(t, 250, "counterparties"), Kept: n("kept", 300), Broken: n("broken", 6),
			Items: n("items", 300), NegativeDays: n("negative days", 40), Contacts: people(t, 14, "contacts"), Vouches: n("vouches", 6),
		}
		for l := range n("level", 3) {
			in.Levels[l] = today().AddDate(0, 0, rapid.IntRange(-5, 400).Draw(t, "until"))
		}
		if rapid.Bool().Draw(t, "attribute") {
			in.Attributes[model.Student] = today().AddDate(0, 0, rapid.IntRange(-5, 400).Draw(t, "until"))
		}
		for _, p := range people(t, 160, "appreciating") {
			in.Appreciations = append(in.Appreciations, model.Crowd{Person: p, Months: 1 + int(p)%12})
		}
		for range n("reports", 2) {
			in.Reports = append(in.Reports, today().AddDate(0, 0, -n("days ago", 500)))
		}
		for _, p := range people(t, 3, "removing") {
			in.Removals = append(in.Removals, model.Removal{By: p, At: today().AddDate(0, 0, -n("days ago", 500))})
		}
		for i := range n("penalties", 2) {
			code := rapid.SampledFrom([]model.Code{model.ChargebackLost, model.SevereReport, model.KickBack, model.VouchedSanctioned}).Draw(t, "code")
			in.Penalties = append(in.Penalties, model.Penalty{Event: id.ID(i + 1), Code: code, At: today().AddDate(0, 0, -n("days ago", 900))})
		}
		return in
	})
}

func item(t *testing.T, r model.Result, name string) model.Item {
	t.Helper()
	for _, p := range r.Parts {
		for _, i := range p.Items {
			if i.ID == name {
				return i
			}
		}
	}
	t.Fatalf("no item %s", name)
	return model.Item{}
}

// rich has everything but what a case takes away.
func rich() model.Inputs {
	in := model.Inputs{User: me, Joined: today().AddDate(-4, 0, 0), CleanMonths: 36, Transactions: 2000, Kept: 400, Items: 4000}
	forever := today().AddDate(50, 0, 0)
	in.Levels = [3]time.Time{forever, forever, forever}
	in.Attributes[model.Employee] = forever
	for i := range 220 {
		in.Counterparties = append(in.Counterparties, id.ID(100+i))
		in.Appreciations = append(in.Appreciations, model.Crowd{Person: id.ID(100 + i), Months: 12})
		if i < 10 {
			in.Contacts = append(in.Contacts, id.ID(100+i))
		}
	}
	return in
}
