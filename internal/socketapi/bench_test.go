package socketapi

import (
	"context"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/ratelimit"
)

const stormSize = 1000 // who subscribe at once

// BenchmarkSubscribeState is what a storm of subscribes to one circle costs
// above the hub, in Go and in Postgres.
func BenchmarkSubscribeState(b *testing.B) {
	w := newWorld(b, stormSize, nil)
	circle, _ := w.circle(feed.RecentPosts)
	for name, who := range map[string]func(i int) feed.Actor{
		"guests": func(int) feed.Actor { return feed.Actor{} },
		"people": func(i int) feed.Actor { return w.people[i] },
	} {
		b.Run(name, func(b *testing.B) {
			counted := &countingFeed{Service: w.feed}
			h := &Handler{Feed: counted, Viewers: func(string) int { return stormSize }}
			cpu, postgres := cpuTime(b), w.postgresTime(b)
			for b.Loop() {
				var storm sync.WaitGroup
				for i := range stormSize {
					storm.Go(func() {
						if _, err := h.state(b.Context(), who(i), circle, circleChannel(circle)); err != nil {
							b.Error(err)
						}
					})
				}
				storm.Wait()
			}
			subscribes := float64(b.N * stormSize)
			b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/subscribes, "go-us")
			b.ReportMetric(float64((w.postgresTime(b)-postgres).Microseconds())/subscribes, "postgres-us")
			b.ReportMetric(float64(counted.reads.Load())/float64(b.N), "reads/storm")
		})
	}
}

const likers = 512 // who like at the same time

// BenchmarkLikeStorm likes and unlikes one post through the RPC methods.
func BenchmarkLikeStorm(b *testing.B) {
	w := newWorld(b, likers, nil)
	_, posts := w.circle(1)
	h := &Handler{Feed: w.feed, Limiter: generous{ratelimit.NewMemory(1<<17, nil)}}
	like := []byte(`{"post_id":"` + posts[0].String() + `"}`)
	var (
		next    atomic.Int64
		callers sync.WaitGroup
	)
	b.ResetTimer()
	cpu, postgres := cpuTime(b), w.postgresTime(b)
	for _, a := range w.people {
		callers.Go(func() {
			for n := 0; next.Add(1) <= int64(b.N); n++ {
				if _, err := h.call(b.Context(), a, []string{"like", "unlike"}[n%2], like); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "likes/s")
	b.ReportMetric(float64((cpuTime(b)-cpu).Nanoseconds())/float64(b.N)/1e3, "go-us")
	b.ReportMetric(float64((w.postgresTime(b)-postgres).Nanoseconds())/float64(b.N)/1e3, "postgres-us")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkLikeCall is the same without the feed.
func BenchmarkLikeCall(b *testing.B) {
	h := &Handler{Feed: answeringFeed{}, Limiter: generous{ratelimit.NewMemory(1<<17, nil)}}
	like := []byte(`{"post_id":"` + somePost.String() + `"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.call(b.Context(), someUser, "like", like); err != nil {
			b.Fatal(err)
		}
	}
}

// generous counts as a limiter does, and lets all pass.
type generous struct{ *ratelimit.Memory }

func (g generous) Allow(ctx context.Context, key string, r ratelimit.Rate) (ratelimit.Decision, error) {
	_, err := g.Memory.Allow(ctx, key, r)
	return ratelimit.Decision{Allowed: true}, err
}

// answeringFeed does nothing.
type answeringFeed struct{ Feed }

func (answeringFeed) Like(context.Context, feed.Actor, id.Post) (feed.LikeState, error) {
	return feed.LikeState{Liked: true, Likes: 1}, nil
}

// cpuTime is what this process has used.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// postgresTime is what the database's living sessions have used; without
// schedstat it is 0.
func (w *world) postgresTime(b *testing.B) (sum time.Duration) {
	b.Helper()
	rows, err := w.pool.Query(context.Background(), `SELECT pid FROM pg_stat_activity WHERE datname = current_database()`)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var pid int
		if err := rows.Scan(&pid); err != nil {
			b.Fatal(err)
		}
		stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/schedstat")
		if fields := strings.Fields(string(stat)); len(fields) > 0 {
			ns, _ := strconv.ParseInt(fields[0], 10, 64)
			sum += time.Duration(ns)
		}
	}
	return sum
}
