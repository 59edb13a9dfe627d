package bench

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/groupcommit"
	"lifecircle/internal/id"
)

const usualText = "a post of the usual length, some eighty characters long, as people write them"

func BenchmarkPosts(b *testing.B) {
	s := ready(b)
	for name, n := range map[string]int{"hot-circle": 1, "1000-circles": manyCircles} {
		circles := s.circles(b, n)
		b.Run(name, func(b *testing.B) {
			s.spread(b, "posts", func(i int) error {
				_, err := s.feed.CreatePost(context.Background(), s.people[i%benchPeople], circles[i%n], feed.NewPost{Text: usualText}, "")
				return err
			})
		})
	}
}

func BenchmarkLikes(b *testing.B) {
	s := ready(b)
	for name, n := range map[string]int{"hot-post": 1, "1000-posts": manyCircles} {
		circles := s.circles(b, 8)
		posts := make([]id.Post, n)
		for i := range posts {
			p, err := s.feed.CreatePost(context.Background(), s.people[0], circles[i%len(circles)], feed.NewPost{Text: usualText}, "")
			if err != nil {
				b.Fatal(err)
			}
			posts[i] = p.ID
		}
		b.Run(name, func(b *testing.B) {
			s.spread(b, "likes", func(i int) error {
				a, post := s.people[i%benchPeople], posts[(i/benchPeople+i)%n]
				if i/benchPeople/n%2 == 0 {
					_, err := s.feed.Like(context.Background(), a, post)
					return err
				}
				_, err := s.feed.Unlike(context.Background(), a, post)
				return err
			})
		})
	}
}

// BenchmarkLogAppends writes events and nothing else, in groups, to one circle.
func BenchmarkLogAppends(b *testing.B) {
	s := ready(b)
	circle := s.circles(b, 1)[0]
	data := []byte(fmt.Sprintf(`{"type":"post.created","post":{"text":%q}}`, usualText))
	appends := groupcommit.New(groupcommit.Options{Lanes: 1}, func(ctx context.Context, items []id.ID) []error {
		errs := make([]error, len(items))
		err := s.appendAll(ctx, items, data)
		for i := range errs {
			errs[i] = err
		}
		return errs
	})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = appends.Run(ctx) }()
	defer func() { stop(); <-done }()
	s.spread(b, "events", func(int) error { return appends.Do(context.Background(), 1, circle) })
}

func (s *stage) appendAll(ctx context.Context, circles []id.ID, data []byte) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var lock, write pgx.Batch
		heads := circlelog.Lock(&lock, circles[:1])
		if err := tx.SendBatch(ctx, &lock).Close(); err != nil {
			return err
		}
		for _, c := range circles {
			heads.Append(c, data)
		}
		heads.Write(&write)
		return tx.SendBatch(ctx, &write).Close()
	})
}
