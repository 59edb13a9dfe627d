package feed

import (
	"log/slog"

	"lifecircle/feed/policy"
	"lifecircle/internal/id"
)

// RuleCache is the cache of compiled rules with other bounds.
type RuleCache struct{ *ruleCache }

// NewRuleCache makes one for so many circles and bytes.
func NewRuleCache(circles, bytes int) RuleCache {
	c := newRuleCache(slog.New(slog.DiscardHandler))
	c.circles, c.atMost = circles, bytes
	return RuleCache{c}
}

// Of returns the rules of a circle in a version.
func (c RuleCache) Of(circle id.ID, version int, texts map[policy.Action]string) *policy.Rules {
	return c.of(circle, version, texts, "")
}

// Kept tells how many circles' rules are kept, and their bytes, one by one.
func (c RuleCache) Kept() (circles, bytes int) {
	for _, r := range c.compiled {
		bytes += r.rules.Bytes()
	}
	if bytes != c.bytes {
		panic("the cache has miscounted its bytes")
	}
	return len(c.compiled), bytes
}

// MaxPreviewed is how many followers, or authors, a preview asks at most.
const MaxPreviewed = maxPreviewed
