package redisbroker_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/hubtest/redisserver"
	"lifecircle/hub/redisbroker"
)

// TestALossIsLoggedOnce: operators read that Redis is away, and that it is
// back, not each attempt between.
func TestALossIsLoggedOnce(t *testing.T) {
	t.Parallel()
	ctx := deadline(t, 20*time.Second)
	s := redisserver.Start(t)
	records := make(recorder, 1000)
	b := redisbroker.New(&redis.Options{Network: "unix", Addr: s.Socket()}, "", slog.New(records))
	sink := hubtest.RunBroker(t, b)
	if err := sink.Await(ctx, func(_ map[string][]hub.Publication, lost int) bool { return lost > 0 }); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	warned, tried := 0, 0
	for tried < 3 { // attempts after the first
		switch r := records.next(ctx, t); {
		case r.Level == slog.LevelWarn && strings.Contains(r.Message, "is lost"):
			warned++
		case r.Level == slog.LevelDebug && strings.Contains(r.Message, "is lost"):
			tried++
		}
	}
	s.Restart()
	for {
		r := records.next(ctx, t)
		if r.Level == slog.LevelInfo && strings.Contains(r.Message, "is back") {
			break
		}
		if r.Level == slog.LevelWarn {
			warned++
		}
	}
	if warned != 1 {
		t.Errorf("%d warnings of one loss", warned)
	}
}

// recorder is a slog.Handler; what does not fit is dropped.
type recorder chan slog.Record

func (recorder) Enabled(context.Context, slog.Level) bool { return true }
func (r recorder) WithAttrs([]slog.Attr) slog.Handler     { return r }
func (r recorder) WithGroup(string) slog.Handler          { return r }

func (r recorder) Handle(_ context.Context, record slog.Record) error {
	select {
	case r <- record:
	default:
	}
	return nil
}

func (r recorder) next(ctx context.Context, t *testing.T) slog.Record {
	t.Helper()
	select {
	case record := <-r:
		return record
	case <-ctx.Done():
		t.Fatal("nothing more was logged")
		return slog.Record{}
	}
}
