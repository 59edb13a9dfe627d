package feed

import (
	"context"
	"fmt"

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
	rows, err := s.pool.Query(ctx, `SELECT post_id, version, likes, comments, tip_count, tip_total FROM post_counts
		WHERE circle_id = $1 AND NOT deleted ORDER BY post_id DESC LIMIT $2`, circle, RecentPosts)
	if err != nil {
		return nil, fmt.Errorf("read counts of circle %s: %w", circle, err)
	}
	counts, one := []PostCounts{}, PostCounts{ID: id.Post{Circle: circle}}
	if err := each(rows, []any{&one.ID.Post, &one.Version, &one.Likes, &one.Comments, &one.TipCount, &one.TipTotal}, func() {
		counts = append(counts, one)
	}); err != nil {
		return nil, fmt.Errorf("read counts of circle %s: %w", circle, err)
	}
	return counts, nil
}
