package feed

import (
	"context"

	"lifecircle/feed/policy"
	"lifecircle/internal/id"
)

// CircleState is a circle at one moment for many viewers: what all of them see,
// once, and who each of them is there.
type CircleState struct {
	Circle Circle
	Counts []PostCounts // of the newest posts, see RecentCounts

	viewers map[id.ID]policy.Subject // who have an account
}

// Viewer returns who the actor is in the circle. One who was not asked for is
// a guest.
func (s *CircleState) Viewer(a Actor) policy.Subject { return s.viewers[a.User] }

// CircleState reads a circle as it is now for all these people at once, in one
// round trip to the database. It fails with CircleNotFound.
func (s *Service) CircleState(ctx context.Context, circle id.ID, viewers []id.ID) (*CircleState, error) {
	state, err := s.readState(ctx, circle, viewers)
	if err != nil {
		return nil, outward(err)
	}
	return state, nil
}
