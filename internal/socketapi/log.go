package socketapi

import (
	"context"
	"errors"

	"lifecircle/hub"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
)

// Log shows the circles' logs to the hub.
type Log struct{ reader *circlelog.Reader }

// NewLog returns a Log over the reader.
func NewLog(r *circlelog.Reader) *Log { return &Log{reader: r} }

// Read implements hub.Log. A channel that is no living circle's is refused
// with hub.ErrUnknownChannel.
func (l *Log) Read(ctx context.Context, channel string, q hub.ReadQuery) ([]hub.Publication, hub.Position, error) {
	circle, ok := circleOf(channel)
	if !ok {
		return nil, hub.Position{}, hub.ErrUnknownChannel
	}
	events, top, err := l.reader.Read(ctx, circle, circlelog.Query{Since: q.Since, Limit: q.Limit, MaxBytes: q.MaxBytes, Reverse: q.Reverse})
	if errors.Is(err, circlelog.ErrUnknownCircle) {
		return nil, hub.Position{}, hub.ErrUnknownChannel
	}
	if err != nil {
		return nil, hub.Position{}, err
	}
	publications := make([]hub.Publication, len(events))
	for i, e := range events {
		publications[i] = publication(e)
	}
	return publications, hub.Position(top), nil
}

// Heads implements hub.Log.
func (l *Log) Heads(ctx context.Context, channels []string) (map[string]hub.Position, error) {
	circles := make([]id.ID, 0, len(channels))
	for _, channel := range channels {
		if circle, ok := circleOf(channel); ok {
			circles = append(circles, circle)
		}
	}
	tops, err := l.reader.Heads(ctx, circles)
	if err != nil {
		return nil, err
	}
	heads := make(map[string]hub.Position, len(tops))
	for circle, top := range tops {
		heads[circleChannel(circle)] = hub.Position(top)
	}
	return heads, nil
}

func publication(e circlelog.Event) hub.Publication {
	return hub.Publication{Offset: e.Offset, Epoch: e.Epoch, Data: e.Data, At: e.At}
}
