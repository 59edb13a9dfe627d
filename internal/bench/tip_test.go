package bench

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/payments"
)

// tippedPosts joins feed and payments as the app does.
type tippedPosts struct{ *feed.Service }

func (p tippedPosts) BeginTips(q *pgx.Batch, posts []id.Post, actors []id.ID) payments.PostsTx {
	return tipBatch{p.Service.BeginTips(q, posts, actors)}
}

type tipBatch struct{ *feed.TipBatch }

func (t tipBatch) Actor(user id.ID) (payments.Person, error) {
	a, err := t.TipBatch.Actor(user)
	return payments.Person(a), err
}

// till is payments on the stage, with money in everybody's wallet.
var till = sync.OnceValues(func() (*payments.Service, error) {
	s, err := theStage()
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	p, err := payments.New(ctx, s.pool, payments.Options{Posts: tippedPosts{s.feed}, Circles: s.feed, Unlimited: true})
	if err != nil {
		return nil, err
	}
	go func() { _ = p.Run(ctx) }() // ends with the process
	for _, a := range s.people[:tippers] {
		if err := p.SetBalance(ctx, a.User, 1<<40); err != nil {
			return nil, err
		}
	}
	return p, nil
})

const tippers = benchPeople / 2 // the other half are creators

var tipKeys atomic.Int64

// BenchmarkTips compares all tips to one creator's post with tips spread over
// the posts of many, each in a circle of its own.
func BenchmarkTips(b *testing.B) {
	s := ready(b)
	p, err := till()
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	in := payments.NewTip{Amount: money.In(100), Currency: money.CNY, Message: "thank you for the tea"}
	for _, c := range []struct {
		name string
		n    int
	}{{"hot-post", 1}, {"1000-posts", manyCircles}} {
		posts := make([]id.Post, c.n)
		for i := range posts {
			creator := s.people[tippers+i%(benchPeople-tippers)]
			circle, err := s.feed.CreateCircle(ctx, creator, feed.NewCircle{Name: "bench"}, "")
			if err != nil {
				b.Fatal(err)
			}
			post, err := s.feed.CreatePost(ctx, creator, circle.ID, feed.NewPost{Text: usualText}, "")
			if err != nil {
				b.Fatal(err)
			}
			posts[i] = post.ID
		}
		b.Run(c.name, func(b *testing.B) {
			s.spread(b, "tips", func(i int) error {
				payer := payments.Actor(s.people[i%tippers])
				_, err := p.Tip(ctx, payer, posts[i%c.n], in, strconv.FormatInt(tipKeys.Add(1), 10))
				return err
			})
		})
	}
}
