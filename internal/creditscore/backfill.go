package creditscore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/creditscore/trust"
	"lifecircle/internal/id"
)

// Past lives: what people bring with them who had no score here before.
type (
	// Tie is a link of trust.
	Tie struct {
		A, B id.ID
		Kind trust.Kind
	}
	// Checked is somebody whom staff has checked by hand.
	Checked struct {
		User      id.ID
		Community int32
		MaySeed   bool // of identity level 3: trust may start with him
	}
	// Backfill is what Backfill writes.
	Backfill struct {
		Issuer   string
		Events   []model.Event // dated as they happened
		Ties     []Tie         // of people here and elsewhere
		Contacts [][2]id.ID    // pairs of people here
		Checked  []Checked
	}
)

// ErrHasScore is returned for the past of somebody who has a score: it would
// change what was published.
var ErrHasScore = errors.New("somebody has a score already")

// Backfill writes the past of people who have no score yet; a run gives them
// one. Who has no account may be in the links, and has no events.
func (s *Service) Backfill(ctx context.Context, b Backfill) error {
	return s.write(ctx, func(ctx context.Context, w *writer) error {
		if err := refuseScored(ctx, w.tx, b.Events); err != nil {
			return err
		}
		if err := copyEvents(ctx, w.tx, b); err != nil {
			return err
		}
		links := make([][]any, len(b.Ties))
		for i, t := range b.Ties {
			links[i] = []any{min(t.A, t.B), max(t.A, t.B), int16(t.Kind), w.now}
		}
		people := make([][]any, len(b.Checked))
		for i, c := range b.Checked {
			people[i] = []any{c.User, c.Community, c.MaySeed, w.now}
		}
		var contacts [][]any
		for _, c := range b.Contacts {
			contacts = append(contacts, []any{c[0], c[1], ContactAccepted, w.now}, []any{c[1], c[0], ContactAccepted, w.now})
		}
		for _, t := range []struct {
			name    string
			columns []string
			rows    [][]any
		}{
			{"trust_links", []string{"a", "b", "kind", "since"}, links},
			{"trust_seeds", []string{"user_id", "community", "may_seed", "since"}, people},
			{"contacts", []string{"user_id", "other_id", "state", "since"}, contacts},
		} {
			if _, err := w.tx.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromRows(t.rows)); err != nil {
				return fmt.Errorf("write %s of the past: %w", t.name, err)
			}
		}
		return nil
	})
}

func refuseScored(ctx context.Context, tx pgx.Tx, events []model.Event) error {
	var users []id.ID
	for i := range events {
		if len(users) == 0 || users[len(users)-1] != events[i].User {
			users = append(users, events[i].User)
		}
	}
	var scored bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM scores WHERE user_id = ANY($1::bigint[]))`, sorted(users)).Scan(&scored); err != nil {
		return fmt.Errorf("look for scores: %w", err)
	}
	if scored {
		return ErrHasScore
	}
	return nil
}

func copyEvents(ctx context.Context, tx pgx.Tx, b Backfill) error {
	first, n := id.New(), -1
	next := func() ([]any, error) {
		if n++; n == len(b.Events) {
			return nil, nil
		}
		e := &b.Events[n]
		var attribute *string
		if e.Kind == model.AttributeVerified || e.Kind == model.AttributeRevoked {
			name := attributeNames[e.Attribute]
			attribute = &name
		}
		ref := kindNames[e.Kind]
		if e.Kind != model.Joined {
			ref = fmt.Sprintf("past:%d", n)
		}
		issuer := b.Issuer
		if e.Kind == model.Joined {
			issuer = ours
		}
		return []any{
			e.User, first + id.ID(n), kindNames[e.Kind], e.At.Truncate(time.Microsecond), orNull(e.Other), orNull(string(e.Code)), orNull(int16(e.Level)), attribute, issuer, ref,
		}, nil
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"score_events"},
		[]string{"user_id", "id", "kind", "at", "other_id", "code", "level", "attribute", "issuer", "ref"}, pgx.CopyFromFunc(next))
	if err != nil {
		return fmt.Errorf("write events of the past: %w", err)
	}
	return nil
}

func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
