package payments_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/feed"
	"lifecircle/internal/groupcommit"
	"lifecircle/internal/id"
	"lifecircle/payments"
)

// wrongs are queries that count what must never be.
var wrongs = map[string]string{
	"fen too many or too few": `SELECT abs(sum(balance))::bigint FROM accounts`,
	"accounts that are not the fold of their entries": `SELECT count(*) FROM accounts a
		LEFT JOIN (SELECT account_id, sum(amount) AS sum, count(*) AS count, max(version) AS last FROM entries GROUP BY 1) e ON e.account_id = a.id
		WHERE a.balance <> coalesce(e.sum, 0) OR a.version <> coalesce(e.count, 0) OR a.version <> coalesce(e.last, 0)`,
	"entries whose balance is not that before and their amount": `SELECT count(*) FROM (
		SELECT balance - amount - coalesce(lag(balance) OVER (PARTITION BY account_id ORDER BY version), 0) AS gap FROM entries) e WHERE gap <> 0`,
	"transfers that do not sum to zero": `SELECT count(*) FROM (
		SELECT t.id FROM transfers t LEFT JOIN entries e ON e.transfer_id = t.id GROUP BY t.id HAVING coalesce(sum(e.amount), 1) <> 0 OR count(*) < 2) t`,
	"overdrawn accounts": `SELECT count(*) FROM accounts WHERE kind NOT IN ('provider', 'test') AND (balance < held OR balance < 0)`,
	"accounts that hold something else than their open holds": `SELECT count(*) FROM accounts a
		LEFT JOIN (SELECT account_id, sum(amount) AS sum FROM holds WHERE ended_at IS NULL GROUP BY 1) h ON h.account_id = a.id WHERE a.held <> coalesce(h.sum, 0)`,
	"tips without their transfer": `SELECT count(*) FROM tips t WHERE NOT EXISTS (SELECT FROM transfers f
		JOIN entries e ON e.transfer_id = f.id WHERE f.id = t.transfer_id AND f.kind = 'tip' AND e.account_id = t.payer_id AND e.amount = -t.amount)`,
	"transfers of tips without a tip": `SELECT (SELECT count(*) FROM transfers WHERE kind = 'tip') - (SELECT count(*) FROM tips)`,
	"tips that gave back something else than their refunds": `SELECT count(*) FROM tips t LEFT JOIN (
		SELECT circle_id, post_id, tip_id AS id, sum(amount) AS amount, sum(author_part) AS author, sum(partner_part) AS partner, sum(platform_part) AS platform
		FROM refunds GROUP BY 1, 2, 3) r USING (circle_id, post_id, id)
		WHERE t.refunded <> coalesce(r.amount, 0) OR r.author > t.author_part OR r.partner > t.partner_part OR r.platform > t.platform_part`,
	"posts whose totals are not their tips": `SELECT count(*) FROM post_counts c
		LEFT JOIN (SELECT circle_id, post_id, count(*) FILTER (WHERE refunded < amount) AS count, sum(amount - refunded) AS sum FROM tips GROUP BY 1, 2) t USING (circle_id, post_id)
		WHERE c.tip_count <> coalesce(t.count, 0) OR c.tip_total <> coalesce(t.sum, 0)`,
	"logs with holes": `SELECT count(*) FROM circle_heads h LEFT JOIN (SELECT circle_id, count(*) AS count, max("offset") AS last FROM circle_events GROUP BY 1) e USING (circle_id)
		WHERE h.head_offset <> coalesce(e.count, 0) OR h.head_offset <> coalesce(e.last, 0)`,
	"tips without their event, or events without": `SELECT abs((SELECT count(*) FROM tips) - (SELECT count(*) FROM circle_events WHERE data LIKE '{"type":"tip.created"%'))`,
	"top-ups that are paid and have no transfer, or the other way": `SELECT count(*) FROM (SELECT id FROM topups WHERE status = 'paid') p
		FULL JOIN (SELECT source FROM transfers WHERE kind = 'topup') t ON false WHERE (SELECT count(*) FROM topups WHERE status = 'paid') <> (SELECT count(*) FROM transfers WHERE kind = 'topup')`,
	"withdrawals whose hold says something else": `SELECT count(*) FROM withdrawals w LEFT JOIN holds h ON (h.account_id, h.id) = (w.account_id, w.id)
		WHERE h.id IS NULL OR h.outcome IS DISTINCT FROM CASE w.status WHEN 'paid' THEN 'posted' WHEN 'failed' THEN 'voided' END`,
	"withdrawals that are paid and have no transfer, or the other way": `SELECT abs((SELECT count(*) FROM withdrawals WHERE status = 'paid') - (SELECT count(*) FROM transfers WHERE kind = 'withdrawal'))`,
}

