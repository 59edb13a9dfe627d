package feed

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed/policy"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
	"lifecircle/internal/text"
)

// CreateCircle makes a circle with the actor as its owner. A repeated key
// returns the first answer and makes nothing. A sub-circle is made by an owner
// or moderator of its parent, which must not be a sub-circle itself.
func (s *Service) CreateCircle(ctx context.Context, a Actor, in NewCircle, key string) (CircleView, error) {
	if a.Guest() {
		return CircleView{}, errSignIn
	}
	req, err := idempotency.NewRequest(a.User, key, "create circle", in)
	if err != nil {
		return CircleView{}, err
	}
	if err := in.check(); err != nil {
		return CircleView{}, err
	}
	return keyed(ctx, s, req, func(tx pgx.Tx) (CircleView, error) { return s.makeCircle(ctx, tx, a, in) })
}

// makeCircle refuses before it writes anything.
func (s *Service) makeCircle(ctx context.Context, tx pgx.Tx, a Actor, in NewCircle) (view CircleView, err error) {
	if err := requireAccount(ctx, tx, a); err != nil {
		return view, err
	}
	if in.Parent != nil {
		if err := s.checkParent(ctx, tx, a, *in.Parent); err != nil {
			return view, err
		}
	}
	made, err := insertCircle(ctx, tx, a, in)
	if err != nil {
		return view, err
	}
	return s.readCircle(ctx, tx, a, made.ID)
}

// check normalises the input and refuses what does not fit.
func (in *NewCircle) check() (err error) {
	if _, err := policy.Compile(in.Rules, in.RulesReason); err != nil {
		return err
	}
	if in.Category == "" {
		in.Category = "other"
	}
	if in.Tags == nil {
		in.Tags = []string{}
	}
	change := CircleChange{Name: &in.Name, Description: &in.Description, Category: &in.Category, Tags: &in.Tags, Place: &in.Place}
	return change.check()
}

// check normalises what is set, in place, and refuses what does not fit.
func (c *CircleChange) check() (err error) {
	if c.Name != nil {
		if *c.Name, err = text.Name("body.name", *c.Name, MaxCircleNameGraphemes); err != nil {
			return err
		}
	}
	if c.Description != nil && *c.Description != "" {
		if *c.Description, err = text.Body("body.description", *c.Description, MaxDescriptionGraphemes); err != nil {
			return err
		}
	}
	if c.Place != nil && *c.Place != "" {
		if *c.Place, err = text.Name("body.place", *c.Place, MaxPlaceGraphemes); err != nil {
			return err
		}
	}
	if c.Category != nil && !slices.Contains(Categories, *c.Category) {
		return problem.Invalid(problem.CategoryUnknown, "body.category", "The category is one of %s.", strings.Join(Categories, ", "))
	}
	if c.Tags != nil {
		*c.Tags, err = checkTags(*c.Tags)
	}
	return err
}

// checkTags returns the tags in lower case, each once, in their order.
func checkTags(tags []string) ([]string, error) {
	if len(tags) > MaxTags {
		return nil, problem.Invalid(problem.Invalid_, "body.tags", "A circle has at most %d tags.", MaxTags)
	}
	out := make([]string, 0, len(tags))
	for i, tag := range tags {
		tag, err := checkTag(fmt.Sprintf("body.tags[%d]", i), tag)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, tag) {
			out = append(out, tag)
		}
	}
	return out, nil
}

// checkTag returns the tag as it is kept, however it was written.
func checkTag(location, tag string) (string, error) {
	return text.Name(location, strings.ToLower(tag), MaxTagGraphemes)
}

// UpdateCircle changes a circle's description of itself; its owners may. It
// fails with CircleNotFound, RoleRequired or a problem of the values.
func (s *Service) UpdateCircle(ctx context.Context, a Actor, circle id.ID, in CircleChange) (CircleView, error) {
	if err := in.check(); err != nil {
		return CircleView{}, err
	}
	err := s.asOwner(ctx, a, circle, func(tx pgx.Tx) ([]circlelog.Event, error) {
		changed, err := updateCircle(ctx, tx, circle, in)
		if err != nil {
			return nil, err
		}
		data, err := event{Type: circleUpdated, Circle: &changed}.encode()
		if err != nil {
			return nil, err
		}
		e, err := circlelog.Append(ctx, tx, circle, data)
		return []circlelog.Event{e}, err
	})
	if err != nil {
		return CircleView{}, err
	}
	return s.Circle(ctx, a, circle)
}

