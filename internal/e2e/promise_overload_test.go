package e2e

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/cmd/circleload/player"
)

// overloadSize are the figures of more work than a node can do.
type overloadSize struct {
	writers, viewers, circles int
	bytes                     int           // of a text: the longer, the more the server has to do for a command than the test
	slowCommit                time.Duration // that the database takes for each commit while it lasts; 0: the machine's own pace
	rate                      float64       // commands a second that are too many; 0: three times what the server is found to be rated for
	lasts, calm               time.Duration // the overload, and after it
	goodput                   float64       // of the rated load, at least; 0: not judged, on a machine that runs many tests
	normal                    time.Duration // what a command may take after the calm has begun
	again                     time.Duration // after which it must be so
}

var (
	smallOverload = overloadSize{
		writers: 1_000, viewers: 20, circles: 1, bytes: 100, slowCommit: 250 * time.Millisecond, rate: 3_000,
		lasts: 3 * time.Second, calm: 4 * time.Second, normal: time.Second, again: 3 * time.Second,
	}
	fullOverload = overloadSize{
		writers: 2_000, viewers: 100, circles: 20, bytes: 1_000, lasts: 30 * time.Second, calm: 20 * time.Second,
		goodput: .8, normal: 200 * time.Millisecond, again: 10 * time.Second,
	}
)

// Three times the work that a node can do is refused with 111 on sockets and
// with 429 and Retry-After over HTTP; what is accepted goes on as quickly as
// before, and all is well soon after.
func TestPromiseOverload(t *testing.T) {
	aside(t)
	size := sized(smallOverload, fullOverload)
	s := newStage(t, size.writers, size.circles, start(t, apart(t)))
	rated := 0.
	if size.rate == 0 {
		if rated = s.ratedCommands(size); rated == 0 {
			t.Fatal("no rate was low enough")
		}
		size.rate = 3 * rated
	}
	watch := s.watchMemory()
	done := make(chan struct{})
	r := s.play(s.overload(size, size.rate), func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(t.Context(), size.lasts)
		defer cancel()
		if size.slowCommit > 0 {
			s.slowCommits(size.slowCommit)
			defer s.slowCommits(0)
		}
		s.wantRetryAfter(ctx)
		<-ctx.Done()
	})
	<-done
	for i, sec := range measured(r) {
		t.Logf("second %d: %d done, %d refused, p99 %.0f ms", i+1, sec.Commands, sec.Refused, sec.CommandP99)
	}
	s.wantRefusals(r)
	s.wantCalm(r, size)
	if m := watch(); m.grown > overloadBytes {
		t.Errorf("the process grew by %d bytes", m.grown)
	}
	if good := goodput(r, 1, int(size.lasts.Seconds())); rated > 0 {
		t.Logf("%.0f commands a second at %.0f offered, rated for %.0f", good, size.rate, rated)
		if good < size.goodput*rated {
			t.Errorf("under overload %.0f commands a second were done, the server is rated for %.0f", good, rated)
		}
	}
}

const overloadBytes = 512 << 20 // that refusing may cost

// overload has people comment far too much, most of them on sockets and some
// over HTTP, and then at a pace that is easy to keep.
func (s *stage) overload(size overloadSize, rate float64) player.Plan {
	p := s.plan(size.viewers, 0, size.lasts+size.calm)
	p.Actors.Count = size.writers
	p.Actions = []player.Action{
		{Kind: player.Comment, Rate: rate * .95, Posts: s.world.Posts, Bytes: size.bytes, For: size.lasts},
		{Kind: player.Comment, Rate: rate * .05, Posts: s.world.Posts, Bytes: size.bytes, For: size.lasts, Over: player.HTTP},
		{Kind: player.Comment, Rate: easy, Posts: s.world.Posts, Bytes: size.bytes, After: size.lasts},
	}
	return p
}

const easy = 50 // commands a second, for any machine

