package feed_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/internal/problem"
)

// TestRulesHaveVersions: every change is a version and an event, a reversal
// too; keys are honoured; only owners change rules.
func TestRulesHaveVersions(t *testing.T) {
	t.Parallel()
	r := newRuled(t, feed.Options{})
	all := r.people(2)
	owner, other := all[0], all[1]
	s, circle := r.service(), r.circle(owner)
	was, err := s.Rules(t.Context(), feed.Actor{}, circle)
	if err != nil || was.Version != 0 || len(was.Rules) != 0 || was.By.ID != owner.User || len(was.History) != 0 || len(was.Templates) == 0 {
		t.Errorf("%+v, %v", was, err)
	}
	campus := map[policy.Action]string{policy.MakePost: "user.student", policy.Comment: "user.credit > 750 || can.post"}
	one, err := s.SetRules(t.Context(), owner, circle, feed.NewRules{Rules: campus}, "key")
	if err != nil || one.Version != 1 || !maps.Equal(one.Rules, campus) {
		t.Fatalf("%+v, %v", one, err)
	}
	if again, err := s.SetRules(t.Context(), owner, circle, feed.NewRules{Rules: campus}, "key"); err != nil || again.Version != 1 {
		t.Errorf("%+v, %v", again, err)
	}
	_, err = s.SetRules(t.Context(), owner, circle, feed.NewRules{Rules: map[policy.Action]string{}}, "key")
	r.refused(err, problem.IdempotencyKeyReused)
	_, err = s.SetRules(t.Context(), other, circle, feed.NewRules{Rules: campus}, "")
	r.refused(err, problem.RoleRequired)
	_, err = s.SetRules(t.Context(), feed.Actor{}, circle, feed.NewRules{Rules: campus}, "")
	r.refused(err, problem.Unauthorized)
	_, err = s.PreviewRules(t.Context(), other, circle, feed.NewRules{Rules: campus}, "")
	r.refused(err, problem.RoleRequired)
	r.setRules(owner, circle, map[policy.Action]string{policy.Like: "user.follows"})
	for _, in := range []feed.NewRules{{}, {RevertTo: ptr(7)}, {RevertTo: ptr(1), Rules: campus}} {
		_, err = s.SetRules(t.Context(), owner, circle, in, "")
		r.refused(err, problem.Invalid_)
	}
	back, err := s.SetRules(t.Context(), owner, circle, feed.NewRules{RevertTo: ptr(1)}, "")
	if err != nil || back.Version != 3 || !maps.Equal(back.Rules, campus) || *back.RevertedTo != 1 || len(back.History) != 3 {
		t.Errorf("%+v, %v", back, err)
	}
	_, err = s.CreatePost(t.Context(), other, circle, feed.NewPost{Text: "x"}, "")
	r.refused(err, problem.NotAllowed)
	if open, err := s.SetRules(t.Context(), owner, circle, feed.NewRules{RevertTo: ptr(0)}, ""); err != nil || open.Version != 4 || len(open.Rules) != 0 {
		t.Errorf("%+v, %v", open, err)
	}
	r.post(other, circle, "open again")
	versions := 0
	for _, e := range r.ears.heard() {
		var told struct {
			Type   string
			Circle feed.Circle
		}
		if err := json.Unmarshal(e.Data, &told); err != nil {
			t.Fatal(err)
		}
		if told.Type == "circle.updated" {
			versions++
			if told.Circle.RulesVersion != versions || (versions == 3) != (told.Circle.Rules[policy.MakePost] != "") && versions > 1 {
				t.Errorf("%s", e.Data)
			}
		}
	}
	if versions != 4 {
		t.Errorf("%d events", versions)
	}
	r.holds()
}

func ptr(n int) *int { return &n }

