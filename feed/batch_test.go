package feed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/feed"
	"lifecircle/internal/groupcommit"
	"lifecircle/internal/problem"
)

// waiting is a service that takes commands and commits none until it is
// started, so that a test says what goes into one batch.
type waiting struct {
	*feed.Service
	w *world
}

func (w *world) waiting(pool *pgxpool.Pool, commit groupcommit.Options) waiting {
	w.t.Helper()
	s, err := feed.New(w.t.Context(), pool, feed.Options{Audience: w.ears, Commit: commit})
	if err != nil {
		w.t.Fatal(err)
	}
	return waiting{s, w}
}

// start lets the service commit; stop ends it and waits for it.
func (s waiting) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = s.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	s.w.t.Cleanup(stop)
	return stop
}

// queue runs each call and returns when they all wait; done waits for their answers.
func (s waiting) queue(calls ...func()) (done func()) {
	s.w.t.Helper()
	var all sync.WaitGroup
	before := s.Queued()
	for i, call := range calls {
		all.Go(call)
		s.w.until("the call is queued", func() bool { return s.Queued() > before+i })
	}
	return all.Wait
}

const patience = 30 * time.Second // for what takes milliseconds on a machine that is not busy

// until returns when the condition is true.
func (w *world) until(what string, is func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !is(); runtime.Gosched() {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited in vain until %s", what)
		}
	}
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.pool.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// refuses makes the database refuse posts under a condition, with an SQLSTATE.
func (w *world) refuses(condition, code string) {
	w.t.Helper()
	w.exec(`CREATE SEQUENCE attempts`)
	w.exec(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF ` + condition + ` THEN RAISE EXCEPTION 'refused' USING ERRCODE = '` + code + `'; END IF; RETURN NEW; END $$`)
	w.exec(`CREATE TRIGGER refuse BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION refuse()`)
}

const (
	anyRefusal = "P0001"
	diskFull   = "53100"
)

func TestADatabaseThatCannotWriteIsNotAskedForEachOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	circle := w.circle(author)
	w.refuses(`nextval('attempts') > 0`, diskFull)
	s := w.waiting(w.pool, groupcommit.Options{Lanes: 1})
	var calls []func()
	for range 8 {
		calls = append(calls, func() {
			_, err := s.CreatePost(t.Context(), author, circle, feed.NewPost{Text: "hello"}, "")
			wantCode(t, "post", err, problem.Unavailable)
		})
	}
	done := s.queue(calls...)
	s.start()
	done()
	var attempts int
	if w.scan(`SELECT last_value FROM attempts`, &attempts); attempts != 1 {
		t.Errorf("%d posts were tried, want the first of one batch only", attempts)
	}
	w.holds()
}

func TestOneThatTheDatabaseRefusesHarmsNoNeighbour(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	people := w.people(2)
	circle := w.circle(people[0])
	post := w.post(people[0], circle, "hello").ID
	w.refuses(`NEW.text = 'poison'`, anyRefusal)
	s := w.waiting(w.pool, groupcommit.Options{Lanes: 1})
	var calls []func()
	for i := range 8 {
		calls = append(calls, func() {
			_, err := s.CreatePost(t.Context(), people[0], circle, feed.NewPost{Text: fmt.Sprint("good ", i)}, "")
			wantCode(t, "a neighbour's post", err, "")
		})
	}
	calls = append(calls, func() {
		if _, err := s.CreatePost(t.Context(), people[0], circle, feed.NewPost{Text: "poison"}, "k"); err == nil || problem.From(err) != nil {
			t.Errorf("poison: %v", err)
		}
	}, func() {
		state, err := s.Like(t.Context(), people[1], post)
		if err != nil || state != (feed.LikeState{Liked: true, Likes: 1}) {
			t.Errorf("a neighbour's like: %+v %v", state, err)
		}
	})
	done := s.queue(calls...)
	s.start()
	done()
	w.holds()
	w.toldCountsAreTheRows()
	w.toldEventsAreTheLog()
	var posts, keys int
	w.scan(`SELECT (SELECT count(*) FROM posts), (SELECT count(*) FROM idempotency_keys)`, &posts, &keys)
	if posts != 9 || keys != 0 {
		t.Errorf("%d posts, %d keys; want 9 and none: what failed may be tried again", posts, keys)
	}
}

// TestARetryInTheBatchOfItsFirstTry: the first caller goes away and comes again
// with his key while his command waits.
func TestARetryInTheBatchOfItsFirstTry(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refused string
		posts   int
	}{
		"committed at once":                     {`false`, 1},
		"refused together, then only the other": {`nextval('attempts') <= 2`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			author := w.people(1)[0]
			circle := w.circle(author)
			w.refuses(c.refused, anyRefusal)
			s := w.waiting(w.pool, groupcommit.Options{Lanes: 1})
			ctx, leave := context.WithCancel(t.Context())
			gone := s.queue(func() {
				if _, err := s.CreatePost(ctx, author, circle, feed.NewPost{Text: "once"}, "k"); !errors.Is(err, context.Canceled) {
					t.Errorf("the caller who left: %v", err)
				}
			})
			leave()
			gone()
			done := s.queue(func() {
				p, err := s.CreatePost(t.Context(), author, circle, feed.NewPost{Text: "once"}, "k")
				wantCode(t, "the retry", err, "")
				if _, err := s.Post(t.Context(), author, p.ID); err != nil {
					t.Errorf("the post of the answer: %v", err)
				}
			})
			s.start()
			done()
			var posts int
			if w.scan(`SELECT count(*) FROM posts`, &posts); posts != c.posts {
				t.Errorf("%d posts, want %d", posts, c.posts)
			}
			w.holds()
		})
	}
}

// cuts passes everything until the marker was sent; then it lets the server
// answer, and breaks the connection instead of passing the answer on.
type cuts struct {
	net.Conn
	marker []byte
	armed  *atomic.Bool
	cut    atomic.Bool
}

func (c *cuts) Write(b []byte) (int, error) {
	if bytes.Contains(b, c.marker) && c.armed.CompareAndSwap(true, false) {
		c.cut.Store(true)
	}
	return c.Conn.Write(b)
}

func (c *cuts) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.cut.Load() {
		_ = c.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// cutting opens a pool whose first connection that sends the marker breaks.
func (w *world) cutting(marker string) *pgxpool.Pool {
	w.t.Helper()
	cfg := w.pool.Config()
	dial, armed := cfg.ConnConfig.DialFunc, new(atomic.Bool)
	armed.Store(true)
	cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &cuts{Conn: conn, marker: []byte(marker), armed: armed}, nil
	}
	pool, err := pgxpool.NewWithConfig(w.t.Context(), cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(pool.Close)
	return pool
}

func TestAConnectionLostAtCommitIsUnknownAndARetryGivesExactlyOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	people := w.people(2)
	circle := w.circle(people[0])
	post := w.post(people[0], circle, "hello").ID
	s := w.waiting(w.cutting("marked"), groupcommit.Options{Lanes: 1})
	write := func() (feed.PostView, error) {
		return s.CreatePost(t.Context(), people[0], circle, feed.NewPost{Text: "marked"}, "k")
	}
	done := s.queue(func() {
		_, err := write()
		wantCode(t, "the post", err, problem.Unavailable)
	}, func() {
		_, err := s.Like(t.Context(), people[1], post)
		wantCode(t, "the like", err, problem.Unavailable)
	})
	s.start()
	done()
	var posts int
	if w.scan(`SELECT count(*) FROM posts WHERE text = 'marked'`, &posts); posts != 1 {
		t.Fatalf("%d posts: the cut came too early for this test", posts)
	}
	made, err := write()
	wantCode(t, "the retry", err, "")
	if got, err := s.Post(t.Context(), people[0], made.ID); err != nil || got.Text != "marked" {
		t.Errorf("the retry's post: %+v %v", got, err)
	}
	if w.scan(`SELECT count(*) FROM posts WHERE text = 'marked'`, &posts); posts != 1 {
		t.Errorf("%d posts after the retry", posts)
	}
	w.holds()
	// Though nobody likes it again.
	w.until("the like is told", func() bool { return w.ears.counted(post).Likes == 1 })
}

// TestABatchThatWaitsTooLongForALockLetsGo: somebody else holds a post.
func TestABatchThatWaitsTooLongForALockLetsGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	circle := w.circle(author)
	post := w.post(author, circle, "hello").ID
	holder, err := w.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := holder.Exec(t.Context(), `SELECT FROM post_counts FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	s := w.waiting(w.pool, groupcommit.Options{Lanes: 1, Timeout: 200 * time.Millisecond})
	stop := s.start()
	_, err = s.CreateComment(t.Context(), author, post, feed.NewComment{Text: "hm"}, "k")
	wantCode(t, "while the post is held", err, problem.Unavailable)
	if err := holder.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.until("the server has given the first batch up", func() bool {
		_, err = s.CreateComment(t.Context(), author, post, feed.NewComment{Text: "hm"}, "k")
		return !problem.Has(err, problem.IdempotencyBusy) && !problem.Has(err, problem.Unavailable)
	})
	wantCode(t, "afterwards", err, "")
	w.holds()
	stop()
	_, err = s.Like(t.Context(), author, post)
	wantCode(t, "after the end", err, problem.Unavailable)
}

// TestAPostWithoutItsAuthorHarmsNobody: such a row cannot be shown, nor changed.
func TestAPostWithoutItsAuthorHarmsNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	people := w.people(2)
	circle := w.circle(people[0])
	post := w.post(people[1], circle, "hello").ID
	w.exec(`DELETE FROM users WHERE id = $1`, people[1].User)
	_, err := w.service().UpdatePost(t.Context(), people[0], post, feed.PostChange{Text: "x"})
	wantCode(t, "change", err, problem.PostNotFound)
	wantCode(t, "delete", w.service().DeletePost(t.Context(), people[0], post), problem.PostNotFound)
}

func TestTextsThatWaitAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	circle := w.circle(author)
	s := w.waiting(w.pool, groupcommit.Options{})
	s.AddQueuedBytes(16<<20 - 10) // others' texts
	post := func(text string) error {
		_, err := s.CreatePost(t.Context(), author, circle, feed.NewPost{Text: text}, "")
		return err
	}
	done := s.queue(func() { wantCode(t, "with room", post("ten bytes!"), "") })
	wantCode(t, "without room", post("1"), problem.Overloaded)
	stop := s.start()
	done()
	wantCode(t, "with room again", post("ten bytes!"), "")
	stop()
	wantCode(t, "at the end", post("1"), problem.Unavailable)
	if n := s.AddQueuedBytes(0); n != 16<<20-10 {
		t.Errorf("%d bytes are thought to wait", n)
	}
}
