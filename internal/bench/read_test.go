package bench

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"lifecircle/feed"
	"lifecircle/internal/id"
)

// BenchmarkPage reads pages of 20 posts of a circle with 10,000 and with
// 1,000,000 posts: the newest, and one from the middle.
func BenchmarkPage(b *testing.B) {
	s := ready(b)
	for _, posts := range []int{10_000, 1_000_000} {
		circle := s.circles(b, 1)[0]
		s.fill(b, circle, posts)
		viewer := s.people[1]
		middle := s.cursorAt(b, viewer, circle)
		for name, cursor := range map[string]string{"newest": "", "middle": middle} {
			b.Run(fmt.Sprintf("%s/posts-%d", name, posts), func(b *testing.B) {
				took := make([]time.Duration, 0, b.N)
				for b.Loop() {
					start := time.Now()
					page, err := s.feed.Posts(context.Background(), viewer, circle, feed.PageQuery{Cursor: cursor})
					if err != nil || len(page.Items) != feed.DefaultPage {
						b.Fatalf("%d posts: %v", len(page.Items), err)
					}
					took = append(took, time.Since(start))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds()), "median-us")
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
			})
		}
	}
}

// fill writes n posts as the feed would have over time, in bulk.
func (s *stage) fill(b *testing.B, circle id.ID, n int) {
	b.Helper()
	ctx := context.Background()
	start := int64(id.First(time.Now().Add(-24 * time.Hour)))
	for _, sql := range []string{
		`INSERT INTO posts (circle_id, id, author_id, text) SELECT $1, $2 + i * 1000, $3, repeat('post ', 16) FROM generate_series(1, $4::bigint) i`,
		`INSERT INTO post_counts (circle_id, post_id, likes) SELECT $1, $2 + i * 1000, $3::bigint % 7 FROM generate_series(1, $4::bigint) i`,
	} {
		if _, err := s.pool.Exec(ctx, sql, circle, start, s.people[0].User, n); err != nil {
			b.Fatal(err)
		}
	}
	for _, sql := range []string{"VACUUM ANALYZE posts", "VACUUM ANALYZE post_counts", "VACUUM ANALYZE users"} {
		if _, err := s.pool.Exec(ctx, sql); err != nil {
			b.Fatal(err)
		}
	}
}

// cursorAt pages with the largest pages to a place far from the newest.
func (s *stage) cursorAt(b *testing.B, a feed.Actor, circle id.ID) string {
	b.Helper()
	cursor := ""
	for range 50 {
		page, err := s.feed.Posts(context.Background(), a, circle, feed.PageQuery{Limit: feed.MaxPage, Cursor: cursor})
		if err != nil {
			b.Fatal(err)
		}
		cursor = page.NextCursor
	}
	return cursor
}