// TestPreviewIsWhatHappens: who would be shut out is who is shut out.
func TestPreviewIsWhatHappens(t *testing.T) {
	t.Parallel()
	r := newRuled(t, feed.Options{AdultTips: true})
	s, all := r.service(), r.people(40)
	owner := all[0]
	circle := r.circle(owner)
	authors := map[feed.Actor]bool{}
	for i, a := range all {
		r.known.set(a, func(s *policy.Subject) {
			s.Student, s.Credit, s.Age = i%3 == 0, 700+5*i, i
		})
		if i%2 == 0 {
			if _, err := s.Follow(t.Context(), a, circle); err != nil {
				t.Fatal(err)
			}
		}
		if i%5 == 0 {
			r.post(a, circle, "x")
			authors[a] = true
		}
	}
	rules := map[policy.Action]string{
		policy.MakePost: "user.student", policy.Comment: "user.credit > 750 || can.post", policy.Like: "user.follows", policy.View: "user.age != 20", policy.Tip: "user.level == 0",
	}
	preview, err := s.PreviewRules(t.Context(), owner, circle, feed.NewRules{Rules: rules}, "")
	if err != nil || !preview.Exact {
		t.Fatalf("%+v, %v", preview, err)
	}
	if now, err := s.Rules(t.Context(), owner, circle); err != nil || now.Version != 0 {
		t.Errorf("a preview made %+v, %v", now, err)
	}
	r.setRules(owner, circle, rules)
	want := map[policy.Action]feed.ShutOut{}
	for i, a := range all {
		c, err := s.Circle(t.Context(), a, circle)
		can := func(action policy.Action) bool { return err == nil && c.Viewer.Can[action].Allowed }
		tips := err == nil && i >= policy.AdultAge
		for action, may := range map[policy.Action]bool{
			policy.View: err == nil, policy.Like: can(policy.Like), policy.Comment: can(policy.Comment), policy.MakePost: can(policy.MakePost), policy.Tip: tips,
		} {
			n := want[action]
			if i%2 == 0 {
				n.Followers++
			}
			if authors[a] {
				n.Authors++
			}
			if i%2 == 0 && !may {
				n.FollowersShutOut++
			}
			if authors[a] && !may {
				n.AuthorsShutOut++
			}
			want[action] = n
		}
	}
	if !maps.Equal(preview.Actions, want) {
		t.Errorf("previewed %+v\nand there is %+v", preview.Actions, want)
	}
}

// TestRulesRaceWithPosts: whatever stands in the log behind new rules was
// judged by them.
func TestRulesRaceWithPosts(t *testing.T) {
	t.Parallel()
	r := newRuled(t, feed.Options{})
	all := r.people(9)
	owner, circle := all[0], r.circle(all[0])
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for _, a := range all[1:] {
		writers.Go(func() {
			for ctx.Err() == nil {
				_, err := r.service().CreatePost(context.WithoutCancel(ctx), a, circle, feed.NewPost{Text: "x"}, "")
				if err != nil && !problem.Has(err, problem.NotAllowed) {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 10 {
		r.setRules(owner, circle, map[policy.Action]string{policy.MakePost: `user.role == "owner"`})
		r.setRules(owner, circle, map[policy.Action]string{})
	}
	stop()
	writers.Wait()
	rows, err := r.pool.Query(t.Context(), `SELECT data FROM circle_events WHERE circle_id = $1 ORDER BY "offset"`, circle)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	closed, posts := false, 0
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, `{"type":"circle.updated"`):
			closed = strings.Contains(line, `"rules":{"post"`)
		case closed:
			t.Fatalf("event %d is a post behind the rules that forbid it", i+1)
		default:
			posts++
		}
	}
	if posts == 0 {
		t.Error("nobody posted")
	}
	r.holds()
}

// TestUnreadableRulesClose: what a later binary wrote closes the circle to all
// but its staff, who can mend it.
func TestUnreadableRulesClose(t *testing.T) {
	t.Parallel()
	r := newRuled(t, feed.Options{})
	all := r.people(2)
	circle := r.ruledCircle(all[0], map[policy.Action]string{policy.MakePost: "user.student"})
	if _, err := r.pool.Exec(t.Context(), `INSERT INTO circle_rules (circle_id, version, rules, created_by) VALUES ($1, 2, '{"dance": "user.feet == 2"}', 0)`, circle); err != nil {
		t.Fatal(err)
	}
	if _, err := r.pool.Exec(t.Context(), `UPDATE circles SET rules_version = 2 WHERE id = $1`, circle); err != nil {
		t.Fatal(err)
	}
	r.refused(r.service().MayView(t.Context(), all[1], circle), problem.CircleNotFound)
	_, err := r.service().CreatePost(t.Context(), all[0], circle, feed.NewPost{Text: "x"}, "")
	r.refused(err, problem.NotAllowed)
	if back, err := r.service().SetRules(t.Context(), all[0], circle, feed.NewRules{RevertTo: ptr(1)}, ""); err != nil || back.Version != 3 {
		t.Errorf("%+v, %v", back, err)
	}
	if err := r.service().MayView(t.Context(), all[1], circle); err != nil {
		t.Error(err)
	}
}

// TestFollowingMayLetIn: a circle for its followers can be followed.
func TestFollowingMayLetIn(t *testing.T) {
	t.Parallel()
	r := newRuled(t, feed.Options{})
	all := r.people(2)
	circle := r.ruledCircle(all[0], map[policy.Action]string{policy.View: "user.follows"})
	if err := r.service().MayView(t.Context(), all[1], circle); !errors.Is(err, problem.New(problem.CircleNotFound, "")) {
		t.Error(err)
	}
	if _, err := r.service().Follow(t.Context(), all[1], circle); err != nil {
		t.Error(err)
	}
	if err := r.service().MayView(t.Context(), all[1], circle); err != nil {
		t.Error(err)
	}
}
