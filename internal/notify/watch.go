package notify

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
)

// Kind is what the news is about.
type Kind string

// The kinds, as they are stored.
const (
	Can          Kind = "can"          // what rules ask of the person may be something else
	Score        Kind = "score"        // the score is another one, and so what it opens
	Notification Kind = "notification" // there is one
)

const (
	lookEvery = 400 * time.Millisecond // at what others have changed
	lookRest  = 100 * time.Millisecond // between two looks at least, however much changes
	lookTime  = 10 * time.Second       // bounds one look
	// keepFor is how long news is kept at least. A node that cannot look for
	// longer misses some; its clients miss the database, too.
	keepFor   = 5 * time.Minute
	trimBatch = 5000 // rows that are deleted at once: nobody waits long for the next look
)

// Watch looks for news and tells it, each piece once.
type Watch struct {
	pool *pgxpool.Pool
	tell func(user id.ID, k Kind)
	log  *slog.Logger
	wake chan struct{} // capacity 1: there may be news

	// Owned by Run:
	seen mark // up to where news was told
	kept mark // what was seen when old was made
	old  mark // what is deleted
	trim bool // there may be more of that
}

// mark is how far somebody has looked.
type mark struct {
	snapshot string    // of Postgres: which transactions were visible; empty: never looked
	at       time.Time // by the database's clock
}

// NewWatch returns a Watch that works while Run does. It tells of everybody's
// news, of one person a few times a second at most; tell must not block.
func NewWatch(pool *pgxpool.Pool, tell func(user id.ID, k Kind), log *slog.Logger) *Watch {
	return &Watch{pool: pool, tell: tell, log: log, wake: make(chan struct{}, 1)}
}

// Wake says that something was committed here that may be news. It never blocks.
func (w *Watch) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Run looks until ctx ends. What fails is tried again: no news is lost by it.
func (w *Watch) Run(ctx context.Context) error {
	pause := time.NewTimer(0)
	defer pause.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-pause.C:
		case <-w.wake:
		}
		err := w.look(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			w.log.Warn("people are not told what is news for them; trying again", "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookRest):
		}
		pause.Reset(lookEvery - lookRest)
	}
}

// look tells what has become visible, or has ended, since the last look. The
// first one tells nothing: whoever connects later fetches what is then.
func (w *Watch) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	if w.seen.snapshot == "" {
		now, err := readMark(ctx, w.pool)
		if err == nil {
			w.seen, w.kept = now, now
		}
		return err
	}
	now, err := readNews(ctx, w.pool, w.seen, w.tell)
	if err != nil {
		return err
	}
	if err := readEnded(ctx, w.pool, w.seen.at, now.at, func(user id.ID) { w.tell(user, Can) }); err != nil {
		return err
	}
	w.seen = now
	return w.trimSome(ctx)
}

// trimSome deletes a batch of what is old enough, if there may be any.
func (w *Watch) trimSome(ctx context.Context) error {
	if w.seen.at.Sub(w.kept.at) >= keepFor {
		w.old, w.kept, w.trim = w.kept, w.seen, true
	}
	if !w.trim {
		return nil
	}
	rows, err := trimNews(ctx, w.pool, w.old, trimBatch)
	w.trim = err != nil || rows == trimBatch
	return err
}
