package socketapi

import (
	"context"
	"log/slog"
	"time"

	"lifecircle/internal/id"
)

const (
	// gateEvery is the time between two looks at who may still look: a right
	// that was lost ends on open sockets within a second, whether or not
	// anybody told this node of it.
	gateEvery = 500 * time.Millisecond
	// gateRest is the part of its time that the gate rests at least: with very
	// many viewers in circles with a rule for view it looks less often.
	gateRest = 4
	// gateTime bounds one look.
	gateTime = 10 * time.Second
)

// Codes of unsubscribing, from those that the protocol leaves to applications.
// The first is final: clients wait for can.updated. At the second they come
// again, and are judged one by one.
const (
	viewClosed uint32 = 2100
	judgeAnew  uint32 = 2600

	viewClosedReason = "view closed"
)

// Audience is who watches channels on this node: a hub.Node.
type Audience interface {
	Channels() []string
	Users(channel string) []string
	Unsubscribe(user, channel string, code uint32, reason string)
}

// Closer tells for whom circles are closed.
type Closer interface {
	ClosedTo(ctx context.Context, circles []id.ID, people func(circle id.ID) []id.ID) (map[id.ID][]id.ID, error)
}

// Gate ends the subscriptions of those who may not look into a circle any more:
// its rules are others, or they have lost a right, or one has expired.
type Gate struct {
	Audience Audience
	Feed     Closer
	Log      *slog.Logger
}

// Run looks after the gate until ctx ends.
func (g *Gate) Run(ctx context.Context) error {
	pause := time.NewTimer(gateEvery)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-pause.C:
		}
		began := time.Now()
		if err := g.look(ctx); err != nil && ctx.Err() == nil {
			g.Log.Warn("nobody knows who may still look into circles", "err", err)
		}
		took := time.Since(began)
		pause.Reset(max(gateEvery-took, gateRest*took))
	}
}

// look judges all viewers of circles that have a rule for view.
func (g *Gate) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, gateTime)
	defer cancel()
	var circles []id.ID
	for _, channel := range g.Audience.Channels() {
		if circle, ok := circleOf(channel); ok {
			circles = append(circles, circle)
		}
	}
	if len(circles) == 0 {
		return nil
	}
	closed, err := g.Feed.ClosedTo(ctx, circles, g.viewers)
	if err != nil {
		return err
	}
	for circle, users := range closed {
		for _, user := range users {
			g.shut(circleChannel(circle), user)
		}
	}
	return nil
}

// viewers are the people who watch a circle here; 0 stands for guests.
func (g *Gate) viewers(circle id.ID) []id.ID {
	names := g.Audience.Users(circleChannel(circle))
	users := make([]id.ID, 0, len(names))
	for _, name := range names {
		user, err := id.Parse(name)
		if name != "" && err != nil {
			continue // nobody that we know
		}
		users = append(users, user)
	}
	return users
}

// shut ends a person's subscriptions to a channel. Guests have no name: all
// viewers come again for their sake.
func (g *Gate) shut(channel string, user id.ID) {
	if user == 0 {
		g.Audience.Unsubscribe("", channel, judgeAnew, viewClosedReason)
		return
	}
	g.Audience.Unsubscribe(user.String(), channel, viewClosed, viewClosedReason)
}
