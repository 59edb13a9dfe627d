package id_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lifecircle/internal/id"
)

func TestTextIsTheNumberAndSortsAsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.Int64Range(1, 1<<62)
		a, b := id.ID(draw.Draw(t, "a")), id.ID(draw.Draw(t, "b"))
		if got, err := id.Parse(a.String()); err != nil || got != a {
			t.Fatalf("%d reads back as %d (%v)", a, got, err)
		}
		if (a < b) != (a.String() < b.String()) {
			t.Fatalf("%s and %s sort otherwise than %d and %d", a, b, a, b)
		}
		c := id.Comment{Circle: a, Post: b, Comment: a}
		raw, err := json.Marshal(map[id.Comment]id.Post{c: c.PostID()})
		if err != nil {
			t.Fatal(err)
		}
		var back map[id.Comment]id.Post
		if err := json.Unmarshal(raw, &back); err != nil || back[c] != c.PostID() {
			t.Fatalf("%s reads back as %v (%v)", raw, back, err)
		}
	})
}

func TestNextRisesAlwaysAndFollowsTheClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := id.Epoch.Add(time.Duration(rapid.Int64Range(0, 1<<40).Draw(t, "ms")) * time.Millisecond)
		last := id.ID(rapid.Int64Range(0, 1<<61).Draw(t, "last"))
		next := id.Next(last, at)
		if next <= last || next < id.First(at) {
			t.Fatalf("%d follows on %d at %v", next, last, at)
		}
		if last < id.First(at) && !next.Time().Equal(at) {
			t.Fatalf("%d is of %v, not of %v", next, next.Time(), at)
		}
	})
}

func TestNewIsOfNow(t *testing.T) {
	before := time.Now().Truncate(time.Millisecond)
	made := id.New().Time()
	if made.Before(before) || made.After(time.Now()) {
		t.Errorf("made at %v", made)
	}
}

func TestMalformed(t *testing.T) {
	good := id.New().String()
	bad := []string{"", good[:12], good + "0", strings.ToUpper(good[:12]) + "I", strings.Repeat("0", 13), strings.Repeat("z", 13), good[:12] + "u", "é" + good[2:]}
	for _, s := range bad {
		if _, err := id.Parse(s); !errors.Is(err, id.ErrMalformed) {
			t.Errorf("%q: %v", s, err)
		}
	}
	if _, err := id.ParsePost(good); !errors.Is(err, id.ErrMalformed) {
		t.Errorf("a circle's id as a post's: %v", err)
	}
	if _, err := id.ParseComment(good + good + bad[6]); !errors.Is(err, id.ErrMalformed) {
		t.Errorf("a bad last part: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(id.New().String())
	f.Add(strings.Repeat("z", 39))
	f.Fuzz(func(t *testing.T, s string) {
		for n, back := range []string{text(id.Parse(s)), text(id.ParsePost(s)), text(id.ParseComment(s))} {
			if back != "" && back != s {
				t.Errorf("%q reads as %q by parser %d", s, back, n)
			}
		}
		if slices.Contains([]int{13, 26, 39}, len(s)) {
			return
		}
		if _, err := id.ParseComment(s); err == nil {
			t.Errorf("%q was taken", s)
		}
	})
}

func text[T interface{ String() string }](v T, err error) string {
	if err != nil {
		return ""
	}
	return v.String()
}
