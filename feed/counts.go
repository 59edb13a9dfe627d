package feed

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// PostCounts are the counts of one post.
type PostCounts struct {
	ID id.Post `json:"id"`
	Counts
}

// RecentPosts is how many of a circle's newest posts RecentCounts returns:
// more than most viewers have on their screens.
const RecentPosts = 60

// RecentCounts returns the counts of a circle's newest posts, for screens that
// may have missed a change.
func (s *Service) RecentCounts(ctx context.Context, circle id.ID) ([]PostCounts, error) {
	var (
		q      pgx.Batch
		counts []PostCounts
	)
	queueRecentCounts(&q, circle, &counts)
	if err := s.pool.SendBatch(ctx, &q).Close(); err != nil {
		return nil, fmt.Errorf("read counts of circle %s: %w", circle, err)
	}
	return counts, nil
}

func queueRecentCounts(q *pgx.Batch, circle id.ID, into *[]PostCounts) {
	q.Queue(`SELECT post_id, version, likes, comments, tip_count, tip_total FROM post_counts
		WHERE circle_id = $1 AND NOT deleted ORDER BY post_id DESC LIMIT $2`, circle, RecentPosts).
		Query(func(rows pgx.Rows) error {
			one := PostCounts{ID: id.Post{Circle: circle}}
			*into = []PostCounts{}
			return each(rows, []any{&one.ID.Post, &one.Version, &one.Likes, &one.Comments, &one.TipCount, &one.TipTotal}, func() {
				*into = append(*into, one)
			})
		})
}

const (
	maxUncertain = 64          // batches whose counts wait to be read again; beyond, they wait for their next change
	recountPause = time.Second // between two attempts to read them
)

// doubt notes the posts of a batch that may or may not have been committed:
// events would be found in the log, but counts stand in no log, and a caller
// who tries again may find his like there and change nothing.
func (s *Service) doubt(b *batch) {
	posts := set[id.Post]{}
	if b != nil {
		for post, c := range b.counts {
			if c.changed {
				posts.add(post)
			}
		}
	}
	if len(posts) == 0 {
		return
	}
	select {
	case s.uncertain <- posts:
	default:
	}
}

// recount tells the counts of uncertain batches until ctx ends.
func (s *Service) recount(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case posts := <-s.uncertain:
			for s.tellCounts(ctx, posts) != nil && pause(ctx, recountPause) {
			}
		}
	}
}

// tellCounts reads the posts' counts, once no commit is under way that changes
// them, and tells them.
func (s *Service) tellCounts(ctx context.Context, posts set[id.Post]) error {
	var q pgx.Batch
	counts := lockCounts(&q, posts)
	if err := s.pool.SendBatch(ctx, &q).Close(); err != nil {
		return fmt.Errorf("read counts again: %w", err)
	}
	for post, c := range counts {
		if !c.deleted {
			s.audience.Counted(post, c.Counts)
		}
	}
	return nil
}

// pause waits; false if ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
