package feed_test

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// people is Rights that a test may change while batches are under way.
type people struct {
	mu    sync.Mutex
	known map[id.ID]policy.Subject
	until map[id.ID]time.Time // no student from then on
	asked int                 // how often anybody was looked up
}

func (p *people) Queue(_ *pgx.Batch, users []id.ID) func(id.ID, time.Time) policy.Subject {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked += len(users)
	return func(user id.ID, at time.Time) policy.Subject {
		p.mu.Lock()
		defer p.mu.Unlock()
		s := p.known[user]
		if end, ends := p.until[user]; ends && !at.Before(end) {
			s.Student, s.StudentOf = false, ""
		}
		return s
	}
}

func (p *people) set(a feed.Actor, change func(*policy.Subject)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.known[a.User]
	change(&s)
	p.known[a.User] = s
}

func (p *people) credit(a feed.Actor, score int) {
	p.set(a, func(s *policy.Subject) { s.Credit = score })
}

func (p *people) lookUps() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// ruled is a world whose people have rights.
type ruled struct {
	*world
	known *people
}

func newRuled(t *testing.T, o feed.Options) *ruled {
	t.Helper()
	known := &people{known: map[id.ID]policy.Subject{}, until: map[id.ID]time.Time{}}
	o.Rights = known
	return &ruled{newWorldWith(t, 1, o), known}
}

func (r *ruled) ruledCircle(owner feed.Actor, rules map[policy.Action]string) id.ID {
	r.t.Helper()
	c, err := r.service().CreateCircle(r.t.Context(), owner, feed.NewCircle{Name: "Ruled", Rules: rules}, "")
	if err != nil {
		r.t.Fatal(err)
	}
	return c.ID
}

func (r *ruled) setRules(owner feed.Actor, circle id.ID, rules map[policy.Action]string) feed.CircleRules {
	r.t.Helper()
	set, err := r.service().SetRules(r.t.Context(), owner, circle, feed.NewRules{Rules: rules}, "")
	if err != nil {
		r.t.Fatal(err)
	}
	return set
}

func (r *ruled) refused(err error, code problem.Code) problem.Problem {
	r.t.Helper()
	p := problem.From(err)
	if p == nil || p.Code != code {
		r.t.Fatalf("got %v, want %s", err, code)
	}
	return *p
}

// doors are all ways to act in a circle that its rules speak of.
func (r *ruled) doors(post id.Post, comment id.Comment, mine func(feed.Actor) id.Post) map[string]func(context.Context, feed.Actor) error {
	s := r.service()
	return map[string]func(context.Context, feed.Actor) error{
		"post": func(ctx context.Context, a feed.Actor) error {
			_, err := s.CreatePost(ctx, a, post.Circle, feed.NewPost{Text: "x"}, "")
			return err
		},
		"comment": func(ctx context.Context, a feed.Actor) error {
			_, err := s.CreateComment(ctx, a, post, feed.NewComment{Text: "x"}, "")
			return err
		},
		"reply": func(ctx context.Context, a feed.Actor) error {
			_, err := s.CreateComment(ctx, a, post, feed.NewComment{Text: "x", ReplyTo: &comment}, "")
			return err
		},
		"like": func(ctx context.Context, a feed.Actor) error {
			_, err := s.Like(ctx, a, post)
			return err
		},
		"edit": func(ctx context.Context, a feed.Actor) error {
			_, err := s.UpdatePost(ctx, a, mine(a), feed.PostChange{Text: "y"})
			return err
		},
		"tip": func(ctx context.Context, a feed.Actor) error { return r.mayTip(ctx, a, post) },
	}
}

// mayTip asks as payments does, in a transaction of its own.
func (r *ruled) mayTip(ctx context.Context, a feed.Actor, post id.Post) error {
	return pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		var begin, lock pgx.Batch
		t := r.service().BeginTips(&begin, []id.Post{post}, []id.ID{a.User})
		if err := tx.SendBatch(ctx, &begin).Close(); err != nil {
			return err
		}
		t.Lock(&lock, []id.Post{post})
		if err := tx.SendBatch(ctx, &lock).Close(); err != nil {
			return err
		}
		return t.MayTip(a.User, post)
	})
}

