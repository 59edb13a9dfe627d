package feed

import (
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed/policy"
	"lifecircle/internal/id"
)

// Rights knows who people are, as far as rules care.
type Rights interface {
	// Queue queues what is to be read of these people. What it returns tells,
	// once q was sent, who one of them is at a time: what was verified, and is
	// valid then. Account, role and follows are the feed's own to fill in. A
	// person who is not known has nothing.
	Queue(q *pgx.Batch, users []id.ID) func(user id.ID, at time.Time) policy.Subject
}

// nobodyKnown is Rights where nothing is verified: rules fail closed.
type nobodyKnown struct{}

func (nobodyKnown) Queue(*pgx.Batch, []id.ID) func(id.ID, time.Time) policy.Subject {
	return func(id.ID, time.Time) policy.Subject { return policy.Subject{} }
}

// ruling is the rules of a circle at one moment, with what rules may ask of it.
type ruling struct {
	rules  *policy.Rules
	circle policy.Circle // but for AgeDays and AdultTips
	made   time.Time
}

// standing is one person in one circle.
type standing struct {
	subject policy.Subject
	circle  policy.Circle
	rules   *policy.Rules // nil: the circle is open

	unreviewed bool // the post that is judged shows a photo that waits for a reviewer
}

// stand puts a person into a circle; r is nil where there are no rules.
func (s *Service) stand(subject policy.Subject, r *ruling, at time.Time) standing {
	out := standing{subject: subject}
	if r != nil {
		out.rules, out.circle = r.rules, r.circle
		out.circle.AgeDays = max(0, int(at.Sub(r.made)/day))
	}
	out.circle.AdultTips = s.adultTips
	return out
}

const day = 24 * time.Hour

// may returns why the person may not, or nil.
func (s standing) may(a policy.Action) error { return s.decide(a).Err() }

// decide judges an action. A post that is changed is written anew: that takes
// the right to post, too. One that may show what it should not earns nothing.
func (s standing) decide(a policy.Action) policy.Decision {
	d := s.rules.Decide(s.subject, s.circle, a)
	switch {
	case !d.Allowed:
		return d
	case a == policy.Edit:
		return s.rules.Decide(s.subject, s.circle, policy.MakePost)
	case a == policy.Tip && s.unreviewed:
		return policy.Unreviewed()
	}
	return d
}

// closed tells whether the person may not even look.
func (s standing) closed() bool {
	return s.rules != nil && !s.rules.Allows(s.subject, s.circle, policy.View)
}

// hide returns err, or hidden for one who may not look: he is not told what
// there is.
func (s standing) hide(err, hidden error) error {
	if err != nil && s.closed() {
		return hidden
	}
	return err
}

// by tells whether the person wrote what is judged.
func (s standing) by(author bool) standing {
	s.subject.Author = author
	return s
}

// of puts the person before a post.
func (s standing) of(p *Post, a Actor) standing {
	s.unreviewed = p.unreviewed()
	return s.by(!a.Guest() && p.Author.ID == a.User)
}

func (s standing) canInCircle() policy.Can { return s.rules.ForCircle(s.subject, s.circle) }

func (s standing) canWithPost() policy.Can {
	can := s.rules.ForPost(s.subject, s.circle)
	if s.rules != nil {
		can[policy.Edit] = s.decide(policy.Edit)
	}
	if s.unreviewed {
		can[policy.Tip] = s.decide(policy.Tip)
	}
	return can
}

// maxCompiled bounds the circles whose compiled rules a node keeps, at some
// tens of KiB each; beyond it any other is compiled again when it is needed.
const maxCompiled = 10_000

// ruleCache keeps compiled rules. A version of a circle's rules never changes,
// and only the newest one seen is kept.
type ruleCache struct {
	log *slog.Logger

	mu       sync.Mutex // guards the following; nothing is compiled while it is held
	compiled map[id.ID]compiledRules
}

type compiledRules struct {
	version int
	rules   *policy.Rules
}

func newRuleCache(log *slog.Logger) *ruleCache {
	return &ruleCache{log: log, compiled: map[id.ID]compiledRules{}}
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
	if !ok || known.version < version {
		c.keep(circle, compiledRules{version, rules})
	}
	return rules
}

func (c *ruleCache) keep(circle id.ID, r compiledRules) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.compiled[circle]; !ok && len(c.compiled) >= maxCompiled {
		for some := range c.compiled {
			delete(c.compiled, some)
			break
		}
	}
	c.compiled[circle] = r
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
