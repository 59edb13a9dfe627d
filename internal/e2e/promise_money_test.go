package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// town is people who give each other money on a server that loses its processes.
type town struct {
	*server
	people []person
	posts  []post
	ops    int64 // to be done
	kills  int64 // while they are done

	next, done atomic.Int64
	mu         sync.Mutex // guards what follows
	tips       []given
	ends       map[string]int
	keys       map[string]string // of tips that were taken, to their ids
	spent      map[string]int64  // fen, by payer: tips without what came back
	refunded   int64
	paidIn     map[string]int64 // fen, by top-up
}

// given is a tip that was acknowledged.
type given struct {
	id    string
	payer person
}

// TestPromiseMoneyNeitherAppearsNorVanishes: random tips, top-ups, refunds and
// withdrawals over 50 hot wallets while server and Postgres are killed.
func TestPromiseMoneyNeitherAppearsNorVanishes(t *testing.T) {
	size := sized(struct {
		ops, kills int64
		writers    int
	}{1_000, 3, 48}, struct {
		ops, kills int64
		writers    int
	}{1_000_000, 60, 256})
	aside(t)
	seed := newSeed(t)
	w := &town{
		server: start(t, settings{args: []string{"--sandbox=twice"}}), ops: size.ops, kills: size.kills,
		ends: map[string]int{}, keys: map[string]string{}, spent: map[string]int64{}, paidIn: map[string]int64{},
	}
	w.people = w.server.people(50)
	for i, p := range w.people { // some always have enough, some soon nothing
		fen := []int64{1_000_000_000, 2_000}[i%2]
		w.do(request{method: "PUT", path: "/v1/dev/users/" + p.ID, body: call{"balance": fen}}, nil)
	}
	for _, owner := range w.people[:5] {
		c := w.circle(owner)
		for n := range 4 {
			w.posts = append(w.posts, w.post(w.people[(n*7)%len(w.people)], c, fmt.Sprint("post ", n)))
		}
	}
	var writing sync.WaitGroup
	ended := make(chan struct{})
	for n := range size.writers {
		dice := rand.New(rand.NewPCG(seed, uint64(n)))
		writing.Go(func() { w.write(dice) })
	}
	go func() { writing.Wait(); close(ended) }()
	err := w.killWhile(ended)
	<-ended
	if err != nil {
		t.Fatal(err)
	}
	if *fullSize {
		w.settled()
	}
	w.verify()
	for _, end := range slices.Sorted(maps.Keys(w.ends)) {
		t.Logf("%d x %s", w.ends[end], end)
	}
}

// killWhile kills server, Postgres or both, at even distances of what is done.
func (w *town) killWhile(ended <-chan struct{}) error {
	for n := int64(1); n <= w.kills; n++ {
		for w.done.Load() < n*w.ops/(w.kills+1) {
			select {
			case <-ended:
				return nil
			case <-time.After(pollEvery):
			}
		}
		kill := kills[[]int{0, 1, 3}[n%3]] // there is no Redis here
		if kill.name == "everything" {
			if err := w.killPostgres(); err != nil {
				return err
			}
			kill = kills[0]
		}
		if err := kill.do(&chaos{server: w.server}); err != nil {
			return err
		}
	}
	return nil
}

// write does things until enough are done.
func (w *town) write(dice *rand.Rand) {
	for n := w.next.Add(1); n <= w.ops && !w.t.Failed(); n = w.next.Add(1) {
		who := w.people[dice.IntN(len(w.people))]
		key := fmt.Sprintf("%s-%d", who.Handle, n)
		switch d := dice.IntN(20); {
		case d < 14:
			w.tip(dice, who, key)
		case d < 17:
			w.refund(dice, who, key)
		case d < 19:
			w.topUp(dice, who, key)
		default:
			w.insist(dice, request{method: "POST", path: "/v1/wallet/withdrawals", token: who.Token, key: key, body: call{
				"amount": 1 + dice.Int64N(300), "currency": "CNY", "provider": "sandbox", "destination": "card",
			}})
		}
		w.done.Add(1)
	}
}

