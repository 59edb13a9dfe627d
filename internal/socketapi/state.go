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
	var data json.RawMessage
	if err == nil {
		data, err = m.dataFor(a)
	}
	return data, notFound(err)
}

// notFound is refusal for a channel: what is closed does not exist.
func notFound(err error) error {
	switch {
	case err == nil:
		return nil
	case problem.Has(err, problem.CircleNotFound):
		return hub.ErrUnknownChannel
	default:
		return refusal(err)
	}
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
	return &moment{state: state, common: common, viewers: map[policy.Subject]json.RawMessage{}, data: map[string]json.RawMessage{}}, err
}

// moment is the state of a circle for those who subscribed together.
type moment struct {
	state  *feed.CircleState
	common json.RawMessage // an object that lacks its member "can"

	mu      sync.Mutex                         // guards the following
	viewers map[policy.Subject]json.RawMessage // what those get of whom the same is known
	data    map[string]json.RawMessage         // by what one can: many can do the same for different reasons
}

// dataFor returns what the actor gets; it is shared and not to be changed. It
// fails with CircleNotFound for one who may not look into the circle.
func (m *moment) dataFor(a feed.Actor) (json.RawMessage, error) {
	subject := m.state.Viewer(a)
	m.mu.Lock()
	defer m.mu.Unlock()
	if data, ok := m.viewers[subject]; ok {
		return data, nil
	}
	may, err := m.state.Can(subject)
	if err != nil {
		return nil, err
	}
	can, err := encode(may)
	if err != nil {
		return nil, err
	}
	data := m.data[string(can)]
	if data == nil {
		data = m.with(can)
		m.data[string(can)] = data
	}
	m.viewers[subject] = data
	return data, nil
}

// with adds the member "can" to what all get.
func (m *moment) with(can json.RawMessage) json.RawMessage {
	const member = `,"can":`
	data := make(json.RawMessage, 0, len(m.common)+len(member)+len(can))
	data = append(data, m.common[:len(m.common)-1]...)
	return append(append(append(data, member...), can...), '}')
}
