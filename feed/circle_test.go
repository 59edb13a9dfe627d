package feed_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/internal/groupcommit"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

func TestCirclesAreMadeListedAndChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	people := w.people(3)
	made, err := w.service().CreateCircle(t.Context(), people[0], feed.NewCircle{
		Name: " 校园日记 ", Description: "For students.", Category: "campus", Tags: []string{"Campus", "campus", "life"}, Place: "Hangzhou",
	}, "key")
	wantCode(t, "create", err, "")
	if made.Name != "校园日记" || strings.Join(made.Tags, ",") != "campus,life" || made.Viewer.Role != policy.Owner {
		t.Errorf("made %+v", made)
	}
	again, err := w.service().CreateCircle(t.Context(), people[0], feed.NewCircle{
		Name: " 校园日记 ", Description: "For students.", Category: "campus", Tags: []string{"Campus", "campus", "life"}, Place: "Hangzhou",
	}, "key")
	if err != nil || mustJSON(t, made) != mustJSON(t, again) {
		t.Errorf("repeated: %+v %v", again, err)
	}
	sub, err := w.service().CreateCircle(t.Context(), people[0], feed.NewCircle{Name: "Library", Parent: &made.ID}, "")
	wantCode(t, "sub-circle", err, "")
	_, err = w.service().CreateCircle(t.Context(), people[0], feed.NewCircle{Name: "Deeper", Parent: &sub.ID}, "")
	wantCode(t, "sub-sub-circle", err, problem.ParentUnsuitable)
	_, err = w.service().CreateCircle(t.Context(), people[1], feed.NewCircle{Name: "Mine", Parent: &made.ID}, "")
	wantCode(t, "sub-circle of another's", err, problem.RoleRequired)

	got, err := w.service().Circle(t.Context(), people[1], made.ID)
	wantCode(t, "read", err, "")
	if len(got.SubCircles) != 1 || got.SubCircles[0].ID != sub.ID || got.Viewer.Following || got.Viewer.Role != "" {
		t.Errorf("read %+v", got)
	}
	name := "Campus Life Journal"
	changed, err := w.service().UpdateCircle(t.Context(), people[0], made.ID, feed.CircleChange{Name: &name})
	wantCode(t, "change", err, "")
	if changed.Name != name || changed.Category != "campus" || changed.Place != "Hangzhou" {
		t.Errorf("changed to %+v", changed)
	}
	_, err = w.service().UpdateCircle(t.Context(), people[1], made.ID, feed.CircleChange{Name: &name})
	wantCode(t, "change another's", err, problem.RoleRequired)
	if events := w.ears.heard(); len(events) != 1 || !strings.Contains(string(events[0].Data), `"type":"circle.updated"`) {
		t.Errorf("told %+v", events)
	}
	w.holds()
}

