package model_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/creditscore/population"
)

func key() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
}

var update = flag.Bool("model.update", false, "write the golden explanation anew; only with a new model version")

// golden holds the bytes against those of every earlier run, on any machine.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("not the bytes of %s (%v):\n%s", file, err, got)
	}
}

func TestExplanation(t *testing.T) {
	t.Parallel()
	in := at731(t)
	in.Penalties = []model.Penalty{{Event: 77, Code: model.ChargebackLost, At: date("2026-02-03")}}
	e := model.Explain(in, everybody(), today(), model.Points(in, everybody(), today()), key())
	b, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/explanation.json", append(b, '\n'))
	if e.Penalties[0] != (model.Taken{Code: "chargeback_lost", Points: -13, At: "2026-02-03", HalfLife: 180, Appeal: "/v1/appeals?event=" + in.Penalties[0].Event.String()}) {
		t.Errorf("%+v", e.Penalties)
	}
	if len(e.Reasons) != 4 || e.Score != 718 || e.Band != model.SuperGoodBand || e.AsOf != "2026-11-22" || e.Gates[1].Margin != "ok" {
		t.Errorf("%s", b)
	}
	if err := e.Verify(key().Public().(ed25519.PublicKey)); err != nil {
		t.Error(err)
	}
	e.Score++
	if err := e.Verify(key().Public().(ed25519.PublicKey)); !errors.Is(err, model.ErrSignature) {
		t.Error("a score changed after it was signed is believed")
	}
	behind := model.Explain(in, everybody(), today(), 650, nil)
	if behind.Reasons[0] != "daily_rise" || behind.Signature != "" {
		t.Errorf("still rising: %v", behind.Reasons)
	}
	in.Levels[1] = time.Time{}
	if got := model.Explain(in, everybody(), today(), 600, nil).Reasons; got[0] != "gate_identity" {
		t.Errorf("without a document: %v", got)
	}
	if got := model.Explain(rich(), hashedFriends(0), today(), 700, nil).Reasons; !slices.Equal(got, []string{"gate_trust"}) {
		t.Errorf("without trust: %v", got)
	}
}

// The hash names all that a score follows from, and no more of trust than the
// name of its table.
func TestHashCoversTheInputs(t *testing.T) {
	t.Parallel()
	hashes := map[string]string{"nothing": model.Hash(model.Inputs{}, everybody(), today())}
	add := func(name, hash string) {
		for other, h := range hashes {
			if h == hash {
				t.Errorf("%s has the hash of %s", name, other)
			}
		}
		hashes[name] = hash
	}
	one := rich()
	one.User, one.Revoked, one.SupposedTrusted = 9, true, true
	one.Reversals, one.Broken, one.NegativeDays, one.Vouches = 3, 4, 5, 6
	one.Reports = []time.Time{today()}
	one.Removals = []model.Removal{{By: 8, At: today()}}
	one.Penalties = []model.Penalty{{Event: 1, Code: model.KickBack, At: today()}}
	of := reflect.ValueOf(one)
	for i := range of.NumField() {
		var in model.Inputs
		reflect.ValueOf(&in).Elem().Field(i).Set(of.Field(i))
		add(of.Type().Field(i).Name, model.Hash(in, everybody(), today()))
	}
	add("the date", model.Hash(model.Inputs{}, everybody(), today().AddDate(0, 0, 1)))
	other := everybody()
	other.Run = "another"
	add("the table", model.Hash(model.Inputs{}, other, today()))
	other = hashed(0.3)
	other.Run = everybody().Run
	if model.Hash(one, other, today()) != model.Hash(one, everybody(), today()) {
		t.Error("the hash tells of trust")
	}
}

// T7: a score of any past date, computed again from the events, in another
// order and with later ones among them, has the same bytes. One in ten is told
// with the way to 751 and one a month signed.
func TestReplayIsByteIdentical(t *testing.T) {
	t.Parallel()
	want := 100_000
	if raceEnabled || testing.Short() {
		want = 2_000
	}
	w := population.New(3, 1000, population.Towns, today())
	lookup, _, err := w.Trust(population.Attack{})
	if err != nil {
		t.Fatal(err)
	}
	dates := want / 100
	for i := range 100 {
		events := population.Events(w.History(i * 10))
		recorded := slices.Clone(events)
		slices.Reverse(recorded)
		for d := range dates {
			at := today().AddDate(0, 0, -d)
			now, _ := slices.BinarySearchFunc(events, at.Add(1), func(e model.Event, t time.Time) int { return e.At.Compare(t) })
			then := explained(t, events[:now], lookup, at)
			again := recorded
			if d%20 != 0 { // reversing takes sorting: only now and then
				again = events
			}
			if got := explained(t, again, lookup, at); !bytes.Equal(got, then) {
				t.Fatalf("person %d on %s:\n%s\n%s", i, at.Format(time.DateOnly), then, got)
			}
		}
	}
}

func explained(t *testing.T, events []model.Event, lookup model.Trust, at time.Time) []byte {
	t.Helper()
	in := model.Fold(events, at)
	var told any = struct {
		model.Result
		Hash string
	}{model.Score(in, lookup, at), model.Hash(in, lookup, at)}
	if at.YearDay()%10 == 6 {
		var sign ed25519.PrivateKey
		if at.Day() == 6 { // the day of the statement
			sign = key()
		}
		told = model.Explain(in, lookup, at, model.Points(in, lookup, at), sign)
	}
	b, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