// sound checks what must be true of the tables after anything.
func (w *world) sound() {
	w.t.Helper()
	for what, sql := range wrongs {
		if n := w.number(sql); n != 0 {
			w.t.Errorf("%d %s", n, what)
		}
	}
}

// digest is one number for all that refusals must leave as it is.
func (w *world) digest() int64 {
	w.t.Helper()
	return w.number(`SELECT hashtextextended(string_agg(row, chr(10) ORDER BY row), 0) FROM (
		SELECT 'a' || a::text AS row FROM accounts a UNION ALL SELECT 't' || t::text FROM transfers t UNION ALL SELECT 'e' || e::text FROM entries e
		UNION ALL SELECT 'h' || h::text FROM holds h UNION ALL SELECT 'i' || i::text FROM tips i UNION ALL SELECT 'r' || r::text FROM refunds r
		UNION ALL SELECT 'p' || p::text FROM payers p UNION ALL SELECT 'c' || c::text FROM post_counts c UNION ALL SELECT 'v' || v::text FROM circle_events v
		UNION ALL SELECT 'd' || d::text FROM circle_heads d UNION ALL SELECT 'u' || u::text FROM topups u UNION ALL SELECT 'w' || w::text FROM withdrawals w
		UNION ALL SELECT 'k' || k::text FROM contracts k) rows`)
}

// untouched fails the test if something lasting is not as it was.
func (w *world) untouched(what string, do func()) {
	w.t.Helper()
	before := w.digest()
	do()
	if w.digest() != before {
		w.t.Errorf("%s: something has changed", what)
	}
}

const (
	patience  = 30 * time.Second // for what takes milliseconds on a machine that is not busy
	pollEvery = time.Millisecond // where there is nothing to wait for but the database
)

// until returns when the condition is true.
func (w *world) until(what string, is func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !is(); <-time.After(pollEvery) {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// waiting is a service that takes commands and commits none until it is
// started, so that a test says what goes into one batch.
type waiting struct {
	*payments.Service
	w *world
}

func (w *world) waiting(pool *pgxpool.Pool, commit groupcommit.Options, set ...func(*payments.Options)) waiting {
	w.t.Helper()
	f, err := feed.New(w.t.Context(), pool, feed.Options{Audience: w.ears})
	if err != nil {
		w.t.Fatal(err)
	}
	o := payments.Options{Posts: posts{f}, Circles: f, Audience: w.ears, Alarm: w.ears.alarm, Commit: commit}
	for _, s := range set {
		s(&o)
	}
	p, err := payments.New(w.t.Context(), pool, o)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = f.Run(ctx) }) // for counts that are in doubt
	w.t.Cleanup(func() { stop(); running.Wait() })
	return waiting{p, w}
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

// tips calls Tip with a new key and hands on what comes of it.
func (s waiting) tips(a payments.Actor, post id.Post, in payments.NewTip, then func(payments.Tip, error)) func() {
	return func() { then(s.Tip(s.w.t.Context(), a, post, in, id.New().String())) }
}

// refuses makes the database refuse rows of a table under a condition.
func (w *world) refuses(table, condition string) {
	w.t.Helper()
	w.exec(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF ` + condition + ` THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$`)
	w.exec(`CREATE TRIGGER refuse BEFORE INSERT ON ` + table + ` FOR EACH ROW EXECUTE FUNCTION refuse()`)
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
	return w.opened(cfg)
}

func (w *world) opened(cfg *pgxpool.Config) *pgxpool.Pool {
	w.t.Helper()
	pool, err := pgxpool.NewWithConfig(w.t.Context(), cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(pool.Close)
	return pool
}
