package model_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"lifecircle/internal/creditscore/model"
)

// T3 and T13: gender, age, region, a name, wealth and amounts have no place in
// what scores are made of. Fields are listed, so that a new one is asked about.
func TestNothingSaysWhoSomebodyIs(t *testing.T) {
	t.Parallel()
	fields(t, reflect.TypeFor[model.Event](), "ID", "User", "At", "Until", "Other", "Lifts", "Code", "Kind", "Level", "Attribute")
	fields(t, reflect.TypeFor[model.Inputs](), "User", "Joined", "Revoked", "Levels", "Attributes", "CleanMonths", "Transactions", "Reversals",
		"Counterparties", "Kept", "Broken", "Items", "NegativeDays", "Reports", "Removals", "Appreciations", "Contacts", "Penalties", "Vouches", "SupposedTrusted")
	fields(t, reflect.TypeFor[model.Penalty](), "Event", "Code", "At")
	fields(t, reflect.TypeFor[model.Crowd](), "Person", "Months")
	fields(t, reflect.TypeFor[model.Removal](), "By", "At")
	fields(t, reflect.TypeFor[model.Trust](), "Run", "Of", "Threshold", "Near")
	score := reflect.TypeOf(model.Score)
	if score.NumIn() != 3 || score.In(0) != reflect.TypeFor[model.Inputs]() || score.In(1) != reflect.TypeFor[model.Trust]() {
		t.Errorf("Score takes %v", score)
	}
}

func fields(t *testing.T, of reflect.Type, want ...string) {
	t.Helper()
	var got []string
	for i := range of.NumField() {
		f := of.Field(i)
		got = append(got, f.Name)
		// The only texts are codes of penalties and the name of a table; nothing
		// is a fraction but trust.
		texts := f.Type.Kind() == reflect.String && f.Name != "Code" && f.Name != "Run"
		if texts || strings.Contains(f.Type.String(), "float") && of != reflect.TypeFor[model.Trust]() || f.Type.Kind() == reflect.Map || f.Type.Kind() == reflect.Interface {
			t.Errorf("%s.%s is a %s", of.Name(), f.Name, f.Type)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s has %v, want %v", of.Name(), got, want)
	}
}
