package creditscore

import (
	"context"
	"strconv"
	"time"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/creditscore/trust"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// The states of two people, as one of them sees it.
const (
	ContactNone     = "none"     // neither has asked, or it has ended
	ContactAsked    = "asked"    // by him
	ContactAsks     = "asks"     // the other does
	ContactAccepted = "accepted" // both
	contactEnded    = "ended"
)

// Limits of contacts. An accepted contact is a link of trust: what one account
// can gather in a day is what an attack has to live with.
const (
	MaxContactAsks    = 20  // in 24 hours
	MaxContactAccepts = 10  // in 24 hours, by and of one person
	MaxContacts       = 500 // of one person
)

// Contact is what somebody is to the one who looks.
type Contact struct {
	Person PersonCard `json:"person"`
	State  string     `json:"state" enum:"none,asked,asks,accepted" doc:"none: neither has asked, and so in no list; asked: you have; asks: the other does, and PUT accepts"`
	Since  time.Time  `json:"since,omitzero" doc:"absent with none"`
}

// AskContact asks somebody to be a contact, or accepts if he has asked. Done
// again it changes nothing. It fails with UserNotFound, ContactUnsuitable or
// ContactLimit.
func (s *Service) AskContact(ctx context.Context, user, other id.ID) (c Contact, err error) {
	if user == other {
		return c, problem.New(problem.ContactUnsuitable, "Nobody is a contact of oneself.")
	}
	err = s.write(ctx, func(ctx context.Context, w *writer) (err error) {
		c, err = w.askContact(ctx, user, other)
		return err
	})
	return c, err
}

func (w *writer) askContact(ctx context.Context, user, other id.ID) (c Contact, err error) {
	if err := requireAccount(ctx, w.tx, user); err != nil {
		return c, err
	}
	if err := w.lockContacts(ctx, user, other); err != nil {
		return c, err
	}
	if c.Person, err = readPerson(ctx, w.tx, other); err != nil {
		return c, err
	}
	state, since, err := readContact(ctx, w.tx, user, other)
	if err != nil {
		return c, err
	}
	switch state {
	case ContactAsked, ContactAccepted:
		c.State, c.Since = state, since
		return c, nil
	case ContactAsks:
		c.State, c.Since = ContactAccepted, w.now
		return c, w.acceptContact(ctx, user, other)
	}
	n, err := countContacts(ctx, w.tx, user, w.now)
	if err != nil {
		return c, err
	}
	if n.asked >= MaxContactAsks || n.all >= MaxContacts {
		return c, limitReached("You can ask %d people in a day, and have %d contacts.", MaxContactAsks, MaxContacts)
	}
	if err := storeContact(ctx, w.tx, user, other, ContactAsked, ContactAsks, w.now); err != nil {
		return c, err
	}
	c.State, c.Since = ContactAsked, w.now
	return c, w.notify(ctx, other, Notification{Kind: NoteContactAsks, other: user})
}

func (w *writer) acceptContact(ctx context.Context, user, other id.ID) error {
	for _, one := range [2]id.ID{user, other} {
		n, err := countContacts(ctx, w.tx, one, w.now)
		if err != nil {
			return err
		}
		if n.accepted >= MaxContactAccepts || n.all > MaxContacts {
			return limitReached("One of you has %d new contacts today, or %d in all: try again tomorrow.", MaxContactAccepts, MaxContacts)
		}
	}
	if err := storeContact(ctx, w.tx, user, other, ContactAccepted, ContactAccepted, w.now); err != nil {
		return err
	}
	if _, err := w.append(ctx, w.contactEvents(model.ContactAccepted, user, other)); err != nil {
		return err
	}
	if err := w.tie(ctx, user, other, trust.AcceptedContact); err != nil {
		return err
	}
	return w.notify(ctx, other, Notification{Kind: NoteContactAccepted, other: user})
}

func limitReached(detail string, args ...any) error {
	return problem.New(problem.ContactLimit, detail, args...)
}

// contactEvents are what happens to both of two people.
func (w *writer) contactEvents(k model.Kind, a, b id.ID) (events []Event) {
	for _, pair := range [2][2]id.ID{{a, b}, {b, a}} {
		events = append(events, Event{
			Event: model.Event{User: pair[0], Kind: k, Other: pair[1], At: w.now}, Issuer: ours,
			Ref: kindNames[k] + ":" + pair[1].String() + ":" + strconv.FormatInt(w.now.UnixMicro(), 36),
		})
	}
	return events
}

// EndContact ends a contact, takes back a question or refuses one. Where there
// is nothing it changes nothing.
func (s *Service) EndContact(ctx context.Context, user, other id.ID) error {
	return s.write(ctx, func(ctx context.Context, w *writer) error {
		if err := w.lockContacts(ctx, user, other); err != nil {
			return err
		}
		state, _, err := readContact(ctx, w.tx, user, other)
		if err != nil || state == "" || state == contactEnded {
			return err
		}
		if err := storeContact(ctx, w.tx, user, other, contactEnded, contactEnded, w.now); err != nil {
			return err
		}
		if state != ContactAccepted {
			return nil
		}
		if err := w.untie(ctx, user, other, trust.AcceptedContact); err != nil {
			return err
		}
		_, err = w.append(ctx, w.contactEvents(model.ContactEnded, user, other))
		return err
	})
}

// Contact returns what somebody is to the one who looks, ContactNone among it.
// It fails with UserNotFound.
func (s *Service) Contact(ctx context.Context, user, other id.ID) (c Contact, err error) {
	if c.Person, err = readPerson(ctx, s.pool, other); err != nil {
		return c, outward(err)
	}
	if c.State, c.Since, err = readContact(ctx, s.pool, user, other); err != nil {
		return c, outward(err)
	}
	if c.State == "" || c.State == contactEnded {
		c.State, c.Since = ContactNone, time.Time{}
	}
	return c, nil
}

// Contacts returns a person's contacts in a state (empty: accepted), newest first.
func (s *Service) Contacts(ctx context.Context, user id.ID, state string, q PageQuery) (page Page[Contact], err error) {
	if state == "" {
		state = ContactAccepted
	}
	list := "contacts " + user.String() + state
	place, err := s.cursors.Open(list, q.Cursor, 2)
	if err != nil {
		return page, err
	}
	if page.Items, err = readContacts(ctx, s.pool, user, state, place, q.limit()); err != nil {
		return page, outward(err)
	}
	if len(page.Items) == q.limit() {
		last := page.Items[len(page.Items)-1]
		page.NextCursor = s.cursors.Seal(list, last.Since.UnixMicro(), int64(last.Person.ID))
	}
	return page, nil
}
