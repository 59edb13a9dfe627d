package bench

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"lifecircle/feed"
	"lifecircle/internal/app"
	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/payments"
)

const (
	purse      = 1 << 40 // fen that everybody can tip
	tpcbScale  = 50
	tipFen     = 100 // shared as 90 for the author, 8 of income, 2 for the reserve: four entries
	pacedFor   = 4 * time.Second
	findMaxFor = 2 * time.Second
)

// bank is payments on the stage, and creators with a post each.
type bank struct {
	*stage
	money *payments.Service
	posts []id.Post
}

var theBank = sync.OnceValues(func() (*bank, error) {
	s, err := theStage()
	if err != nil {
		return nil, err
	}
	return newBank(s)
})

func newBank(s *stage) (*bank, error) {
	ctx := context.Background()
	m, err := payments.New(ctx, s.pool, payments.Options{Posts: app.TippedPosts(s.feed), Circles: s.feed, Unlimited: true})
	if err != nil {
		return nil, err
	}
	go func() { _ = m.Run(ctx) }() // ends with the process
	b := &bank{stage: s, money: m, posts: make([]id.Post, manyCircles)}
	for i := range b.posts {
		c, err := s.feed.CreateCircle(ctx, s.people[i], feed.NewCircle{Name: "bench"}, "")
		if err != nil {
			return nil, err
		}
		p, err := s.feed.CreatePost(ctx, s.people[i], c.ID, feed.NewPost{Text: usualText}, "")
		if err != nil {
			return nil, err
		}
		b.posts[i] = p.ID
	}
	return b, b.fillPurses(ctx)
}

func (b *bank) fillPurses(ctx context.Context) error {
	var all sync.WaitGroup
	errs := make([]error, len(b.people))
	for i, p := range b.people {
		all.Go(func() { errs[i] = b.money.SetBalance(ctx, p.User, purse) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// tip is the i-th of a run, which has a name that no other run has.
func (b *bank) tip(run string, i, creators int) error {
	payer := b.people[manyCircles+i%(benchPeople-manyCircles)] // none of them is a creator
	in := payments.NewTip{Amount: money.In(tipFen), Currency: money.CNY}
	_, err := b.money.Tip(context.Background(), payments.Actor(payer), b.posts[i%creators], in, run+strconv.Itoa(i))
	return err
}

// newRun names one.
func newRun() string { return id.New().String() + "-" }

// BenchmarkTips is durable tips with four entries each, beside pgbench's
// tpcb-like (scale 50, 16 clients, prepared statements).
func BenchmarkTips(b *testing.B) {
	bank := openBank(b)
	for _, creators := range []int{1, manyCircles} {
		b.Run(fmt.Sprintf("%d-creators", creators), func(b *testing.B) {
			run := newRun()
			floor := 1.0
			if b.N > writers {
				floor = bank.tpcb(b)
			}
			bank.run(b, "tips", "tpcb", floor, func(i int) error { return bank.tip(run, i, creators) })
		})
	}
}

// BenchmarkTipLatency paces tips at a half and at a seventh of what was just
// reached, and measures from the planned time of each.
func BenchmarkTipLatency(b *testing.B) {
	bank := openBank(b)
	most := bank.most()
	for _, part := range []float64{2, 7} {
		b.Run(fmt.Sprintf("1:%.0f-of-most", part), func(b *testing.B) {
			run := newRun()
			rate := most / part
			p50, p99 := paced(b, rate, pacedFor, func(i int) error { return bank.tip(run, i, manyCircles) })
			b.ReportMetric(rate, "tips/s")
			b.ReportMetric(p50, "p50-ms")
			b.ReportMetric(p99, "p99-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func openBank(b *testing.B) *bank {
	b.Helper()
	ready(b)
	bank, err := theBank()
	if err != nil {
		b.Fatal(err)
	}
	return bank
}

// most returns how many tips a second are done when there is no end of them.
func (b *bank) most() float64 {
	run := newRun()
	begin := time.Now()
	n := flood(func(i int) bool { return time.Since(begin) < findMaxFor && b.tip(run, i, manyCircles) == nil })
	return float64(n) / time.Since(begin).Seconds()
}