// TestScoreAtEveryDoor: 750 is refused and 751 accepted, by the score as it is
// when the change is committed, with the reason; nothing changes by what is refused.
func TestScoreAtEveryDoor(t *testing.T) {
	t.Parallel()
	r := newRuled(t, feed.Options{})
	all := r.people(3)
	owner, student, reader := all[0], all[1], all[2]
	circle := r.ruledCircle(owner, nil)
	post := r.post(owner, circle, "hello")
	comment, err := r.service().CreateComment(t.Context(), owner, post.ID, feed.NewComment{Text: "first"}, "")
	if err != nil {
		t.Fatal(err)
	}
	own := map[feed.Actor]id.Post{student: r.post(student, circle, "mine").ID, reader: r.post(reader, circle, "mine").ID}
	const score = "user.credit > 750"
	r.setRules(owner, circle, map[policy.Action]string{
		policy.MakePost: score + " || user.student", policy.Comment: score + " || can.post", policy.Like: score + " || can.post", policy.Tip: score + " || can.post",
	})
	r.known.set(student, func(s *policy.Subject) { s.Student, s.Credit = true, 400 })
	doors := r.doors(post.ID, comment.ID, func(a feed.Actor) id.Post { return own[a] })
	var before, after string
	const state = `SELECT concat((SELECT count(*) FROM posts), ' ', (SELECT count(*) FROM comments), ' ', (SELECT count(*) FROM likes), ' ', (SELECT sum(head_offset) FROM circle_heads))`
	for name, through := range doors {
		r.known.credit(reader, 750)
		r.scan(state, &before)
		p := r.refused(through(t.Context(), reader), problem.NotAllowed)
		if p.Detail == "" || len(p.Rule) < 2 || p.Rule[0].Clause == "" || p.Rule[0].Missing != 1 && p.Rule[1].Missing != 1 {
			t.Errorf("%s: %+v", name, p)
		}
		if r.scan(state, &after); before != after {
			t.Errorf("%s was refused and changed %s to %s", name, before, after)
		}
		r.known.credit(reader, 751)
		if err := through(t.Context(), reader); err != nil {
			t.Errorf("%s at 751: %v", name, err)
		}
		if err := through(t.Context(), student); err != nil {
			t.Errorf("%s by one who may post: %v", name, err)
		}
	}
	r.holds()
}

// TestStatusEndsByTheClock: a student is none from the moment at which the
// status ends.
func TestStatusEndsByTheClock(t *testing.T) {
	t.Parallel()
	r := newRuled(t, feed.Options{})
	all := r.people(2)
	owner, student := all[0], all[1]
	circle := r.ruledCircle(owner, map[policy.Action]string{policy.MakePost: "user.student"})
	r.known.set(student, func(s *policy.Subject) { s.Student = true })
	r.known.until[student.User] = time.Now().Add(time.Hour)
	r.post(student, circle, "in time")
	r.known.mu.Lock()
	r.known.until[student.User] = time.Now().Add(-time.Second)
	r.known.mu.Unlock()
	_, err := r.service().CreatePost(t.Context(), student, circle, feed.NewPost{Text: "late"}, "")
	r.refused(err, problem.NotAllowed)
}

