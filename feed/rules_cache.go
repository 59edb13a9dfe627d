package feed

import (
	"log/slog"
	"sync"

	"lifecircle/feed/policy"
	"lifecircle/internal/id"
)

// What a node keeps of compiled rules; beyond it the rules of any other circle
// are let go, and compiled again when they are needed. Rules like those of the
// templates take some 5 KB, those at every limit 80 KB.
const (
	maxCompiled      = 10_000    // circles
	maxCompiledBytes = 128 << 20 // as policy.Rules tell them
)

// ruleCache keeps compiled rules. A version of a circle's rules never changes,
// and only the newest one seen is kept.
type ruleCache struct {
	log             *slog.Logger
	circles, atMost int // bounds: circles, bytes

	mu       sync.Mutex // guards the following; nothing is compiled while it is held
	compiled map[id.ID]compiledRules
	bytes    int // of all that is kept
}

type compiledRules struct {
	version int
	rules   *policy.Rules
}

func newRuleCache(log *slog.Logger) *ruleCache {
	return &ruleCache{log: log, circles: maxCompiled, atMost: maxCompiledBytes, compiled: map[id.ID]compiledRules{}}
}

// of returns the rules of a circle in a version, which has these texts. Texts
// that cannot be compiled, such as those of a later binary, close the circle to
// all but its staff.
func (c *ruleCache) of(circle id.ID, version int, texts map[policy.Action]string, reason string) *policy.Rules {
	c.mu.Lock()
	known, ok := c.compiled[circle]
	c.mu.Unlock()
	if ok && known.version == version {
		return known.rules
	}
	rules, err := policy.Compile(texts, reason)
	if err != nil {
		c.log.Error("the rules of a circle cannot be read: it is closed", "circle", circle, "version", version, "err", err)
		rules = closedRules()
	}
	c.keep(circle, compiledRules{version, rules})
	return rules
}

// keep makes room and keeps the rules, unless a newer version is there.
func (c *ruleCache) keep(circle id.ID, r compiledRules) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.compiled[circle]; ok {
		if known.version >= r.version {
			return
		}
		c.drop(circle)
	}
	for some := range c.compiled {
		if len(c.compiled) < c.circles && c.bytes+r.rules.Bytes() <= c.atMost {
			break
		}
		c.drop(some)
	}
	c.compiled[circle] = r
	c.bytes += r.rules.Bytes()
}

func (c *ruleCache) drop(circle id.ID) {
	c.bytes -= c.compiled[circle].rules.Bytes()
	delete(c.compiled, circle)
}

// closedRules let nobody do anything.
var closedRules = sync.OnceValue(func() *policy.Rules {
	const never = "false"
	rules, err := policy.Compile(map[policy.Action]string{
		policy.View: never, policy.Like: never, policy.Comment: never, policy.Tip: never, policy.MakePost: never,
	}, "")
	if err != nil {
		panic(err) // a constant
	}
	return rules
})
