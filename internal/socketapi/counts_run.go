package socketapi

import (
	"context"
	"sync"
	"time"

	"lifecircle/feed"
)

// countsLoop drives a merger by the clock: add from anywhere, send from Run's
// goroutine only, never holding the lock.
type countsLoop struct {
	send func(ctx context.Context, msg countsMessage)
	wake chan struct{} // capacity 1: something is due earlier than it was

	mu sync.Mutex // guards m
	m  *merger
}

func newCountsLoop(m *merger, send func(context.Context, countsMessage)) *countsLoop {
	return &countsLoop{m: m, send: send, wake: make(chan struct{}, 1)}
}

// add takes counts of posts; those that are not news are dropped. It does not block.
func (l *countsLoop) add(posts ...feed.PostCounts) {
	now, news := time.Now(), false
	l.mu.Lock()
	for _, p := range posts {
		news = l.m.add(now, p) || news
	}
	l.mu.Unlock()
	if news {
		select {
		case l.wake <- struct{}{}:
		default: // it will look anyway
		}
	}
}

const drainTimeout = 2 * time.Second // for the last counts when the server ends

// run sends what is due until ctx ends, then at once what is left.
func (l *countsLoop) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			l.drain(context.WithoutCancel(ctx))
			return
		case <-timer.C:
		case <-l.wake:
		}
		messages, next, more := l.take()
		for _, msg := range messages {
			l.send(ctx, msg)
		}
		if more {
			timer.Reset(time.Until(next))
		}
	}
}

func (l *countsLoop) take() (messages []countsMessage, next time.Time, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	messages = l.m.take(time.Now())
	next, more = l.m.next()
	return messages, next, more
}

func (l *countsLoop) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	l.mu.Lock()
	messages := l.m.drain()
	l.mu.Unlock()
	for _, msg := range messages {
		l.send(ctx, msg)
	}
}
