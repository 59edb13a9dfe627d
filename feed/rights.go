package feed

import (
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