// asOwner runs f in a transaction that holds the circle's row, for one of its
// owners, and tells the audience what f appended to the log.
func (s *Service) asOwner(ctx context.Context, a Actor, circle id.ID, f change) error {
	return s.changeCircle(ctx, a, circle, requireOwner, f)
}

func requireOwner(role string) error {
	if role == policy.Owner {
		return nil
	}
	return &problem.Problem{
		Code: problem.RoleRequired, Detail: "Only an owner of the circle may do this.",
		Rule: []problem.Clause{{Clause: "role", Have: orNone(role), Need: policy.Owner, How: "ask an owner of the circle"}},
	}
}

// inCircle does as asOwner for anybody with an account.
func (s *Service) inCircle(ctx context.Context, a Actor, circle id.ID, f change) error {
	return s.changeCircle(ctx, a, circle, func(string) error { return nil }, f)
}

// change is what a transaction does to a circle, and the events it appends.
type change func(tx pgx.Tx) ([]circlelog.Event, error)

func (s *Service) changeCircle(ctx context.Context, a Actor, circle id.ID, judge func(role string) error, f change) error {
	if a.Guest() {
		return errSignIn
	}
	var events []circlelog.Event
	err := pg.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		if err := s.enterCircle(ctx, tx, a, circle, judge); err != nil {
			return err
		}
		events, err = f(tx)
		return err
	})
	if err == nil && len(events) > 0 {
		s.publish(ctx, events)
	}
	return outward(err)
}

// enterCircle locks the circle's row for one whose role there judge accepts.
func (s *Service) enterCircle(ctx context.Context, tx pgx.Tx, a Actor, circle id.ID, judge func(role string) error) error {
	if err := requireAccount(ctx, tx, a); err != nil {
		return err
	}
	role, err := s.lockCircle(ctx, tx, circle, a)
	if err != nil {
		return err
	}
	return judge(role)
}

func orNone(role string) string {
	if role == "" {
		return "no role"
	}
	return role
}

// Circle returns one circle as the actor sees it. It fails with CircleNotFound.
func (s *Service) Circle(ctx context.Context, a Actor, circle id.ID) (CircleView, error) {
	view, err := s.readCircle(ctx, s.pool, a, circle)
	return view, outward(err)
}

// Circles returns a page of all circles, or of those with a tag; what cannot be
// a tag is one that no circle has. Those that are closed to the actor are left
// out, so that a page may be shorter than what follows it. It fails with BadCursor, or Invalid for an
// unknown order.
func (s *Service) Circles(ctx context.Context, a Actor, q CircleQuery) (Page[CircleView], error) {
	q.Sort = cmp.Or(q.Sort, "top")
	n := map[string]int{"top": 2, "new": 1}[q.Sort]
	if n == 0 {
		return Page[CircleView]{}, problem.Invalid(problem.Invalid_, "query.sort", "Circles are sorted by top or new.")
	}
	tag := strings.TrimSpace(q.Tag)
	if tag != "" {
		kept, err := checkTag("query.tag", tag)
		if err != nil {
			return Page[CircleView]{Items: []CircleView{}}, nil //nolint:nilerr // no circle has it
		}
		tag = kept
	}
	var (
		items []CircleView
		list  = "circles " + q.Sort + " " + tag
	)
	place, err := s.cursors.OpenHidden(list, q.Cursor, n)
	if err != nil {
		return Page[CircleView]{}, err
	}
	if q.Sort == "new" {
		items, err = s.readNewCircles(ctx, a, tag, place, q.limit())
	} else {
		items, err = s.readTopCircles(ctx, a, tag, place, q.limit())
	}
	if err != nil {
		return Page[CircleView]{}, outward(err)
	}
	page := Page[CircleView]{Items: items}
	if len(items) == q.limit() {
		last := items[len(items)-1]
		end := []int64{last.Followers, int64(last.ID)}
		page.NextCursor = s.cursors.SealHidden(list, end[2-n:]...) // it may be closed
	}
	page.Items = slices.DeleteFunc(items, func(c CircleView) bool { return c.closed })
	return page, nil
}
