package cursor_test

import (
	"bytes"
	"encoding/base64"
	"slices"
	"testing"

	"lifecircle/internal/cursor"
	"lifecircle/internal/problem"
)

func TestOnlyTheListsOwnCursorsOpen(t *testing.T) {
	s := cursor.NewSealer([]byte("0123456789abcdef0123456789abcdef"))
	c := s.Seal("posts a", 5, -7)
	place, err := s.Open("posts a", c, 2)
	if err != nil || !slices.Equal(place, []int64{5, -7}) {
		t.Fatalf("own cursor: %v %v", place, err)
	}
	if place, err := s.Open("posts a", "", 2); place != nil || err != nil {
		t.Errorf("the beginning: %v %v", place, err)
	}
	flipped := []byte(c)
	flipped[0] ^= 1
	other := cursor.NewSealer([]byte("another key")).Seal("posts a", 5, -7)
	for name, try := range map[string]struct {
		list, cursor string
		n            int
	}{
		"another list":   {"posts b", c, 2},
		"another length": {"posts a", c, 1},
		"changed":        {"posts a", string(flipped), 2},
		"another key":    {"posts a", other, 2},
		"not base64":     {"posts a", "!!", 2},
		"cut":            {"posts a", c[:len(c)-1], 2},
	} {
		if _, err := s.Open(try.list, try.cursor, try.n); !problem.Has(err, problem.BadCursor) {
			t.Errorf("%s: %v, want bad_cursor", name, err)
		}
	}
}

func TestHiddenPlacesAreReadByTheKeyOnly(t *testing.T) {
	s := cursor.NewSealer([]byte("0123456789abcdef0123456789abcdef"))
	c := s.SealHidden("posts a", 5, -7)
	for name, text := range map[string]string{"hidden": c, "of an older binary": s.Seal("posts a", 5, -7)} {
		if place, err := s.OpenHidden("posts a", text, 2); err != nil || !slices.Equal(place, []int64{5, -7}) {
			t.Errorf("%s: %v %v", name, place, err)
		}
	}
	if place, err := s.OpenHidden("posts a", "", 2); place != nil || err != nil {
		t.Errorf("the beginning: %v %v", place, err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(c)
	if err != nil || bytes.Contains(raw, []byte{0, 0, 0, 5}) {
		t.Errorf("%x shows its place", raw)
	}
	for i := range raw {
		raw[i] ^= 1
		if _, err := s.OpenHidden("posts a", base64.RawURLEncoding.EncodeToString(raw), 2); !problem.Has(err, problem.BadCursor) {
			t.Errorf("byte %d changed: %v", i, err)
		}
		raw[i] ^= 1
	}
	other := cursor.NewSealer([]byte("another key")).SealHidden("posts a", 5, -7)
	for name, try := range map[string]struct{ list, cursor string }{"another list": {"posts b", c}, "another key": {"posts a", other}, "not base64": {"posts a", "!!"}} {
		if _, err := s.OpenHidden(try.list, try.cursor, 2); !problem.Has(err, problem.BadCursor) {
			t.Errorf("%s: %v, want bad_cursor", name, err)
		}
	}
	if _, err := s.Open("posts a", c, 2); !problem.Has(err, problem.BadCursor) {
		t.Errorf("opened as one that is not hidden: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	s := cursor.NewSealer([]byte("key"))
	f.Add(s.Seal("list", 1, 2))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		place, err := s.Open("list", text, 2)
		if err == nil && place != nil && s.Seal("list", place...) != text {
			t.Errorf("%q opened as %v, which is not its seal", text, place)
		}
	})
}