func TestCircleListsPageByFollowersAndByAge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	people := w.people(4)
	var made []id.ID
	for range 5 {
		made = append(made, w.circle(people[0]))
	}
	slices.Sort(made) // those of one millisecond have no order of their own
	for i, n := range []int{1, 3, 0, 2, 3} {
		for _, p := range people[:n] {
			if _, err := w.service().Follow(t.Context(), p, made[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	for sort, want := range map[string][]int{"top": {4, 1, 3, 0, 2}, "new": {4, 3, 2, 1, 0}} {
		var got []id.ID
		for q := (feed.CircleQuery{PageQuery: feed.PageQuery{Limit: 2}, Sort: sort}); ; {
			page, err := w.service().Circles(t.Context(), people[3], q)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Items {
				got = append(got, c.ID)
			}
			if q.Cursor = page.NextCursor; q.Cursor == "" {
				break
			}
		}
		for i, n := range want {
			if i >= len(got) || got[i] != made[n] {
				t.Errorf("%s: place %d is wrong in %v of %v", sort, i, got, made)
				break
			}
		}
	}
	_, err := w.service().Circles(t.Context(), people[0], feed.CircleQuery{Sort: "best"})
	wantCode(t, "unknown order", err, problem.Invalid_)
}

func TestACircleKeepsAnOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	people := w.people(3)
	circle := w.circle(people[0])
	wantCode(t, "last owner leaves", w.service().RemoveMember(t.Context(), people[0], circle, people[0].User), problem.LastOwner)
	_, err := w.service().SetMember(t.Context(), people[0], circle, people[0].User, policy.Partner)
	wantCode(t, "last owner steps down", err, problem.LastOwner)
	_, err = w.service().SetMember(t.Context(), people[0], circle, people[1].User, policy.Owner)
	wantCode(t, "second owner", err, "")
	wantCode(t, "first owner leaves", w.service().RemoveMember(t.Context(), people[0], circle, people[0].User), "")
	_, err = w.service().SetMember(t.Context(), people[0], circle, people[2].User, policy.Moderator)
	wantCode(t, "an owner no more", err, problem.RoleRequired)
	_, err = w.service().SetMember(t.Context(), people[1], circle, people[2].User, policy.Moderator)
	wantCode(t, "a moderator", err, "")
	wantCode(t, "a moderator removes the owner", w.service().RemoveMember(t.Context(), people[2], circle, people[1].User), problem.RoleRequired)
	wantCode(t, "a moderator lays down his role", w.service().RemoveMember(t.Context(), people[2], circle, people[2].User), "")
	_, err = w.service().SetMember(t.Context(), people[1], circle, id.New(), policy.Moderator)
	wantCode(t, "nobody", err, problem.UserNotFound)
	_, err = w.service().SetMember(t.Context(), people[1], circle, people[2].User, "king")
	wantCode(t, "no such role", err, problem.RoleUnknown)
}

// TestOwnersWhoLeaveTogetherLeaveOne: each sees the other until he is gone.
func TestOwnersWhoLeaveTogetherLeaveOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	owners := w.people(4)
	for range 5 {
		circle := w.circle(owners[0])
		for _, o := range owners[1:] {
			_, err := w.service().SetMember(t.Context(), owners[0], circle, o.User, policy.Owner)
			wantCode(t, "another owner", err, "")
		}
		var (
			all   sync.WaitGroup
			stays atomic.Int32
		)
		for i, o := range owners {
			all.Go(func() {
				switch err := w.nodes[i%2].RemoveMember(t.Context(), o, circle, o.User); {
				case problem.Has(err, problem.LastOwner):
					stays.Add(1)
				case err != nil:
					t.Error(err)
				}
			})
		}
		all.Wait()
		var left int
		w.scan(`SELECT count(*) FROM circle_members WHERE circle_id = `+fmt.Sprint(int64(circle)), &left)
		if left != 1 || stays.Load() != 1 {
			t.Fatalf("%d owners are left, %d were refused", left, stays.Load())
		}
	}
}

func TestARefusedCircleStaysRefusedForItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	people := w.people(2)
	parent := w.circle(people[0])
	try := func(node *feed.Service) error {
		_, err := node.CreateCircle(t.Context(), people[1], feed.NewCircle{Name: "Library", Parent: &parent}, "k")
		return err
	}
	first := try(w.nodes[0])
	wantCode(t, "before the role", first, problem.RoleRequired)
	_, err := w.service().SetMember(t.Context(), people[0], parent, people[1].User, policy.Moderator)
	wantCode(t, "a moderator", err, "")
	again := try(w.nodes[1])
	if mustJSON(t, first) != mustJSON(t, again) {
		t.Errorf("again: %v, first: %v", again, first)
	}
	_, err = w.service().CreateCircle(t.Context(), people[1], feed.NewCircle{Name: "Other"}, "k")
	wantCode(t, "another circle with the key", err, problem.IdempotencyKeyReused)
	_, err = w.service().CreateCircle(t.Context(), people[1], feed.NewCircle{Name: "Library", Parent: &parent}, "k2")
	wantCode(t, "with a key of its own", err, "")
}

func TestCirclesAreFoundByTagHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	made, err := w.service().CreateCircle(t.Context(), author, feed.NewCircle{Name: "Coffee", Tags: []string{"Café au  lait"}}, "")
	wantCode(t, "create", err, "")
	for tag, want := range map[string]int{
		"café au lait": 1, " CAFÉ  AU LAIT ": 1, "cafe\u0301 au lait": 1, "café": 0,
		"\x00": 0, "\xff": 0, "a\nb": 0, strings.Repeat("x", 10_000): 0,
	} {
		for _, sort := range []string{"top", "new"} {
			page, err := w.service().Circles(t.Context(), author, feed.CircleQuery{Sort: sort, Tag: tag})
			if err != nil || len(page.Items) != want || want == 1 && page.Items[0].ID != made.ID {
				t.Errorf("%.20q by %s: %d circles (%v)", tag, sort, len(page.Items), err)
			}
		}
	}
}

