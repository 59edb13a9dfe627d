package socketapi

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"
	"unsafe"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/hub"
	"lifecircle/internal/id"
)

// TestACrowdSharesReadsAndBytes subscribes owner, people, suspended people and
// guests to one circle at once: each gets his own rights, in few reads, and
// those who may do the same get the same bytes.
func TestACrowdSharesReadsAndBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 50, nil)
	circle, posts := w.circle(3)
	owner, suspended := w.people[0], w.people[1]
	w.exec(`UPDATE users SET banned_at = now() WHERE id = $1`, suspended.User)
	counted := &countingFeed{Service: w.feed}
	h := &Handler{Feed: counted, Viewers: func(string) int { return 7 }}
	var (
		crowds sync.WaitGroup
		mu     sync.Mutex
		bytes  = map[*byte]int{}
	)
	ask := func(a feed.Actor, want policy.Subject) {
		data, err := h.state(t.Context(), a, circle, circleChannel(circle))
		if err != nil {
			t.Error(err)
			return
		}
		var got struct {
			subscribed
			Can policy.Can
		}
		if err := json.Unmarshal(data, &got); err != nil || got.Circle.ID != circle || got.Viewers != 7 || len(got.Counts) != 3 || got.Counts[0].ID != posts[2] {
			t.Errorf("%s: %v", data, err)
		}
		if can, _ := encode(got.Can); string(can) != string(mustEncode(t, policy.ForCircle(want))) {
			t.Errorf("%+v can %s", want, can)
		}
		mu.Lock()
		defer mu.Unlock()
		bytes[unsafe.SliceData(data)]++
	}
	const each = 10
	start := time.Now()
	for range each {
		for i, a := range w.people {
			want := policy.Subject{SignedIn: true, Banned: i == 1}
			if a == owner {
				want.Role = policy.Owner
			}
			crowds.Go(func() { ask(a, want) })
			crowds.Go(func() { ask(feed.Actor{}, policy.Subject{}) })
		}
	}
	crowds.Wait()
	reads := counted.reads.Load()
	if reads > 3+int64(time.Since(start)/gatherTime) || len(bytes) > int(reads)*4 {
		t.Errorf("%d subscribed with %d reads and %d encodings", 2*each*len(w.people), reads, len(bytes))
	}
}

func mustEncode(t *testing.T, v any) []byte {
	t.Helper()
	data, err := encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTheStateOfNoCircle(t *testing.T) {
	t.Parallel()
	h := &Handler{Feed: newWorld(t, 1, nil).feed}
	if _, err := h.state(t.Context(), feed.Actor{}, id.New(), "circle:x"); !errors.Is(err, hub.ErrUnknownChannel) {
		t.Error(err)
	}
	broken := errors.New("broken")
	h = &Handler{Feed: &saidFeed{err: broken}}
	if _, err := h.state(t.Context(), someUser, someCircle, "circle:x"); !errors.Is(err, broken) {
		t.Error(err)
	}
}
