package feed

import (
	"context"

	"lifecircle/feed/policy"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
)

// Like makes the actor like a post; doing it again changes nothing. It fails
// with PostNotFound, Deleted or a refusal of the circle's rules.
func (s *Service) Like(ctx context.Context, a Actor, post id.Post) (LikeState, error) {
	return run[LikeState](ctx, s, a, idempotency.Request{}, setLike{like{post, a.User}, true})
}

// Unlike ends a like; doing it again changes nothing. It fails as Like does.
func (s *Service) Unlike(ctx context.Context, a Actor, post id.Post) (LikeState, error) {
	return run[LikeState](ctx, s, a, idempotency.Request{}, setLike{like{post, a.User}, false})
}

type setLike struct {
	like
	liked bool
}

func (l setLike) circle() id.ID { return l.post.Circle }

func (setLike) size() int { return 0 }

func (l setLike) need(n *needs) {
	n.counts.add(l.post)
	n.likes = append(n.likes, l.like)
}

func (l setLike) decide(b *batch, a Actor) (any, error) {
	who := b.stand(l.post.Circle, a)
	counts, err := b.living(l.post)
	if err == nil {
		err = who.may(policy.Like)
	}
	if err != nil {
		return nil, who.hide(err, errPostNotFound)
	}
	mark := b.likes[l.like]
	if mark.is != l.liked {
		mark.is = l.liked
		counts.change(func(c *Counts) { c.Likes += step(l.liked) })
	}
	return LikeState{Liked: mark.is, Likes: counts.Likes}, nil
}

func step(up bool) int64 {
	if up {
		return 1
	}
	return -1
}

// Likes returns a page of those who like a post, in the order of their ids.
// It fails with PostNotFound, Deleted or BadCursor.
func (s *Service) Likes(ctx context.Context, a Actor, post id.Post, q PageQuery) (Page[Liker], error) {
	list := "likes " + post.String()
	place, err := s.cursors.Open(list, q.Cursor, 1)
	if err != nil {
		return Page[Liker]{}, err
	}
	items, err := s.readLikers(ctx, a, post, place, q.limit())
	if err != nil {
		return Page[Liker]{}, outward(err)
	}
	page := Page[Liker]{Items: items}
	if len(items) == q.limit() {
		page.NextCursor = s.cursors.Seal(list, int64(items[len(items)-1].User.ID))
	}
	return page, nil
}