// ratedCommands raises the rate step by step, and returns the highest at which
// nobody was refused and commands took no longer than normal.
func (s *stage) ratedCommands(size overloadSize) (rated float64) {
	s.t.Helper()
	const first, factor, steps, seconds = 500., 1.5, 10, 4
	p := s.plan(size.viewers, 0, steps*seconds*time.Second)
	p.Actors.Count, p.Actions = size.writers, nil
	rate := first
	for i := range steps {
		p.Actions = append(p.Actions, player.Action{
			Kind: player.Comment, Rate: rate, Posts: s.world.Posts, Bytes: size.bytes,
			After: time.Duration(i*seconds) * time.Second, For: seconds * time.Second,
		})
		rate *= factor
	}
	r := s.play(p, nil)
	for i := range steps {
		from, to := i*seconds+1, (i+1)*seconds
		for _, sec := range measured(r)[from:to] {
			if sec.Refused > 0 || sec.CommandP99 > float64(size.normal.Milliseconds()) {
				return rated
			}
		}
		rated = goodput(r, from, to)
	}
	return rated
}

// goodput is how many commands were done in each second of a part of the
// measured time.
func goodput(r player.Result, from, to int) float64 {
	var done int64
	for _, sec := range measured(r)[from:to] {
		done += sec.Commands
	}
	return float64(done) / float64(to-from)
}

// measured leaves out the seconds of connecting and settling.
func measured(r player.Result) (part []player.Second) {
	for _, sec := range r.Series {
		if sec.Phase == player.Measuring {
			part = append(part, sec)
		}
	}
	return part
}

// wantRefusals fails unless too much was refused, as it should be, and nothing else failed.
func (s *stage) wantRefusals(r player.Result) {
	s.t.Helper()
	c := r.Commands["comment"]
	if c.Codes["111"] == 0 || c.Codes["http 429"] == 0 || c.Done == 0 || c.Failed > 0 {
		s.t.Errorf("of %d commands %d were done, %d refused, %d failed: %v", c.Planned, c.Done, c.Refused, c.Failed, c.Codes)
	}
	if r.Reconnects > 0 {
		s.t.Errorf("%d sockets were closed: %v", r.Reconnects, r.Closes)
	}
}

// wantCalm fails unless everything is accepted quickly again in time.
func (s *stage) wantCalm(r player.Result, size overloadSize) {
	s.t.Helper()
	seconds := measured(r)
	from := min(int((size.lasts + size.again).Seconds()), len(seconds)-1)
	for _, sec := range seconds[from:] {
		if sec.Refused > 0 || sec.CommandP99 > float64(size.normal.Milliseconds()) {
			s.t.Errorf("%s after the overload: %d refused, commands took up to %.0f ms", size.again, sec.Refused, sec.CommandP99)
		}
	}
}

// wantRetryAfter writes over HTTP until that is refused, and looks at the answer.
func (s *stage) wantRetryAfter(ctx context.Context) {
	s.t.Helper()
	r := request{method: "POST", path: "/v1/posts/" + s.world.Posts[0] + "/comments", token: s.world.Users[0].Token, body: call{"text": "is there room?"}}
	const callers = 16 // an accepted one waits for its commit; one of them comes at the wrong moment
	refused := make(chan answer, callers)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for ctx.Err() == nil {
				if a, err := s.nodes[0].send(ctx, r); err == nil && a.status == http.StatusTooManyRequests {
					refused <- a
					return
				}
			}
		})
	}
	select {
	case a := <-refused:
		seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
		if err != nil || seconds < 1 || a.refusal() != "overloaded" || a.header.Get("Content-Type") != "application/problem+json" {
			s.t.Errorf("refused with %v %s", a.header, a.body)
		}
	case <-ctx.Done():
		s.t.Error("nothing was refused over HTTP")
	}
	stop()
	all.Wait()
}

// slowCommits makes the database take so long for each batch of comments; 0: as
// long as it does.
func (s *stage) slowCommits(each time.Duration) {
	s.t.Helper()
	s.nodes[0].query(func(ctx context.Context, db *pgx.Conn) error {
		sql := `DROP TRIGGER slow ON comments; DROP FUNCTION slow`
		if each > 0 {
			sql = `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
					PERFORM pg_sleep(` + strconv.FormatFloat(each.Seconds(), 'f', -1, 64) + `); RETURN NULL;
				END $$;
				CREATE TRIGGER slow AFTER INSERT ON comments FOR EACH STATEMENT EXECUTE FUNCTION slow()`
		}
		_, err := db.Exec(ctx, sql)
		return err
	})
}
