package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	retryPause = 20 * time.Millisecond
	giveUp     = 60 * time.Second // until everything must be back
)

// chaosWriter is a person who writes and does not give up. Only its own
// goroutine touches it while a round lasts.
type chaosWriter struct {
	*chaos
	number int
	person person

	done  []written       // in this round
	liked map[string]bool // what its likes are, by post
}

// written is an acknowledged post or comment.
type written struct {
	id, text string
	comment  bool
}

// write works until stop is closed. What is begun by then is finished.
func (w *chaosWriter) write(round int, stop <-chan struct{}) {
	for n := 1; ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		name := fmt.Sprintf("round %d writer %d text %d", round, w.number, n)
		ok := false
		switch dice := w.dice(10); {
		case dice < 4:
			ok = w.writePost(name)
		case dice < 7:
			ok = w.writeComment(name)
		default:
			ok = w.turnLike()
		}
		if !ok {
			return
		}
	}
}

func (w *chaosWriter) writePost(text string) bool {
	c := w.circles[min(w.dice(5), int64(len(w.circles)-1))] // the last one is hot
	var made post
	ok := w.insist(request{method: "POST", path: "/v1/circles/" + c.ID + "/posts", key: text, body: call{"text": text}}, &made)
	if ok {
		w.done = append(w.done, written{made.ID, text, false})
		w.addTarget(made)
	}
	return ok
}

func (w *chaosWriter) writeComment(text string) bool {
	var made struct{ ID string }
	ok := w.insist(request{method: "POST", path: "/v1/posts/" + w.target().ID + "/comments", key: text, body: call{"text": text}}, &made)
	if ok {
		w.done = append(w.done, written{made.ID, text, true})
	}
	return ok
}

func (w *chaosWriter) turnLike() bool {
	p := w.target()
	method := "PUT"
	if w.liked[p.ID] {
		method = "DELETE"
	}
	var state struct{ Liked bool }
	ok := w.insist(request{method: method, path: "/v1/posts/" + p.ID + "/like"}, &state)
	if ok && state.Liked == w.liked[p.ID] {
		w.t.Errorf("%s like of %s: answered liked=%t", method, p.ID, state.Liked)
	}
	if ok {
		w.liked[p.ID] = state.Liked
	}
	return ok
}

// insist repeats a request until it is acknowledged. A keyed one is now and
// then sent once more: it must give the same answer.
func (w *chaosWriter) insist(r request, out any) bool {
	r.token = w.person.Token
	a, ok := w.retry(r)
	if !ok {
		return false
	}
	if r.key != "" && w.dice(10) == 0 {
		again, ok := w.retry(r)
		if !ok {
			return false
		}
		if string(again.body) != string(a.body) || again.status != a.status {
			w.t.Errorf("%s answered %s, and again %s", r.key, a.body, again.body)
		}
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		w.t.Errorf("%s %s: %v: %s", r.method, r.path, err, a.body)
		return false
	}
	return true
}

func (w *chaosWriter) retry(r request) (answer, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	for {
		a, err := w.send(ctx, r)
		switch {
		case err != nil:
			w.note("no answer")
		case a.status == http.StatusOK, a.status == http.StatusCreated:
			return a, true
		case a.status == http.StatusServiceUnavailable, a.refusal() == "idempotency_in_progress":
			w.note(fmt.Sprintf("%d %s", a.status, a.refusal()))
		default:
			w.t.Errorf("%s %s (%s): %d %s", r.method, r.path, r.key, a.status, a.body)
			return a, false
		}
		select {
		case <-ctx.Done():
			w.t.Errorf("%s %s (%s) was not acknowledged within %s: %d %s %v", r.method, r.path, r.key, giveUp, a.status, a.body, err)
			return a, false
		case <-time.After(retryPause):
		}
	}
}
