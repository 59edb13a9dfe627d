package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Rate allows Burst events at once and Count events every Per in the long run.
// The zero Rate limits nothing.
type Rate struct {
	Burst int           // at least 1
	Per   time.Duration // at least 1 µs for each of Count
	Count int           // at least 1
}

// Decision is the answer for one event.
type Decision struct {
	Allowed    bool
	RetryAfter time.Duration // for a refusal: when the same event would be allowed; never zero then
}

// Limiter counts events by key. A key has one rate: put the name of the
// action in front of it, such as "login:<handle>". The error is ErrRate, or
// that of the context; a limiter without its storage still decides.
type Limiter interface {
	Allow(ctx context.Context, key string, r Rate) (Decision, error)
}

// ErrRate is returned for a rate that cannot be kept.
var ErrRate = errors.New("unusable rate")

// maxSpan bounds Burst events at the rate's pace, so that no sum overflows,
// here or in the doubles of Redis's Lua.
const maxSpan = 366 * 24 * time.Hour

// pace is a Rate in the unit of the algorithm, microseconds.
type pace struct {
	interval int64 // between two events in the long run
	span     int64 // how far ahead of now the next event's time may lie: interval * Burst
}

func (r Rate) unlimited() bool { return r == Rate{} }

func (r Rate) pace() (pace, error) {
	if r.Burst < 1 || r.Count < 1 || r.Per < time.Microsecond {
		return pace{}, fmt.Errorf("%w: %d at once, %d every %s", ErrRate, r.Burst, r.Count, r.Per)
	}
	us, count := r.Per.Microseconds(), int64(r.Count)
	interval := (us + count - 1) / count // rounded up: rather slower than faster
	if interval > maxSpan.Microseconds()/int64(r.Burst) {
		return pace{}, fmt.Errorf("%w: %d at once, %d every %s: longer than %s", ErrRate, r.Burst, r.Count, r.Per, maxSpan)
	}
	return pace{interval: interval, span: interval * int64(r.Burst)}, nil
}

// advance is the algorithm. next is the key's theoretical time of its next
// event: at or before now for an idle key. It returns next as it is to be
// kept, and for how long to wait: 0 means that the event is allowed.
// gcra.lua does the same in Redis.
func (p pace) advance(next, now int64) (kept, wait int64) {
	next = min(max(next, now), now+p.span) // beyond span only after the clock or the rate was changed
	if wait = next + p.interval - (now + p.span); wait > 0 {
		return next, wait
	}
	return next + p.interval, 0
}

func decide(wait int64) Decision {
	return Decision{Allowed: wait == 0, RetryAfter: time.Duration(wait) * time.Microsecond}
}
