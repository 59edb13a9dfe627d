package e2e

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// likeStormSize are the figures of very many likes of one post.
type likeStormSize struct {
	likers, viewers int
	rate            float64 // likes and unlikes a second
	lasts           time.Duration
	late            time.Duration // after the last like, until all see the exact number; generous on a machine that runs many tests

	// Before that, so that it is certain that some are refused: too many for a
	// database that takes so long for each commit. It needs more people than fit
	// into one commit and the queue before it.
	flood      float64 // likes and unlikes a second; 0: none of this
	floods     time.Duration
	slowCommit time.Duration
}

var (
	smallLikeStorm = likeStormSize{
		likers: 800, viewers: 30, rate: 400, lasts: 4 * time.Second, late: 5 * time.Second,
		flood: 2_000, floods: 2 * time.Second, slowCommit: 300 * time.Millisecond,
	}
	fullLikeStorm = likeStormSize{likers: 5_000, viewers: 1_000, rate: 10_000, lasts: time.Minute, late: time.Second}
)

// However many likes and unlikes come, viewers get few messages and soon the
// exact number; what was acknowledged is a row, what was refused changed nothing.
func TestPromiseLikeStorm(t *testing.T) {
	aside(t)
	size := sized(smallLikeStorm, fullLikeStorm)
	s := newStage(t, size.likers, 1, start(t, apart(t)))
	l := s.newLikeStorm(size.likers, size.viewers)
	if size.flood > 0 {
		s.slowCountsOf(size.slowCommit)
		flood := l.like(size.flood, size.floods)
		s.slowCountsOf(0)
		t.Logf("likes beside slow commits: %s", flood)
		if flood.refused == 0 {
			t.Error("nothing was refused")
		}
	}
	calm := l.like(size.rate, size.lasts)
	t.Logf("likes: %s", calm)
	if calm.done < calm.planned/2 { // else this was no storm
		t.Errorf("%d of %d likes were done", calm.done, calm.planned)
	}
	late := l.wantExact()
	t.Logf("all viewers know the number %s after the last like", late)
	if late > size.late {
		t.Errorf("that should take at most %s", size.late)
	}
	l.wantRows()
	l.wantFewMessages()
}

// wantExact waits until all viewers have the newest counts, and compares these
// with the answers to the likers and with the API. It returns how long after
// the last acknowledged like the last viewer got them.
func (l *likeStorm) wantExact() (late time.Duration) {
	t, n := l.s.t, l.s.nodes[0]
	t.Helper()
	var want int64
	for _, p := range l.likers {
		if p.likes() {
			want++
		}
	}
	var is post
	n.do(request{method: "GET", path: "/v1/posts/" + l.post}, &is)
	if is.Counts.Likes != want {
		t.Errorf("the post has %d likes, the answers add up to %d", is.Counts.Likes, want)
	}
	waiting := l.viewers
	if !l.await(func() bool {
		for len(waiting) > 0 && waiting[0].newest().Version >= is.Counts.Version {
			waiting = waiting[1:]
		}
		return len(waiting) == 0
	}) {
		t.Errorf("after %s up to %d viewers have not got version %d, one has %+v", patience, len(waiting), is.Counts.Version, waiting[0].newest())
		return 0
	}
	last := l.lastDone()
	for i, v := range l.viewers {
		got := v.newest()
		if got.Version != is.Counts.Version || got.Likes != want {
			l.fault("viewer %d ends with %+v, want version %d and %d likes", i, got.counts, is.Counts.Version, want)
		}
		late = max(late, got.at.Sub(last))
	}
	return late
}

// wantRows fails unless exactly those who were told that they like the post
// have a row.
func (l *likeStorm) wantRows() {
	t := l.s.t
	t.Helper()
	p, err := id.ParsePost(l.post)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	l.s.nodes[0].query(func(ctx context.Context, db *pgx.Conn) error {
		found, _ := db.Query(ctx, `SELECT user_id FROM likes WHERE circle_id = $1 AND post_id = $2`, p.Circle, p.Post)
		var user id.ID
		_, err := pgx.ForEachRow(found, []any{&user}, func() error { rows[user.String()] = true; return nil })
		return err
	})
	t.Logf("%d of %d like it in the end", len(rows), len(l.likers))
	for i, p := range l.likers {
		user := l.s.world.Users[i].ID
		if rows[user] != p.likes() {
			l.fault("like of %s: there %t, acknowledged %t", user, rows[user], p.likes())
		}
		delete(rows, user)
	}
	if len(rows) > 0 {
		t.Errorf("%d likes of nobody", len(rows))
	}
}

const (
	countsPerSecond = 4 // messages of counts to a viewer, at most

	// The sender keeps its distance, but a message that waits on the road, or for
	// this process, comes closer to the next. In so many seconds w, the shortest
	// that is judged, 4w+1 messages may come (from the first moment to the last),
	// and w is counted shorter by what a busy machine adds.
	shortestWindow = 2 // seconds
	roadJitter     = 200 * time.Millisecond
)

// wantFewMessages fails if any viewer got too many messages of counts in any
// whole number of seconds.
func (l *likeStorm) wantFewMessages() {
	t := l.s.t
	t.Helper()
	total, densest := 0, 0
	for i, v := range l.viewers {
		times := v.arrivals()
		total, densest = total+len(times), max(densest, mostWithin(times, time.Second))
		for w := shortestWindow; w*countsPerSecond+1 < len(times); w++ {
			if n := mostWithin(times, time.Duration(w)*time.Second-roadJitter); n > w*countsPerSecond+1 {
				l.fault("viewer %d got %d messages of counts within %d s", i, n, w)
				break
			}
		}
	}
	t.Logf("%d messages of counts to a viewer, up to %d came within a second", total/len(l.viewers), densest)
}

// mostWithin is how many times lie within so long of each other.
func mostWithin(times []time.Time, within time.Duration) (n int) {
	first := 0
	for i, at := range times {
		for at.Sub(times[first]) >= within {
			first++
		}
		n = max(n, i-first+1)
	}
	return n
}

// slowCountsOf makes the database take so long for each batch of likes; 0: as
// long as it does.
func (s *stage) slowCountsOf(each time.Duration) {
	s.t.Helper()
	s.nodes[0].query(func(ctx context.Context, db *pgx.Conn) error {
		sql := `DROP TRIGGER slow_counts ON post_counts; DROP FUNCTION slow_counts`
		if each > 0 {
			sql = `CREATE FUNCTION slow_counts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
					PERFORM pg_sleep(` + strconv.FormatFloat(each.Seconds(), 'f', -1, 64) + `); RETURN NULL;
				END $$;
				CREATE TRIGGER slow_counts AFTER UPDATE ON post_counts FOR EACH STATEMENT EXECUTE FUNCTION slow_counts()`
		}
		_, err := db.Exec(ctx, sql)
		return err
	})
}
