package feed

import (
	"context"
	"time"

	"lifecircle/feed/policy"
	"lifecircle/internal/id"
)

// CircleState is a circle at one moment for many viewers: what all of them see,
// once, and who each of them is there.
type CircleState struct {
	Circle Circle
	Counts []PostCounts // of the newest posts, see RecentCounts

	s       *Service
	at      time.Time                // by the database's clock
	ruling  *ruling                  // nil: the circle is open
	viewers map[id.ID]policy.Subject // who have an account
}

// Viewer returns who the actor is in the circle, as far as its rules care. One
// who was not asked for is a guest. Equals may do the same.
func (s *CircleState) Viewer(a Actor) policy.Subject { return s.viewers[a.User] }

// Can says what a viewer may do. It fails with CircleNotFound for one who may
// not look.
func (s *CircleState) Can(viewer policy.Subject) (policy.Can, error) {
	who := s.s.stand(viewer, s.ruling, s.at)
	if who.closed() {
		return nil, errCircleNotFound
	}
	return who.canInCircle(), nil
}

// CircleState reads a circle as it is now for all these people at once, in one
// round trip to the database, or two if the circle has rules. It fails with
// CircleNotFound.
func (s *Service) CircleState(ctx context.Context, circle id.ID, viewers []id.ID) (*CircleState, error) {
	state, err := s.readState(ctx, circle, viewers)
	if err != nil {
		return nil, outward(err)
	}
	return state, nil
}

// ClosedTo tells for whom circles are closed, of people who are asked for only
// where there is a rule for view; the zero id stands for guests.
func (s *Service) ClosedTo(ctx context.Context, circles []id.ID, people func(circle id.ID) []id.ID) (map[id.ID][]id.ID, error) {
	closed, err := s.readClosedTo(ctx, circles, people)
	return closed, outward(err)
}
