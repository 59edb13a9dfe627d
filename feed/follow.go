package feed

import (
	"context"

	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/problem"
)

// Follow makes the actor follow a circle; doing it again changes nothing. It
// fails with CircleNotFound, or Invalid beyond MaxFollows.
func (s *Service) Follow(ctx context.Context, a Actor, circle id.ID) (FollowState, error) {
	return run[FollowState](ctx, s, a, idempotency.Request{}, setFollow{membership{circle, a.User}, true})
}

// Unfollow ends a follow; doing it again changes nothing. It fails with
// CircleNotFound.
func (s *Service) Unfollow(ctx context.Context, a Actor, circle id.ID) (FollowState, error) {
	return run[FollowState](ctx, s, a, idempotency.Request{}, setFollow{membership{circle, a.User}, false})
}

type setFollow struct {
	of     membership
	follow bool
}

func (f setFollow) circle() id.ID { return f.of.circle }

func (setFollow) size() int { return 0 }

func (f setFollow) need(n *needs) {
	n.followers.add(f.of.circle)
	n.follows.add(f.of)
}

func (f setFollow) decide(b *batch, a Actor) (any, error) {
	followers := b.followers[f.of.circle]
	if followers == nil {
		return nil, errCircleNotFound
	}
	mark, who := b.follows[f.of], b.stand(f.of.circle, a)
	who.subject.Follows = f.follow || mark.is // to follow may be what lets one in, and who follows can always end it
	if !mark.is && who.closed() {
		return nil, errCircleNotFound
	}
	if mark.is != f.follow {
		if f.follow && b.following[a.User] >= MaxFollows {
			return nil, problem.New(problem.Invalid_, "One person follows at most %d circles.", MaxFollows)
		}
		mark.is, followers.changed = f.follow, true
		followers.n += step(f.follow)
		b.following[a.User] += int(step(f.follow))
	}
	return FollowState{Following: mark.is, Followers: followers.n}, nil
}
