package socketapi

import (
	"context"
	"encoding/json"
	"sync"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/hub"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// subscribed is the data of a reply to subscribe, without the viewer's "can".
// Counts are those of the newest posts, read after the client joined: what
// changed between his page and his subscription, or while he was away, is in
// none of the log's events.
type subscribed struct {
	Circle  feed.Circle       `json:"circle"`
	Viewers int               `json:"viewers"`
	Counts  []feed.PostCounts `json:"counts"`
}

// state returns the data for one who subscribes to a circle's channel. Those
// who come together share one read, and the bytes with all who may do the same.
func (h *Handler) state(ctx context.Context, a feed.Actor, circle id.ID, channel string) (json.RawMessage, error) {
	m, err := h.states.do(ctx, circle, a, func(ctx context.Context, actors []feed.Actor) (*moment, error) {
		return h.readState(ctx, circle, channel, actors)
	})
	if problem.Has(err, problem.CircleNotFound) {
		return nil, hub.ErrUnknownChannel
	}
	if err != nil {
		return nil, refusal(err)
	}
	return m.dataFor(a)
}

func (h *Handler) readState(ctx context.Context, circle id.ID, channel string, actors []feed.Actor) (*moment, error) {
	viewers := make([]id.ID, 0, len(actors))
	for _, a := range actors {
		if !a.Guest() {
			viewers = append(viewers, a.User)
		}
	}
	state, err := h.Feed.CircleState(ctx, circle, viewers)
	if err != nil {
		return nil, err
	}
	s := subscribed{Circle: state.Circle, Counts: state.Counts}
	if h.Viewers != nil {
		s.Viewers = h.Viewers(channel)
	}
	common, err := encode(s)
	return &moment{state: state, common: common, data: map[policy.Subject]json.RawMessage{}}, err
}

// moment is the state of a circle for those who subscribed together.
type moment struct {
	state  *feed.CircleState
	common json.RawMessage // an object that lacks its member "can"

	mu   sync.Mutex // guards data
	data map[policy.Subject]json.RawMessage
}

// dataFor returns what the actor gets; it is shared and not to be changed.
func (m *moment) dataFor(a feed.Actor) (json.RawMessage, error) {
	subject := m.state.Viewer(a)
	m.mu.Lock()
	defer m.mu.Unlock()
	if data, ok := m.data[subject]; ok {
		return data, nil
	}
	can, err := encode(policy.ForCircle(subject))
	if err != nil {
		return nil, err
	}
	const member = `,"can":`
	data := make(json.RawMessage, 0, len(m.common)+len(member)+len(can))
	data = append(data, m.common[:len(m.common)-1]...)
	data = append(append(append(data, member...), can...), '}')
	m.data[subject] = data
	return data, nil
}
