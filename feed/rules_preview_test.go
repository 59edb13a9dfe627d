package feed_test

import (
	"maps"
	"math"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/internal/id"
)

// thirds is Rights by which every third person is a student, and every tenth
// is known to live in Suzhou.
type thirds struct{}

func (thirds) Queue(*pgx.Batch, []id.ID) func(id.ID, time.Time) policy.Subject {
	return func(user id.ID, _ time.Time) policy.Subject {
		s := policy.Subject{Student: user%3 == 0}
		if user%10 == 0 {
			s.City = "Suzhou"
		}
		return s
	}
}

// TestALargePreviewIsASample of a known size, and as near to the truth as it
// says; up to a limit everybody is asked.
func TestALargePreviewIsASample(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, 1, feed.Options{Rights: thirds{}})
	owner := w.people(1)[0]
	circle := w.circle(owner)
	const first = 1_000_000 // few ids are as low
	if _, err := w.pool.Exec(t.Context(), `INSERT INTO users (id, handle, display_name, password_hash) SELECT $1 + n, 'crowd_' || n, 'x', '' FROM generate_series(1, $2::int) AS n`,
		first, 3*feed.MaxPreviewed); err != nil {
		t.Fatal(err)
	}
	crowd := func(followers, authors int) {
		t.Helper()
		for _, q := range []string{
			`DELETE FROM follows`, `DELETE FROM posts`,
			`INSERT INTO follows (circle_id, user_id) SELECT $1, $2 + n FROM generate_series(1, $3::int) AS n WHERE $4::bigint IS NOT NULL AND $5::int >= 0`,
			`UPDATE circle_counts SET followers = $3 WHERE circle_id = $1 AND $2::bigint + $4::bigint + $5::int > 0`,
			`INSERT INTO posts (circle_id, id, author_id, text) SELECT $1, $4::bigint + n, $2 + n, 'x' FROM generate_series(1, $5::int) AS n WHERE $3::int >= 0`,
		} {
			var args []any
			if q[0] != 'D' {
				args = []any{circle, int64(first), followers, int64(id.First(time.Now())), authors}
			}
			if _, err := w.pool.Exec(t.Context(), q, args...); err != nil {
				t.Fatalf("%s: %v", q, err)
			}
		}
	}
	in := feed.NewRules{Rules: map[policy.Action]string{policy.MakePost: "user.student", policy.Comment: `user.city == "Suzhou" || can.post`}}
	for _, c := range []struct {
		followers, authors int
		exact              bool
	}{
		{feed.MaxPreviewed, feed.MaxPreviewed, true},
		{feed.MaxPreviewed + 1, 10, false},
		{10, feed.MaxPreviewed + 1, false},
		{3*feed.MaxPreviewed - 1, 2 * feed.MaxPreviewed, false},
	} {
		crowd(c.followers, c.authors)
		p, err := w.service().PreviewRules(t.Context(), owner, circle, in, "")
		if err != nil {
			t.Fatal(err)
		}
		if again, err := w.service().PreviewRules(t.Context(), owner, circle, in, ""); err != nil || again.Sample != p.Sample || !maps.Equal(again.Actions, p.Actions) {
			t.Errorf("%+v, and then %+v, %v", p, again, err)
		}
		if p.Exact != c.exact || (p.Sample.Margin == 0) != c.exact || p.Sample.Margin > 1.3 {
			t.Errorf("%+v: %+v", c, p)
		}
		for of, n := range map[int]int{p.Sample.Followers: c.followers, p.Sample.Authors: c.authors} {
			if of > feed.MaxPreviewed || of < min(n, feed.MaxPreviewed*45/100) {
				t.Errorf("%+v: asked %d of %d", c, of, n)
			}
		}
		for action, may := range map[policy.Action]func(n int) bool{
			policy.MakePost: func(n int) bool { return n%3 == 0 }, policy.Comment: func(n int) bool { return n%3 == 0 || n%10 == 0 }, policy.Like: func(int) bool { return true },
		} {
			out := func(people int) (n int) {
				for i := range people {
					if !may(first + i + 1) {
						n++
					}
				}
				return n
			}
			told := p.Actions[action]
			near(t, p.Sample.Margin, told.FollowersShutOut, out(c.followers), c.followers)
			near(t, p.Sample.Margin, told.AuthorsShutOut, out(c.authors), c.authors)
			if told.Followers != c.followers || told.Authors != c.authors {
				t.Errorf("%+v: %s of %+v", c, action, told)
			}
		}
	}
}

// near checks a number told of people against the truth, by a margin in
// hundredths of all.
func near(t *testing.T, margin float64, told, truth, all int) {
	t.Helper()
	if off := 100 * math.Abs(float64(told-truth)) / float64(all); off > margin {
		t.Errorf("told %d of %d, and %d are shut out: %.2f off by a margin of %.2f", told, all, truth, off, margin)
	}
}
