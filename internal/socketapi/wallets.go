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
	// walletEvery is the time between two hints for one person.
	walletEvery = 260 * time.Millisecond
	// maxWallets bounds the people who wait for a hint. Beyond it a change is
	// not told: clients fetch their wallet when they connect.
	maxWallets = 1 << 16
)

// walletUpdated tells a person's sockets to fetch the wallet again. In a slow
// socket's queue the newer one replaces the older.
var walletUpdated = hub.Publication{Data: json.RawMessage(`{"type":"wallet.updated"}`), Key: "wallet.updated"}

// walletHints merges changes of wallets into few hints: the first at once, then
// one every so often, the last one always. It keeps nothing of those whose
// wallets have rested for walletEvery.
type walletHints struct {
	send func(ctx context.Context, user id.ID)
	wake chan struct{} // capacity 1: somebody is waiting

	mu      sync.Mutex // guards the following; nothing is sent while it is held
	waiting map[id.ID]struct{}
	told    map[id.ID]time.Time // when, of those whose next hint must wait
}

func newWalletHints(send func(context.Context, id.ID)) *walletHints {
	return &walletHints{send: send, wake: make(chan struct{}, 1), waiting: map[id.ID]struct{}{}, told: map[id.ID]time.Time{}}
}

// add never blocks.
func (w *walletHints) add(user id.ID) {
	w.mu.Lock()
	_, waits := w.waiting[user]
	if !waits && len(w.waiting) < maxWallets {
		w.waiting[user] = struct{}{}
	}
	w.mu.Unlock()
	if waits {
		return
	}
	select {
	case w.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// take returns who is to be told now, and when to look again; more says whether
// there will be anything to do then.
func (w *walletHints) take(now time.Time) (users []id.ID, next time.Time, more bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for user, at := range w.told {
		if now.Sub(at) >= walletEvery {
			delete(w.told, user)
		} else if due := at.Add(walletEvery); !more || due.Before(next) {
			next, more = due, true
		}
	}
	for user := range w.waiting {
		if _, soon := w.told[user]; soon {
			continue
		}
		users = append(users, user)
		delete(w.waiting, user)
		w.told[user] = now
		if !more {
			next, more = now.Add(walletEvery), true
		}
	}
	return users, next, more
}

// run sends what is due until ctx ends, then at once what is left.
func (w *walletHints) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			w.drain(context.WithoutCancel(ctx))
			return
		case <-timer.C:
		case <-w.wake:
		}
		users, next, more := w.take(time.Now())
		for _, user := range users {
			w.send(ctx, user)
		}
		if more {
			timer.Reset(time.Until(next))
		}
	}
}

func (w *walletHints) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	w.mu.Lock()
	users := w.waiting
	w.waiting = map[id.ID]struct{}{}
	w.mu.Unlock()
	for user := range users {
		if ctx.Err() != nil {
			return
		}
		w.send(ctx, user)
	}
}

// WalletChanged implements payments.Audience.
func (p *Publisher) WalletChanged(user id.ID) { p.wallets.add(user) }

func (p *Publisher) publishWallet(ctx context.Context, user id.ID) {
	p.publish(ctx, userChannel(user), walletUpdated)
}
