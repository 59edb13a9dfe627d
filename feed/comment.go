package feed

import (
	"context"

	"lifecircle/feed/policy"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/problem"
	"lifecircle/internal/text"
)

// CreateComment writes a comment on a post and into the circle's log. A
// repeated key returns the first answer and writes nothing. It fails with
// PostNotFound, Deleted, CommentNotFound (of ReplyTo), a text problem, or a
// refusal of the circle's rules.
func (s *Service) CreateComment(ctx context.Context, a Actor, post id.Post, in NewComment, key string) (Comment, error) {
	req, err := idempotency.NewRequest(a.User, key, "create comment", post, in)
	if err != nil {
		return Comment{}, err
	}
	body, err := text.Body("body.text", in.Text, MaxCommentGraphemes)
	if err != nil {
		return Comment{}, err
	}
	if in.ReplyTo != nil && in.ReplyTo.PostID() != post {
		return Comment{}, problem.Invalid(problem.CommentNotFound, "body.reply_to", "The comment to reply to belongs to another post.")
	}
	return run[Comment](ctx, s, a, req, createComment{post, body, in.ReplyTo})
}

type createComment struct {
	post    id.Post
	text    string
	replyTo *id.Comment
}

func (c createComment) circle() id.ID { return c.post.Circle }

func (c createComment) size() int { return len(c.text) }

func (c createComment) need(n *needs) {
	n.authors.add(n.actor)
	n.counts.add(c.post)
	n.logs.add(c.post.Circle)
	if c.replyTo != nil {
		n.comments.add(*c.replyTo)
	}
}

func (c createComment) decide(b *batch, a Actor) (any, error) {
	who := b.stand(c.post.Circle, a)
	counts, err := b.living(c.post)
	if err == nil {
		err = who.may(policy.Comment)
	}
	if err != nil {
		return nil, who.hide(err, errPostNotFound)
	}
	if c.replyTo != nil {
		if _, err := b.livingComment(*c.replyTo); err != nil {
			return nil, err
		}
	}
	made := Comment{
		ID:     id.Comment{Circle: c.post.Circle, Post: c.post.Post, Comment: b.heads.NextID(c.post.Circle, b.now)},
		PostID: c.post, CircleID: c.post.Circle, Author: b.authors[a.User],
		Text: c.text, ReplyTo: c.replyTo, CreatedAt: b.now,
	}
	b.newComments = append(b.newComments, made)
	counts.change(func(n *Counts) { n.Comments++ })
	return made, b.append(c.post.Circle, event{Type: commentCreated, Comment: &made})
}

// DeleteComment removes a comment for all readers and leaves a tombstone in
// the log. Its author may, and the circle's moderators and owners. It fails
// with CommentNotFound, Deleted or RoleRequired.
func (s *Service) DeleteComment(ctx context.Context, a Actor, comment id.Comment) error {
	_, err := run[struct{}](ctx, s, a, idempotency.Request{}, deleteComment{comment, a.User})
	return err
}

type deleteComment struct {
	comment id.Comment
	by      id.ID
}

func (d deleteComment) circle() id.ID { return d.comment.Circle }

func (deleteComment) size() int { return 0 }

func (d deleteComment) need(n *needs) {
	post := d.comment.PostID()
	n.counts.add(post)
	n.comments.add(d.comment)
	n.roles.add(membership{d.comment.Circle, d.by})
	n.logs.add(d.comment.Circle)
}

func (d deleteComment) decide(b *batch, a Actor) (any, error) {
	post, who := d.comment.PostID(), b.stand(d.comment.Circle, a)
	counts, err := b.living(post)
	if err != nil {
		return nil, who.hide(err, errCommentNotFound)
	}
	c, err := b.livingComment(d.comment)
	if err == nil {
		err = who.by(c.author == a.User).may(policy.Delete)
	}
	if err != nil {
		return nil, who.hide(err, errCommentNotFound)
	}
	c.deleted, c.changed, c.deletedBy = true, true, d.by
	counts.change(func(n *Counts) { n.Comments-- })
	return struct{}{}, b.append(d.comment.Circle, event{Type: commentDeleted, CommentID: &d.comment, PostID: &post})
}

var errCommentNotFound = problem.New(problem.CommentNotFound, "There is no such comment.")

// livingComment returns a comment that the batch has read and nobody has deleted.
func (b *batch) livingComment(comment id.Comment) (*commentRow, error) {
	switch c := b.comments[comment]; {
	case c == nil:
		return nil, errCommentNotFound
	case c.deleted:
		return nil, problem.New(problem.Deleted, "This comment was deleted.")
	default:
		return c, nil
	}
}

// Comments returns a page of a post's comments, oldest first. It fails with
// PostNotFound, Deleted or BadCursor.
func (s *Service) Comments(ctx context.Context, a Actor, post id.Post, q PageQuery) (Page[Comment], error) {
	list := "comments " + post.String()
	place, err := s.cursors.Open(list, q.Cursor, 1)
	if err != nil {
		return Page[Comment]{}, err
	}
	items, err := s.readCommentPage(ctx, a, post, place, q.limit())
	if err != nil {
		return Page[Comment]{}, outward(err)
	}
	page := Page[Comment]{Items: items}
	if len(items) == q.limit() {
		page.NextCursor = s.cursors.Seal(list, int64(items[len(items)-1].ID.Comment))
	}
	return page, nil
}