// TestOpenCirclesReadNoRights: what has no rules asks nobody for anything.
func TestOpenCirclesReadNoRights(t *testing.T) {
	t.Parallel()
	r := newRuled(t, feed.Options{AdultTips: true})
	a := r.people(1)[0]
	circle := r.circle(a)
	post := r.post(a, circle, "x")
	before := r.known.lookUps()
	if _, err := r.service().Like(t.Context(), a, post.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.service().CreateComment(t.Context(), a, post.ID, feed.NewComment{Text: "x"}, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := r.service().CircleState(t.Context(), circle, []id.ID{a.User}); err != nil {
		t.Fatal(err)
	}
	if after := r.known.lookUps(); after != before {
		t.Errorf("%d people were looked up", after-before)
	}
}

func TestTipsTakeAdults(t *testing.T) {
	t.Parallel()
	r := newRuled(t, feed.Options{AdultTips: true})
	all := r.people(2)
	author, tipper := all[0], all[1]
	post := r.post(author, r.circle(author), "x").ID
	for age, want := range map[int]problem.Code{0: problem.TipAdultsOnly, 17: problem.TipAdultsOnly, 18: ""} {
		r.known.set(tipper, func(s *policy.Subject) { s.Age = age })
		err := r.mayTip(t.Context(), tipper, post)
		if p := problem.From(err); want == "" && err != nil || want != "" && (p == nil || p.Code != want || len(p.Rule) == 0 || p.Rule[0].How == "") {
			t.Errorf("at %d: %v", age, err)
		}
		seen, err := r.service().Post(t.Context(), tipper, post)
		if err != nil || seen.Can[policy.Tip].Allowed != (want == "") || seen.Can[policy.Tip].Code != want {
			t.Errorf("at %d can %+v, %v", age, seen.Can[policy.Tip], err)
		}
	}
}

// TestClosedViewLeaksNothing: what is closed to somebody does not exist for
// him, by whatever door he looks.
func TestClosedViewLeaksNothing(t *testing.T) {
	t.Parallel()
	r := newRuled(t, feed.Options{})
	all := r.people(3)
	owner, adult, minor := all[0], all[1], all[2]
	s := r.service()
	circle, open := r.ruledCircle(owner, nil), r.circle(owner)
	post, gone := r.post(owner, circle, "hidden"), r.post(owner, circle, "gone")
	comment, err := s.CreateComment(t.Context(), owner, post.ID, feed.NewComment{Text: "x"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeletePost(t.Context(), owner, gone.ID); err != nil {
		t.Fatal(err)
	}
	below, err := s.CreateCircle(t.Context(), owner, feed.NewCircle{Name: "Below", Parent: &open, Rules: map[policy.Action]string{policy.View: "user.age >= 18"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		for _, c := range []id.ID{circle, open} {
			if _, err := s.Follow(t.Context(), a, c); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.post(owner, open, "open")
	r.setRules(owner, circle, map[policy.Action]string{policy.View: "user.age >= 18"})
	r.known.set(adult, func(s *policy.Subject) { s.Age = 30 })
	r.known.set(minor, func(s *policy.Subject) { s.Age = 17 })

	doors := r.doors(post.ID, comment.ID, func(feed.Actor) id.Post { return post.ID })
	looks := map[string]func(feed.Actor) error{
		"circle":   func(a feed.Actor) error { _, err := s.Circle(t.Context(), a, circle); return err },
		"rules":    func(a feed.Actor) error { _, err := s.Rules(t.Context(), a, circle); return err },
		"posts":    func(a feed.Actor) error { _, err := s.Posts(t.Context(), a, circle, feed.PageQuery{}); return err },
		"pane":     func(a feed.Actor) error { _, err := s.Posts(t.Context(), a, circle, feed.PageQuery{}); return err },
		"post":     func(a feed.Actor) error { _, err := s.Post(t.Context(), a, post.ID); return err },
		"gone":     func(a feed.Actor) error { _, err := s.Post(t.Context(), a, gone.ID); return err },
		"likes":    func(a feed.Actor) error { _, err := s.Likes(t.Context(), a, post.ID, feed.PageQuery{}); return err },
		"comments": func(a feed.Actor) error { _, err := s.Comments(t.Context(), a, post.ID, feed.PageQuery{}); return err },
		"tips":     func(a feed.Actor) error { _, err := s.TipAuthor(t.Context(), a.User, post.ID); return err },
		"view":     func(a feed.Actor) error { return s.MayView(t.Context(), a, circle) },
		"state": func(a feed.Actor) error {
			state, err := s.CircleState(t.Context(), circle, []id.ID{a.User})
			if err == nil {
				_, err = state.Can(state.Viewer(a))
			}
			return err
		},
	}
	for name, look := range looks {
		for _, a := range []feed.Actor{adult, owner} {
			if err := look(a); name == "gone" != problem.Has(err, problem.Deleted) || name != "gone" && err != nil {
				t.Errorf("%s for %v: %v", name, a, err)
			}
		}
		for _, a := range []feed.Actor{minor, {}} {
			if p := problem.From(look(a)); p == nil || p.Status() != 404 || len(p.Rule) > 0 {
				t.Errorf("%s for %v: %v", name, a, p)
			}
		}
	}
	acts := maps.Clone(doors)
	acts["delete post"] = func(ctx context.Context, a feed.Actor) error { return s.DeletePost(ctx, a, post.ID) }
	acts["delete gone"] = func(ctx context.Context, a feed.Actor) error { return s.DeletePost(ctx, a, gone.ID) }
	acts["delete comment"] = func(ctx context.Context, a feed.Actor) error { return s.DeleteComment(ctx, a, comment.ID) }
	acts["like gone"] = func(ctx context.Context, a feed.Actor) error { _, err := s.Like(ctx, a, gone.ID); return err }
	acts["tip gone"] = func(ctx context.Context, a feed.Actor) error { return r.mayTip(ctx, a, gone.ID) }
	acts["update circle"] = func(ctx context.Context, a feed.Actor) error {
		_, err := s.UpdateCircle(ctx, a, circle, feed.CircleChange{})
		return err
	}
	acts["set rules"] = func(ctx context.Context, a feed.Actor) error {
		_, err := s.SetRules(ctx, a, circle, feed.NewRules{Rules: map[policy.Action]string{}}, "")
		return err
	}
	acts["leave"] = func(ctx context.Context, a feed.Actor) error { return s.RemoveMember(ctx, a, circle, a.User) }
	acts["follow"] = func(ctx context.Context, a feed.Actor) error {
		if _, err := s.Unfollow(ctx, a, circle); err != nil {
			return err // who follows may always end it
		}
		_, err := s.Follow(ctx, a, circle)
		return err
	}
	acts["make below"] = func(ctx context.Context, a feed.Actor) error {
		_, err := s.CreateCircle(ctx, a, feed.NewCircle{Name: "x", Parent: &circle}, "")
		if problem.Has(err, problem.ParentUnsuitable) { // as one that is missing
			return problem.New(problem.CircleNotFound, "")
		}
		return err
	}
	r.homeAndLists(minor, open, below.ID, 1, 1)
	r.homeAndLists(adult, open, below.ID, 2, 3)
	r.homeAndLists(feed.Actor{}, open, below.ID, -1, 1)
	for name, act := range acts {
		if p := problem.From(act(t.Context(), minor)); p == nil || p.Status() != 404 || len(p.Rule) > 0 {
			t.Errorf("%s by a minor: %v", name, p)
		}
	}
	closed, err := s.ClosedTo(t.Context(), []id.ID{circle, open}, func(id.ID) []id.ID { return []id.ID{0, owner.User, adult.User, minor.User} })
	if err != nil || len(closed) != 1 || len(closed[circle]) != 2 || closed[circle][0] != 0 || closed[circle][1] != minor.User {
		t.Errorf("closed to %v, %v", closed, err)
	}
}

// homeAndLists checks how many posts are on a person's home (-1: it has none),
// and how many circles in the lists.
func (r *ruled) homeAndLists(a feed.Actor, open, below id.ID, posts, circles int) {
	r.t.Helper()
	if posts >= 0 {
		home, err := r.service().Home(r.t.Context(), a, feed.PageQuery{})
		if err != nil || len(home.Items) != posts {
			r.t.Errorf("home of %v: %+v, %v", a, home, err)
		}
	}
	for _, sort := range []string{"top", "new"} {
		list, err := r.service().Circles(r.t.Context(), a, feed.CircleQuery{Sort: sort})
		if err != nil || len(list.Items) != circles {
			r.t.Errorf("%s circles of %v: %d, %v", sort, a, len(list.Items), err)
		}
	}
	c, err := r.service().Circle(r.t.Context(), a, open)
	if err != nil || (len(c.SubCircles) == 1) != (circles == 3) {
		r.t.Errorf("below %v for %v: %v, %v", below, a, c.SubCircles, err)
	}
}
