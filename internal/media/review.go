package media

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// Case is a photo that a reviewer should look at, or may.
type Case struct {
	Photo     id.ID
	Owner     string // handle
	Post      id.Post
	Sensitive bool
	FlaggedBy Role // "": the classifier had no answer
	File      string
	CreatedAt time.Time
}

// Cases returns the photos that wait for a reviewer, oldest first: those that
// are flagged, and those that the classifier had no answer for.
func (s *Service) Cases(ctx context.Context, most int) ([]Case, error) {
	rows, err := s.pool.Query(ctx, `SELECT p.id, u.handle, coalesce(p.circle_id, 0), coalesce(p.post_id, 0), p.sensitive, coalesce(p.flagged_by, ''), z.key, p.created_at
		FROM photos p JOIN users u ON u.id = p.owner_id JOIN photo_sizes z ON z.photo_id = p.id AND z.size = 'full'
		WHERE (p.review = 'pending' OR p.unjudged) AND p.gone_at IS NULL ORDER BY p.id LIMIT $1`, most)
	if err != nil {
		return nil, fmt.Errorf("list photos to review: %w", err)
	}
	cases, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Case, err error) {
		err = row.Scan(&c.Photo, &c.Owner, &c.Post.Circle, &c.Post.Post, &c.Sensitive, &c.FlaggedBy, &c.File, &c.CreatedAt)
		c.File = PathPrefix + c.File
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("list photos to review: %w", err)
	}
	return cases, nil
}