func TestTheDefaultOrderIsTop(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	w.circle(author)
	w.circle(author)
	page, err := w.service().Circles(t.Context(), author, feed.CircleQuery{PageQuery: feed.PageQuery{Limit: 1}})
	wantCode(t, "first page", err, "")
	page, err = w.service().Circles(t.Context(), author, feed.CircleQuery{PageQuery: feed.PageQuery{Cursor: page.NextCursor}, Sort: "top"})
	if err != nil || len(page.Items) != 1 {
		t.Errorf("%d circles (%v)", len(page.Items), err)
	}
}

func TestSuspendedPeopleChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	people := w.people(3)
	circle := w.circle(people[0])
	post := w.post(people[0], circle, "hello").ID
	w.exec(`UPDATE users SET banned_at = now() WHERE id = $1`, people[0].User)
	w.exec(`DELETE FROM users WHERE id = $1`, people[2].User)
	w.barred(people[0], circle, post, problem.Banned)
	w.barred(people[2], circle, post, problem.Unauthorized)
	s, ctx, a, name := w.service(), t.Context(), people[0], "New"
	for what, do := range map[string]func() error{
		"a circle":        func() error { _, err := s.CreateCircle(ctx, a, feed.NewCircle{Name: name}, ""); return err },
		"a circle's name": func() error { _, err := s.UpdateCircle(ctx, a, circle, feed.CircleChange{Name: &name}); return err },
		"a member":        func() error { _, err := s.SetMember(ctx, a, circle, people[1].User, policy.Owner); return err },
		"no member":       func() error { return s.RemoveMember(ctx, a, circle, a.User) },
		"a follow":        func() error { _, err := s.Follow(ctx, a, circle); return err },
		"a post":          func() error { _, err := s.CreatePost(ctx, a, circle, feed.NewPost{Text: name}, ""); return err },
		"a post's text":   func() error { _, err := s.UpdatePost(ctx, a, post, feed.PostChange{Text: name}); return err },
		"a post's end":    func() error { return s.DeletePost(ctx, a, post) },
		"a like":          func() error { _, err := s.Like(ctx, a, post); return err },
		"a comment":       func() error { _, err := s.CreateComment(ctx, a, post, feed.NewComment{Text: name}, ""); return err },
		"his name":        func() error { _, err := s.UpdateUser(ctx, a, feed.UserChange{DisplayName: &name}); return err },
	} {
		wantCode(t, what, do(), problem.Banned)
	}
	if u, err := s.User(ctx, a.User); err != nil || u.DisplayName == name {
		t.Errorf("%+v %v", u, err)
	}
}

// barred checks that one is refused in a batch with others who are not, both
// where his name is written and where it is not.
func (w *world) barred(a feed.Actor, circle id.ID, post id.Post, code problem.Code) {
	w.t.Helper()
	s, fine, ctx := w.waiting(w.pool, groupcommit.Options{Lanes: 1}), w.people(1)[0], w.t.Context()
	var answers []func()
	for actor, code := range map[feed.Actor]problem.Code{a: code, fine: ""} {
		for what, do := range map[string]func() error{
			"like":    func() error { _, err := s.Like(ctx, actor, post); return err },
			"again":   func() error { _, err := s.Like(ctx, actor, post); return err },
			"follow":  func() error { _, err := s.Follow(ctx, actor, circle); return err },
			"comment": func() error { _, err := s.CreateComment(ctx, actor, post, feed.NewComment{Text: "hm"}, ""); return err },
			"post":    func() error { _, err := s.CreatePost(ctx, actor, circle, feed.NewPost{Text: "hm"}, ""); return err },
		} {
			answers = append(answers, s.queue(func() { wantCode(w.t, what, do(), code) }))
		}
	}
	stop := s.start()
	for _, answered := range answers {
		answered()
	}
	stop()
	w.holds()
}