func (w *town) tip(dice *rand.Rand, who person, key string) {
	fen := 1 + dice.Int64N(500)
	a, ok := w.insist(dice, request{
		method: "POST", path: "/v1/posts/" + w.posts[dice.IntN(len(w.posts))].ID + "/tips", token: who.Token, key: key,
		body: call{"amount": fen, "currency": "CNY", "visibility": []string{"public", "receiver", "anonymous"}[dice.IntN(3)]},
	})
	if !ok {
		return
	}
	var made struct {
		ID     string
		Amount int64
	}
	if err := json.Unmarshal(a.body, &made); err != nil || made.Amount != fen {
		w.t.Errorf("tipped %d: %s (%v)", fen, a.body, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tips = append(w.tips, given{made.ID, who})
	w.keys[who.ID+" "+key] = made.ID
	w.spent[who.ID] += fen
}

func (w *town) refund(dice *rand.Rand, who person, key string) {
	w.mu.Lock()
	var tip given
	if len(w.tips) > 0 {
		tip = w.tips[dice.IntN(len(w.tips))]
	}
	w.mu.Unlock()
	if tip.id == "" {
		return
	}
	if dice.IntN(8) > 0 { // else somebody's who may not
		who = tip.payer
	}
	body := call{}
	if dice.IntN(3) > 0 {
		body["amount"] = 1 + dice.Int64N(100)
	}
	a, ok := w.insist(dice, request{method: "POST", path: "/v1/tips/" + tip.id + "/refund", token: who.Token, key: key, body: body})
	if !ok {
		return
	}
	var made struct{ Amount int64 }
	if err := json.Unmarshal(a.body, &made); err != nil || made.Amount <= 0 {
		w.t.Errorf("refund: %s (%v)", a.body, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spent[tip.payer.ID] -= made.Amount
	w.refunded += made.Amount
}

func (w *town) topUp(dice *rand.Rand, who person, key string) {
	fen := 1 + dice.Int64N(3000)
	a, ok := w.insist(dice, request{method: "POST", path: "/v1/wallet/topups", token: who.Token, key: key, body: call{"amount": fen, "currency": "CNY", "provider": "sandbox"}})
	if !ok {
		return
	}
	var made struct{ ID string }
	if err := json.Unmarshal(a.body, &made); err != nil {
		w.t.Errorf("top-up: %s (%v)", a.body, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paidIn[made.ID] = fen
}

// refusals are answers that are final: the key is spent, nothing has moved.
var refusals = []string{"insufficient_funds", "funds_held", "tip_own_post", "refund_exceeds_tip", "not_refundable_by_you", "refund_unfunded"}

// insist repeats a request until it is answered for good, and now and then once
// more: the answer must be the same.
func (w *town) insist(dice *rand.Rand, r request) (a answer, done bool) {
	a, done = w.retry(r)
	if dice.IntN(10) == 0 {
		if again, _ := w.retry(r); again.status != a.status || string(again.body) != string(a.body) {
			if again.refusal() == "" || again.refusal() != a.refusal() { // the documents name their requests
				w.t.Errorf("%s answered %d %s, and again %d %s", r.key, a.status, a.body, again.status, again.body)
			}
		}
	}
	return a, done
}

func (w *town) retry(r request) (answer, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	for {
		a, err := w.send(ctx, r)
		end := a.refusal()
		switch {
		case err != nil:
			end = "no answer"
		case a.status == 201:
			return a, true
		case slices.Contains(refusals, end):
			w.note(end)
			return a, false
		case a.status != 503 && a.status != 429 && end != "idempotency_in_progress":
			w.t.Errorf("%s %s (%s): %d %s", r.method, r.path, r.key, a.status, a.body)
			return a, false
		}
		w.note(end)
		select {
		case <-ctx.Done():
			w.t.Errorf("%s %s (%s) was not answered within %s: %d %s %v", r.method, r.path, r.key, giveUp, a.status, a.body, err)
			return a, false
		case <-time.After(retryPause):
		}
	}
}

func (w *town) note(end string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends[end]++
}

// settled waits until the bank has told of everything that was answered. What
// was under way at a kill is looked at again half a minute later: only the full
// size waits for that.
func (w *town) settled() {
	w.t.Helper()
	for deadline := time.Now().Add(giveUp); ; <-time.After(pollEvery) {
		var open []string
		w.query(func(ctx context.Context, db *pgx.Conn) error {
			rows, _ := db.Query(ctx, `SELECT t::text FROM topups t WHERE status = 'pending' AND checkout_url <> ''
				UNION ALL SELECT w::text FROM withdrawals w WHERE status = 'pending'`)
			var err error
			open, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
		if len(open) == 0 {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("still open: %s", strings.Join(open, "\n"))
		}
	}
}

// verify compares what was acknowledged with the books, and the books with themselves.
func (w *town) verify() {
	w.t.Helper()
	w.query(func(ctx context.Context, db *pgx.Conn) error {
		// One moment: the bank may still be telling of payments.
		if _, err := db.Exec(ctx, `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`); err != nil {
			return err
		}
		if err := w.books(ctx, db); err != nil {
			return err
		}
		if err := w.acknowledged(ctx, db); err != nil {
			return err
		}
		var transfers, refunds int64
		err := db.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE kind = 'refund') FROM transfers`).Scan(&transfers, &refunds)
		w.t.Logf("%d tips, %d refunds, %d transfers in all", len(w.keys), refunds, transfers)
		if int64(len(w.keys)) < w.ops/4 {
			w.t.Errorf("only %d tips were taken", len(w.keys))
		}
		return err
	})
}

// books must be in order by themselves.
func (w *town) books(ctx context.Context, db *pgx.Conn) error {
	for what, query := range map[string]string{
		"fen too many or too few":                      `SELECT abs(sum(balance))::bigint FROM accounts`,
		"accounts below zero, or below what they hold": `SELECT count(*) FROM accounts WHERE kind NOT IN ('provider', 'test') AND (balance < 0 OR balance < held)`,
		"accounts that are not the fold of their entries": `SELECT count(*) FROM accounts a
			LEFT JOIN (SELECT account_id, sum(amount) AS sum, count(*) AS count, max(version) AS last FROM entries GROUP BY 1) e ON e.account_id = a.id
			WHERE a.balance <> coalesce(e.sum, 0) OR a.version <> coalesce(e.count, 0) OR a.version <> coalesce(e.last, 0)`,
		"entries that do not follow from the one before": `SELECT count(*) FROM (
			SELECT balance - amount - coalesce(lag(balance) OVER (PARTITION BY account_id ORDER BY version), 0) AS gap FROM entries) e WHERE gap <> 0`,
		"transfers that do not sum to zero": `SELECT count(*) FROM (SELECT transfer_id FROM entries GROUP BY 1 HAVING sum(amount) <> 0) t`,
		"tips that were refunded beyond what they were, or otherwise than is written": `SELECT count(*) FROM tips t
			LEFT JOIN (SELECT circle_id, post_id, tip_id AS id, sum(amount) AS sum FROM refunds GROUP BY 1, 2, 3) r USING (circle_id, post_id, id)
			WHERE refunded > amount OR refunded <> coalesce(r.sum, 0)`,
		"posts whose totals are wrong": `SELECT count(*) FROM post_counts c
			LEFT JOIN (SELECT circle_id, post_id, count(*) FILTER (WHERE refunded < amount) AS count, sum(amount - refunded) AS sum FROM tips GROUP BY 1, 2) t USING (circle_id, post_id)
			WHERE c.tip_count <> coalesce(t.count, 0) OR c.tip_total <> coalesce(t.sum, 0)`,
		"logs with holes": `SELECT count(*) FROM circle_heads h LEFT JOIN (SELECT circle_id, count(*), min("offset"), max("offset") FROM circle_events GROUP BY 1) e USING (circle_id)
			WHERE h.head_offset <> e.max OR e.count <> e.max - e.min + 1`,
		"tips without one transfer of their own": `SELECT count(*) FROM tips t FULL JOIN (SELECT * FROM transfers WHERE kind = 'tip') f ON f.id = t.transfer_id WHERE t.id IS NULL OR f.id IS NULL`,
		"holds that are open though their withdrawals have ended, or the other way": `SELECT count(*) FROM withdrawals w
			FULL JOIN holds h ON (h.account_id, h.id) = (w.account_id, w.id) WHERE (w.status = 'pending') IS DISTINCT FROM (h.ended_at IS NULL)`,
		"withdrawals without their transfer": `SELECT abs((SELECT count(*) FROM withdrawals WHERE status = 'paid') - (SELECT count(*) FROM transfers WHERE kind = 'withdrawal'))`,
	} {
		var n int64
		if err := db.QueryRow(ctx, query).Scan(&n); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if n != 0 {
			w.t.Errorf("%d %s", n, what)
		}
	}
	return nil
}

// acknowledged is there, once, and nothing else is.
func (w *town) acknowledged(ctx context.Context, db *pgx.Conn) error {
	there := map[string]int{}
	spent := map[string]int64{}
	rows, _ := db.Query(ctx, `SELECT circle_id, post_id, id, payer_id, amount - refunded FROM tips`)
	var tip id.Comment
	var payer id.ID
	var fen int64
	if _, err := pgx.ForEachRow(rows, []any{&tip.Circle, &tip.Post, &tip.Comment, &payer, &fen}, func() error {
		there[tip.String()]++
		spent[payer.String()] += fen
		return nil
	}); err != nil {
		return err
	}
	for key, name := range w.keys {
		if there[name] != 1 {
			w.t.Errorf("the tip of key %s (%s) is there %d times", key, name, there[name])
		}
	}
	if len(there) != len(w.keys) {
		w.t.Errorf("%d tips are there, %d were acknowledged", len(there), len(w.keys))
	}
	for who, fen := range w.spent {
		if spent[who] != fen {
			w.t.Errorf("%s has spent %d fen, acknowledged are %d", who, spent[who], fen)
		}
	}
	rows, _ = db.Query(ctx, `SELECT source, e.amount FROM transfers t JOIN entries e ON e.transfer_id = t.id AND e.amount > 0 WHERE t.kind = 'topup'`)
	var topup string
	paid := map[string]int64{}
	if _, err := pgx.ForEachRow(rows, []any{&topup, &fen}, func() error { paid[topup] += fen; return nil }); err != nil {
		return err
	}
	rows, _ = db.Query(ctx, `SELECT id FROM topups WHERE status = 'pending'`)
	open, err := pgx.CollectRows(rows, pgx.RowTo[id.ID])
	if err != nil {
		return err
	}
	for topup, fen := range w.paidIn {
		if slices.ContainsFunc(open, func(i id.ID) bool { return i.String() == topup }) {
			fen = 0
		}
		if paid[topup] != fen {
			w.t.Errorf("top-up %s: %d fen were credited, want %d", topup, paid[topup], fen)
		}
	}
	w.t.Logf("%d top-ups are open", len(open))
	rows, _ = db.Query(ctx, `SELECT id, paid FROM sandbox_payments WHERE state = 'paid' AND id IN (SELECT source FROM transfers WHERE kind = 'topup')`)
	bank := map[string]int64{}
	if _, err := pgx.ForEachRow(rows, []any{&topup, &fen}, func() error { bank[topup] = fen; return nil }); err != nil {
		return err
	}
	if !maps.Equal(paid, bank) { // some of them nobody was told of: the server died meanwhile
		w.t.Errorf("%d top-ups were credited, %d of them are in the bank's books", len(paid), len(bank))
	}
	var events int
	err = db.QueryRow(ctx, `SELECT count(*) FROM circle_events WHERE data LIKE '{"type":"tip.created"%'`).Scan(&events)
	if err == nil && events != len(there) && !*fullSize { // the log of a full run is trimmed
		w.t.Errorf("%d events of %d tips", events, len(there))
	}
	return err
}
