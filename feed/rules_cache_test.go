package feed_test

import (
	"fmt"
	"testing"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/internal/id"
)

func scoreRule(score int) map[policy.Action]string {
	return map[policy.Action]string{policy.Comment: fmt.Sprintf("user.credit > %d", score)}
}

// TestKeptRulesAreBounded, by circles and by bytes, and are found again.
func TestKeptRulesAreBounded(t *testing.T) {
	t.Parallel()
	one := feed.NewRuleCache(10, 1<<20).Of(1, 1, scoreRule(500)).Bytes()
	for name, c := range map[string]feed.RuleCache{"circles": feed.NewRuleCache(5, 1<<20), "bytes": feed.NewRuleCache(1000, 5*one)} {
		for i := range 40 {
			circle := id.ID(i%20 + 1)
			r := c.Of(circle, i/20+1, scoreRule(500+i))
			if again := c.Of(circle, i/20+1, scoreRule(500+i)); again != r {
				t.Errorf("%s: the rules of %d are compiled twice", name, circle)
			}
			if circles, bytes := c.Kept(); circles > 5 || bytes > 5*one || i > 5 && circles < 5 {
				t.Errorf("%s: %d circles in %d bytes are kept", name, circles, bytes)
			}
		}
	}
}

// TestNewerRulesStay when a transaction that began before them reads its own.
func TestNewerRulesStay(t *testing.T) {
	t.Parallel()
	c := feed.NewRuleCache(5, 1<<20)
	newer := c.Of(1, 2, scoreRule(600))
	if older := c.Of(1, 1, scoreRule(500)); older.Texts()[policy.Comment] != "user.credit > 500" || c.Of(1, 2, scoreRule(600)) != newer {
		t.Error("the older rules took the place of the newer ones")
	}
}
