package feed

import (
	"context"

	"lifecircle/internal/id"
)

// PostsBy returns a page of what a person has posted, newest first. Posts in
// circles that are closed to the actor are left out, so a page may hold fewer
// than its limit while there are more. It fails with UserNotFound or BadCursor.
func (s *Service) PostsBy(ctx context.Context, a Actor, author id.ID, q PageQuery) (Page[PostView], error) {
	list := "posts by " + author.String()
	place, err := s.cursors.OpenHidden(list, q.Cursor, 2)
	if err != nil {
		return Page[PostView]{}, err
	}
	found, err := s.findPostsBy(ctx, author, place, q.limit())
	if err != nil {
		return Page[PostView]{}, outward(err)
	}
	items, err := s.readOpen(ctx, a, found)
	if err != nil {
		return Page[PostView]{}, outward(err)
	}
	page := Page[PostView]{Items: items}
	if len(found) == q.limit() {
		last := found[len(found)-1]
		page.NextCursor = s.cursors.SealHidden(list, int64(last.Post), int64(last.Circle))
	}
	return page, nil
}
