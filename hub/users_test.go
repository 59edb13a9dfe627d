package hub_test

import (
	"slices"
	"testing"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
)

// TestUsersOfAChannel names each user once, and guests together.
func TestUsersOfAChannel(t *testing.T) {
	t.Parallel()
	n := hubtest.RunNode(t, hub.Options{Handler: hubtest.Open{}, Log: hubtest.NewLog("e1")})
	s := hubtest.Listen(t, n)
	for _, token := range []string{"ann", "ann", "bob", "", ""} {
		c := s.Dial(t.Context(), t, hubtest.DialOptions{})
		if _, err := c.Connect(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if token == "bob" {
			continue
		}
		if _, err := c.Subscribe(t.Context(), "news"); err != nil {
			t.Fatal(err)
		}
	}
	users := n.Users("news")
	slices.Sort(users)
	if !slices.Equal(users, []string{"", "ann"}) || n.Users("other") != nil {
		t.Errorf("%q, %q", users, n.Users("other"))
	}
}
