package creditscore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
)

// addIdentity compares what events say of people's identity with what is
// verified of them, and appends what is missing, to the table and to events.
// Only a run may date events to its own moment.
func (s *Service) addIdentity(ctx context.Context, tx pgx.Tx, at time.Time, users []id.ID, joined map[id.ID]time.Time, events map[id.ID][]Event) error {
	verified, err := s.verified(ctx, tx, users)
	if err != nil {
		return err
	}
	var missing []Event
	first := id.New()
	for _, user := range users {
		before := len(missing)
		if since, ok := joined[user]; ok && !has(events[user], model.Joined) {
			missing = append(missing, Event{Event: model.Event{Kind: model.Joined, At: since.Truncate(time.Microsecond)}, Ref: "joined"})
		}
		if v, ok := verified[user]; ok {
			missing = append(missing, identityEvents(model.Fold(plain(events[user]), at), v, at)...)
		}
		for i := before; i < len(missing); i++ {
			e := &missing[i]
			e.ID, e.User, e.Issuer = first+id.ID(i), user, ours
		}
	}
	fresh, err := insertEvents(ctx, tx, missing)
	for _, e := range fresh {
		events[e.User] = append(events[e.User], e)
	}
	return err
}

func (s *Service) verified(ctx context.Context, tx pgx.Tx, users []id.ID) (map[id.ID]Verified, error) {
	if s.Identity == nil {
		return nil, nil //nolint:nilnil // nothing is verified of anybody
	}
	all, err := s.Identity(ctx, tx, users)
	if err != nil {
		return nil, fmt.Errorf("read what is verified: %w", err)
	}
	return all, nil
}

// identityEvents are what is missing in what was folded for v to be true.
func identityEvents(in model.Inputs, v Verified, at time.Time) (events []Event) {
	stamp := strconv.FormatInt(at.UnixMicro(), 36)
	add := func(e model.Event, what string) {
		e.At = at
		events = append(events, Event{Event: e, Ref: what + ":" + stamp})
	}
	have, want := in.LevelAt(at), model.Level(min(3, max(0, v.Level))) //nolint:gosec // 0 to 3
	if want < have {
		add(model.Event{Kind: model.IdentityRevoked}, "revoked")
		if want > 0 {
			add(model.Event{Kind: model.IdentityVerified, Level: want}, "level")
		}
	}
	if want > have {
		add(model.Event{Kind: model.IdentityVerified, Level: want}, "level")
	}
	for attribute, until := range [2]time.Time{model.Student: v.StudentUntil, model.Employee: v.EmployeeUntil} {
		a := model.Attribute(attribute) //nolint:gosec // 0 or 1
		until = until.Truncate(time.Microsecond)
		switch known := in.Attributes[a]; {
		case until.Equal(known):
		case until.IsZero():
			add(model.Event{Kind: model.AttributeRevoked, Attribute: a}, attributeNames[a])
		default:
			add(model.Event{Kind: model.AttributeVerified, Attribute: a, Until: until}, attributeNames[a])
		}
	}
	return events
}

// IdentityChanged tells that something else is verified of a person. It counts
// from the next night, but for a document that is no longer verified: that
// closes the gate at once.
func (s *Service) IdentityChanged(ctx context.Context, user id.ID) error {
	return s.write(ctx, func(ctx context.Context, w *writer) error {
		row, err := w.lock(ctx, user)
		if err != nil || row == nil {
			return err // the first night finds it
		}
		verified, err := s.verified(ctx, w.tx, []id.ID{user})
		v, ok := verified[user]
		if err != nil || !ok {
			return err
		}
		at := w.after(row)
		events, err := readEvents(ctx, w.tx, []id.ID{user}, at)
		if err != nil {
			return err
		}
		document := int(model.LevelDocument)
		if v.Level >= document || int(model.Fold(plain(events[user]), at).LevelAt(at)) < document {
			return nil
		}
		_, err = w.append(ctx, []Event{{
			Event: model.Event{User: user, Kind: model.IdentityRevoked}, Issuer: ours, Ref: "revoked:" + strconv.FormatInt(at.UnixMicro(), 36),
		}})
		return err
	})
}

func plain(events []Event) []model.Event {
	out := make([]model.Event, len(events))
	for i := range events {
		out[i] = events[i].Event
	}
	return out
}

func has(events []Event, k model.Kind) bool {
	for i := range events {
		if events[i].Kind == k {
			return true
		}
	}
	return false
}
