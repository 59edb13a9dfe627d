package socketapi

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"lifecircle/feed"
	"lifecircle/internal/id"
)

func counted(circle, post, version int64) feed.PostCounts {
	return feed.PostCounts{ID: id.Post{Circle: id.ID(circle), Post: id.ID(post)}, Counts: feed.Counts{Version: version, Likes: version}}
}

// TestMergerKeepsItsPromises plays random changes against the merger: few and
// bounded messages, no version twice or backwards, the last one always.
func TestMergerKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var (
			now    = time.Unix(1_000_000, 0)
			m      = newMerger(countsEvery, 0, countsKept)
			newest = map[id.Post]int64{}
			shown  = map[id.Post]int64{}
			last   = map[id.ID]time.Time{}
		)
		look := func() {
			for _, msg := range m.take(now) {
				if before, ok := last[msg.circle]; ok && now.Sub(before) < countsEvery {
					t.Fatalf("two messages of %v within %s", msg.circle, now.Sub(before))
				}
				last[msg.circle] = now
				if len(msg.Posts) == 0 || len(msg.Posts) > maxCountsInMessage {
					t.Fatalf("%d posts in a message", len(msg.Posts))
				}
				for _, p := range msg.Posts {
					if p.ID.Circle != msg.circle || p.Version <= shown[p.ID] {
						t.Fatalf("version %d after %d", p.Version, shown[p.ID])
					}
					shown[p.ID] = p.Version
				}
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			many := rapid.SampledFrom([]int{1, 3, 450}).Draw(t, "changes")
			for range many {
				p := counted(rapid.Int64Range(1, 3).Draw(t, "circle"), rapid.Int64Range(1, 600).Draw(t, "post"), rapid.Int64Range(1, 1000).Draw(t, "version"))
				newest[p.ID] = max(newest[p.ID], p.Version)
				m.add(now, p)
			}
			look()
			now = now.Add(rapid.SampledFrom([]time.Duration{0, time.Millisecond, 100 * time.Millisecond, time.Second}).Draw(t, "pause"))
		}
		for i := 0; ; i++ {
			look()
			next, more := m.next()
			if !more {
				break
			}
			if i > 1000 || !next.After(now) {
				t.Fatalf("no end: %s then %s", now, next)
			}
			now = next
		}
		if !maps.Equal(newest, shown) {
			t.Fatalf("shown at the end %v, newest %v", shown, newest)
		}
		if len(m.circles) != 0 || len(m.queue) != 0 {
			t.Fatal("something is never forgotten")
		}
	})
}

func TestMergerRepeatsTheLastOnceThroughALossyBroker(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	start := now
	m := newMerger(countsEvery, countsRepeat, 5*time.Second)
	m.add(now, counted(1, 1, 1))
	var sent []time.Duration
	var versions []int64
	for {
		for _, msg := range m.take(now) {
			sent, versions = append(sent, now.Sub(start)), append(versions, msg.Posts[0].Version)
		}
		next, more := m.next()
		if !more {
			break
		}
		if now = next; len(sent) == 1 && m.add(now.Add(-500*time.Millisecond), counted(1, 1, 2)) {
			now = now.Add(-500 * time.Millisecond)
		}
	}
	// the first at once; the second, which comes half a second later, at once; that one again a second after
	if want := []time.Duration{0, 500 * time.Millisecond, 1500 * time.Millisecond}; !slices.Equal(sent, want) || !slices.Equal(versions, []int64{1, 2, 2}) {
		t.Fatalf("sent at %v versions %v", sent, versions)
	}
}

func TestMergerIsBounded(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	m := newMerger(countsEvery, 0, countsKept)
	for post := range int64(maxCountsInCircle + 5) {
		if took := m.add(now, counted(1, post+1, 1)); took != (post < maxCountsInCircle) {
			t.Fatalf("post %d taken: %v", post, took)
		}
	}
	if !m.add(now, counted(1, 1, 2)) {
		t.Fatal("a known post must be taken")
	}
}

func TestCountsLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			mu  sync.Mutex
			got []countsMessage
			at  []time.Duration
		)
		start := time.Now()
		l := newCountsLoop(newMerger(countsEvery, 0, countsKept), func(_ context.Context, msg countsMessage) {
			mu.Lock()
			defer mu.Unlock()
			got, at = append(got, msg), append(at, time.Since(start))
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); l.run(ctx) }()
		for v := range int64(1000) { // a storm of a second
			l.add(counted(1, 1, v+1))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		mu.Lock()
		if len(got) != 5 || at[0] != 0 || got[4].Posts[0].Version != 1000 || at[4] > 2*time.Second {
			t.Errorf("%d messages at %v", len(got), at)
		}
		mu.Unlock()
		l.add(counted(1, 1, 2000))
		l.add(counted(1, 2, 1))
		cancel()
		<-done
		if last := got[len(got)-1]; last.Posts[len(last.Posts)-1].ID.Post != 2 {
			t.Errorf("the last counts were not sent when the loop ended: %+v", got[5:])
		}
	})
}
