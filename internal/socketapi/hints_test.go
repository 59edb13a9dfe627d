package socketapi

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lifecircle/hub"
	"lifecircle/internal/id"
)

// heard is a node that notes what is published, and when.
type heard struct {
	mu       sync.Mutex
	channels []string
	at       []time.Time
}

func (h *heard) Publish(_ context.Context, channel string, p hub.Publication) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if string(p.Data) == `{"type":"wallet.updated"}` && p.Offset == 0 {
		h.channels, h.at = append(h.channels, channel), append(h.at, time.Now())
	}
	return nil
}

// The first change is told at once, a storm of them four times a second at
// most, and the last one always.
func TestWalletsAreToldOfStorms(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		node := &heard{}
		p := NewPublisher(node, false, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = p.Run(ctx) }()
		begin := time.Now()
		const storm = 3 * time.Second
		for time.Since(begin) < storm {
			p.WalletChanged(1)
			p.WalletChanged(2)
			time.Sleep(time.Millisecond)
		}
		last := time.Now()
		p.WalletChanged(1)
		time.Sleep(time.Second)
		node.mu.Lock()
		defer node.mu.Unlock()
		for _, user := range []id.ID{1, 2} {
			var at []time.Time
			for i, c := range node.channels {
				if c == userChannel(user) {
					at = append(at, node.at[i])
				}
			}
			if len(at) < 10 || at[0].Sub(begin) > time.Millisecond {
				t.Fatalf("%s is told %v", user, at)
			}
			for i := range at[1:] {
				if at[i+1].Sub(at[i]) < time.Second/4 {
					t.Errorf("%s is told %s after the last time", user, at[i+1].Sub(at[i]))
				}
			}
			if user == 1 && at[len(at)-1].Before(last) {
				t.Error("the last change is not told")
			}
		}
		stop()
		synctest.Wait()
		if len(p.wallets.waiting) > 0 {
			t.Errorf("kept after rest: %v", p.wallets.waiting)
		}
	})
}

// Those who rest are forgotten, those who wait are bounded, and what waits at
// the end is told.
func TestWalletHintsAreBounded(t *testing.T) {
	t.Parallel()
	var told []id.ID
	w := newUserHints(func(_ context.Context, user id.ID) { told = append(told, user) })
	now := time.Unix(1e9, 0)
	if users, _, more := w.take(now); len(users) > 0 || more {
		t.Errorf("nothing changed: %v, %t", users, more)
	}
	for i := range id.ID(maxHints + 10) {
		w.add(i + 1)
	}
	if users, next, more := w.take(now); len(users) != maxHints || !more || !next.Equal(now.Add(hintEvery)) {
		t.Errorf("%d are told, next %s, %t", len(users), next.Sub(now), more)
	}
	w.add(1)
	if users, _, more := w.take(now.Add(hintEvery - 1)); len(users) > 0 || !more {
		t.Errorf("too soon: %v, %t", users, more)
	}
	if users, _, _ := w.take(now.Add(hintEvery)); !slices.Equal(users, []id.ID{1}) || len(w.told) != 1 {
		t.Errorf("then: %v, %d are remembered", users, len(w.told))
	}
	if _, _, more := w.take(now.Add(2 * hintEvery)); more || len(w.told) != 0 {
		t.Errorf("%d are remembered", len(w.told))
	}
	w.add(7)
	w.drain(t.Context())
	if !slices.Equal(told, []id.ID{7}) {
		t.Errorf("at the end: %v", told)
	}
}
