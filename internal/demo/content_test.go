package demo

import (
	"regexp"
	"slices"
	"testing"

	"lifecircle/feed"
	"lifecircle/internal/text"
)

func TestPeopleAndCirclesMeetTheRules(t *testing.T) {
	t.Parallel()
	w := testWorld()
	known := people(w)
	if len(known) != len(w.People) {
		t.Error("two people share a handle")
	}
	handle := regexp.MustCompile(`^[a-z0-9_]{3,30}$`)
	demo := 0
	for _, p := range w.People {
		if p.Demo {
			demo++
		}
		if !handle.MatchString(p.Handle) {
			t.Errorf("handle %q", p.Handle)
		}
		mustName(t, p.DisplayName, feed.MaxDisplayNameGraphemes)
		mustName(t, p.Bio, feed.MaxBioGraphemes) // one line
		mustName(t, p.City, feed.MaxPlaceGraphemes)
	}
	if demo < 3 || demo > 4 {
		t.Errorf("%d demo logins", demo)
	}
	keys := map[string]bool{}
	for _, c := range w.Circles {
		if c.ParentKey != "" && !keys[c.ParentKey] {
			t.Errorf("%s: parent %s is not there before it", c.Key, c.ParentKey)
		}
		keys[c.Key] = true
		mustName(t, c.Name, feed.MaxCircleNameGraphemes)
		if c.Place != "" {
			mustName(t, c.Place, feed.MaxPlaceGraphemes)
		}
		mustBody(t, c.Description, feed.MaxDescriptionGraphemes)
		if !slices.Contains(feed.Categories, c.Category) {
			t.Errorf("%s: category %s", c.Key, c.Category)
		}
		if !slices.Contains([]string{"zh", "en", "mixed"}, c.Language) {
			t.Errorf("%s: language %s", c.Key, c.Language)
		}
		if len(c.Tags) == 0 || len(c.Tags) > feed.MaxTags {
			t.Errorf("%s: %d tags", c.Key, len(c.Tags))
		}
		for _, h := range append([]string{c.Owner}, c.Moderators...) {
			if _, ok := known[h]; !ok {
				t.Errorf("%s: nobody is called %q", c.Key, h)
			}
		}
		if _, ok := known[c.Partner]; !ok && c.Partner != "" {
			t.Errorf("%s: nobody is called %q", c.Key, c.Partner)
		}
	}
	for _, p := range must(loadPeople()) {
		for _, key := range p.circles {
			if !keys[key] {
				t.Errorf("%s speaks in %s, which is not there", p.Handle, key)
			}
		}
	}
}

func TestEveryCircleHasEnoughToSay(t *testing.T) {
	t.Parallel()
	people, scripts := mustLoad()
	if len(scripts) != 14 {
		t.Errorf("%d circles", len(scripts))
	}
	known := map[string]bool{}
	for _, p := range people {
		known[p.Handle] = true
	}
	for _, s := range scripts {
		// A page shows 20 posts; two of one line would be seen.
		if len(s.posts) < 26 || len(s.comments) < 6 || len(s.replies) < 3 {
			t.Errorf("%s: %d posts, %d comments, %d replies", s.Key, len(s.posts), len(s.comments), len(s.replies))
		}
		for _, l := range s.posts {
			for _, handle := range l.by {
				if !known[handle] {
					t.Errorf("%s: nobody is called %q", s.Key, handle)
				}
			}
			if l.fitted && len(l.turns) == 0 {
				t.Errorf("%s: nobody can answer %q", s.Key, l.text)
			}
		}
	}
}

func TestScriptsRefuseWhatTheyDoNotKnow(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		"colour: red",
		"# songs\nla la",
		"# slots\nno values",
		"# posts\n[midnight] hello",
		"# posts\n> an answer to nothing",
		"# posts\n{nothing} here",
		"# posts\nan {open brace",
		"# slots\nfew: a | b\n# posts\n{few} values",
	} {
		if _, err := parseScript("x", data); err == nil {
			t.Errorf("%q was read", data)
		}
	}
}

func mustName(t *testing.T, s string, limit int) {
	t.Helper()
	if got, err := text.Name("name", s, limit); err != nil || got != s {
		t.Errorf("%q becomes %q: %v", s, got, err)
	}
}

func mustBody(t *testing.T, s string, limit int) {
	t.Helper()
	if got, err := text.Body("text", s, limit); err != nil || got != s {
		t.Errorf("%q becomes %q: %v", s, got, err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
