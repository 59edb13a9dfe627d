package socketapi

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"lifecircle/hub"
	"lifecircle/internal/id"
)

const (
	// hintEvery is the time between two hints of a kind for one person.
	hintEvery = 260 * time.Millisecond
	// maxHints bounds the people who wait for a hint. Beyond it a change is not
	// told: clients fetch what is theirs when they connect.
	maxHints = 1 << 16
)

// walletUpdated tells a person's sockets to fetch the wallet again.
var walletUpdated = hint("wallet.updated")

// hint is a publication that says only what to fetch. In a slow socket's queue
// the newer one replaces the older.
func hint(kind string) hub.Publication {
	return hub.Publication{Data: json.RawMessage(`{"type":"` + kind + `"}`), Key: kind}
}

// userHints merges changes of one kind into few hints: the first at once, then
// one every so often, the last one always. It keeps nothing of those for whom
// nothing has changed for hintEvery.
type userHints struct {
	send func(ctx context.Context, user id.ID)
	wake chan struct{} // capacity 1: somebody is waiting

	mu      sync.Mutex // guards the following; nothing is sent while it is held
	waiting map[id.ID]struct{}
	told    map[id.ID]time.Time // when, of those whose next hint must wait
}

func newUserHints(send func(context.Context, id.ID)) *userHints {
	return &userHints{send: send, wake: make(chan struct{}, 1), waiting: map[id.ID]struct{}{}, told: map[id.ID]time.Time{}}
}

// add never blocks.
func (h *userHints) add(user id.ID) {
	h.mu.Lock()
	_, waits := h.waiting[user]
	if !waits && len(h.waiting) < maxHints {
		h.waiting[user] = struct{}{}
	}
	h.mu.Unlock()
	if waits {
		return
	}
	select {
	case h.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// take returns who is to be told now, and when to look again; more says whether
// there will be anything to do then.
func (h *userHints) take(now time.Time) (users []id.ID, next time.Time, more bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for user, at := range h.told {
		if now.Sub(at) >= hintEvery {
			delete(h.told, user)
		} else if due := at.Add(hintEvery); !more || due.Before(next) {
			next, more = due, true
		}
	}
	for user := range h.waiting {
		if _, soon := h.told[user]; soon {
			continue
		}
		users = append(users, user)
		delete(h.waiting, user)
		h.told[user] = now
		if !more {
			next, more = now.Add(hintEvery), true
		}
	}
	return users, next, more
}

// run sends what is due until ctx ends, then at once what is left.
func (h *userHints) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			h.drain(context.WithoutCancel(ctx))
			return
		case <-timer.C:
		case <-h.wake:
		}
		users, next, more := h.take(time.Now())
		for _, user := range users {
			h.send(ctx, user)
		}
		if more {
			timer.Reset(time.Until(next))
		}
	}
}

func (h *userHints) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	h.mu.Lock()
	users := h.waiting
	h.waiting = map[id.ID]struct{}{}
	h.mu.Unlock()
	for user := range users {
		if ctx.Err() != nil {
			return
		}
		h.send(ctx, user)
	}
}

// WalletChanged implements payments.Audience.
func (p *Publisher) WalletChanged(user id.ID) { p.wallets.add(user) }

// hinter publishes one kind of hint.
func (p *Publisher) hinter(hint hub.Publication) func(context.Context, id.ID) {
	return func(ctx context.Context, user id.ID) { p.publish(ctx, userChannel(user), hint) }
}
