package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/hub/hubtest"
)

// insistent is somebody who sends each of his tips many times at once, over
// HTTP and over sockets, until each time is answered.
type insistent struct {
	*server
	payer person
	posts []post
	sent  atomic.Int64 // answers so far

	mu      sync.Mutex
	answers map[int]map[string]int // of each tip: how often what was answered
	retried map[string]int
}

// TestPromiseAKeyMovesMoneyOnce: each tip is sent 50 times in parallel by two
// roads, while everything is killed: as many transfers as tips, and each answer
// is the first one again.
func TestPromiseAKeyMovesMoneyOnce(t *testing.T) {
	size := sized(struct{ tips, senders, kills int }{60, 20, 2}, struct{ tips, senders, kills int }{1_000, 50, 20})
	aside(t)
	w := &insistent{server: start(t, settings{}), answers: map[int]map[string]int{}, retried: map[string]int{}}
	people := w.people(4)
	w.payer = people[0]
	w.do(request{method: "PUT", path: "/v1/dev/users/" + w.payer.ID, body: call{"balance": 1_000_000}}, nil)
	for _, author := range people[1:] {
		w.posts = append(w.posts, w.post(author, w.circle(author), "tip me"))
	}
	var sending sync.WaitGroup
	ended := make(chan struct{})
	for n := range size.senders {
		road := w.overHTTP
		if n%2 == 1 {
			road = (&socketRoad{insistent: w}).send
		}
		sending.Go(func() {
			for tip := range size.tips {
				if !w.insist(tip, road) {
					return
				}
			}
		})
	}
	go func() { sending.Wait(); close(ended) }()
	err := w.killWhile(ended, size.kills, int64(size.tips*size.senders))
	<-ended
	if err != nil {
		t.Fatal(err)
	}
	for tip := range size.tips {
		if told := w.answers[tip]; len(told) != 1 {
			t.Errorf("tip %d has %d different answers: %v", tip, len(told), told)
		}
	}
	w.query(func(ctx context.Context, db *pgx.Conn) error {
		var transfers, tips, left int64
		err := db.QueryRow(ctx, `SELECT (SELECT count(*) FROM transfers WHERE kind = 'tip'), (SELECT count(*) FROM tips), (SELECT sum(amount) FROM tips)`).Scan(&transfers, &tips, &left)
		if n := int64(size.tips); transfers != n || tips != n || left != n*(n+1)/2 {
			t.Errorf("%d transfers, %d tips of %d fen; want %d of each", transfers, tips, left, n)
		}
		return err
	})
	t.Logf("%d answers, tried again: %v", w.sent.Load(), w.retried)
}

func (w *insistent) killWhile(ended <-chan struct{}, times int, answers int64) error {
	for n := range times {
		for w.sent.Load() < int64(n+1)*answers/int64(times+1) {
			select {
			case <-ended:
				return nil
			case <-time.After(pollEvery):
			}
		}
		if n%2 == 1 {
			if err := w.killPostgres(); err != nil {
				return err
			}
		}
		if err := w.kill(); err != nil {
			return err
		}
		if err := w.run(); err != nil {
			return err
		}
	}
	return nil
}

// attempt sends a tip once. again says why the answer is none yet.
type attempt func(ctx context.Context, post string, body call, key string) (answer []byte, again string, err error)

// insist sends one tip by a road until it is answered.
func (w *insistent) insist(tip int, road attempt) bool {
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	body := call{"amount": tip + 1, "currency": "CNY", "message": fmt.Sprint("tip ", tip), "visibility": "anonymous"}
	for {
		raw, again, err := road(ctx, w.posts[tip%len(w.posts)].ID, body, fmt.Sprint("key ", tip))
		if err != nil {
			w.t.Errorf("tip %d: %v", tip, err)
			return false
		}
		if again == "" {
			w.answered(tip, raw)
			return true
		}
		w.mu.Lock()
		w.retried[again]++
		w.mu.Unlock()
		select {
		case <-ctx.Done():
			w.t.Errorf("tip %d was not answered within %s: %s", tip, giveUp, again)
			return false
		case <-time.After(retryPause):
		}
	}
}

// answered notes an answer, written as one road and the other may not differ.
func (w *insistent) answered(tip int, raw []byte) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		w.t.Errorf("tip %d: %s: %v", tip, raw, err)
	}
	text, _ := json.Marshal(v) // it was JSON
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.answers[tip] == nil {
		w.answers[tip] = map[string]int{}
	}
	w.answers[tip][string(text)]++
	w.sent.Add(1)
}

func (w *insistent) overHTTP(ctx context.Context, post string, body call, key string) ([]byte, string, error) {
	a, err := w.send(ctx, request{method: "POST", path: "/v1/posts/" + post + "/tips", token: w.payer.Token, key: key, body: body})
	switch {
	case err != nil:
		return nil, "no answer", nil //nolint:nilerr // the server is away
	case a.status == http.StatusCreated:
		return a.body, "", nil
	case a.status == http.StatusServiceUnavailable, a.status == http.StatusTooManyRequests, a.refusal() == "idempotency_in_progress":
		return nil, fmt.Sprint(a.status), nil
	}
	return nil, "", fmt.Errorf("HTTP answers %d %s", a.status, a.body)
}

// socketRoad is a sender's socket, opened when it is needed. One goroutine uses it.
type socketRoad struct {
	*insistent
	client *hubtest.Client
}

func (r *socketRoad) send(ctx context.Context, post string, body call, key string) ([]byte, string, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	if r.client == nil {
		client, err := hubtest.Dial(ctx, r.socketURL(), hubtest.DialOptions{HTTP: web})
		if err == nil {
			if _, err = client.Connect(ctx, r.payer.Token); err != nil {
				client.Close()
			}
		}
		if err != nil {
			return nil, "no socket", nil //nolint:nilerr // the server is away
		}
		r.client = client
		r.t.Cleanup(func() { client.Close() })
	}
	data := call{"post_id": post, "idempotency_key": key}
	for k, v := range body {
		data[k] = v
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return nil, "", err
	}
	raw, err = r.client.RPC(ctx, "tip", raw)
	switch code := hubtest.ErrorCode(err); {
	case err == nil:
		return raw, "", nil
	case code == 0: // the socket broke
		r.client.Close()
		r.client = nil
		return nil, "no answer", nil
	case code == 1409, code == 1503, code == 111:
		return nil, fmt.Sprint(code), nil
	}
	return nil, "", fmt.Errorf("the socket answers %w", err)
}
