package feed

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed/policy"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
)

// TipBatch is the feed's part in a transaction that moves money: which posts
// may be tipped by whom, their totals and the events of their circles. Whose
// transaction it is calls, in this order, BeginTips, Lock, Write, and after the
// commit Tell, or Doubt when its outcome is unknown. A TipBatch belongs to one
// goroutine.
type TipBatch struct {
	s     *Service
	batch *batch
	posts map[id.Post]tipped
	who   []id.ID
}

// tipped is what of a post matters to a tip.
type tipped struct {
	author     id.ID
	deleted    bool
	unreviewed bool // shows a photo that waits for a reviewer
}

// BeginTips queues what comes right after the locks of idempotency keys: it
// locks the posts against being deleted and reads who wrote them and who the
// actors are.
func (s *Service) BeginTips(q *pgx.Batch, posts []id.Post, actors []id.ID) *TipBatch {
	t := &TipBatch{s: s, batch: s.newBatch(), who: actors}
	shared := set[id.Post]{}
	for _, p := range posts {
		shared.add(p)
	}
	authors := set[id.ID]{}
	for _, a := range actors {
		authors.add(a)
	}
	t.posts = sharePosts(q, shared)
	t.batch.authors = readAuthors(q, authors, t.batch.barred)
	return t
}

// Lock queues the last locks of the transaction: the counts of those of the
// posts that may change, then the heads of their circles.
func (t *TipBatch) Lock(q *pgx.Batch, posts []id.Post) {
	counts, logs := set[id.Post]{}, set[id.ID]{}
	for _, p := range posts {
		counts.add(p)
		logs.add(p.Circle)
	}
	t.batch.counts = lockCounts(q, counts)
	t.batch.heads = circlelog.Lock(q, sorted(logs))
	t.batch.rulings = t.s.queueRulings(q, sorted(logs))
	t.batch.queueTippers(q, sorted(logs), t.who)
}

// Actor returns who acts, or why nothing is done for him: Unauthorized or Banned.
func (t *TipBatch) Actor(user id.ID) (Author, error) {
	if err := t.batch.barred[user]; err != nil {
		return Author{}, err
	}
	return t.batch.authors[user], nil
}

// Author returns who wrote a post. It fails with PostNotFound, or with Deleted
// for a post that was: its author is returned all the same.
func (t *TipBatch) Author(post id.Post) (id.ID, error) {
	switch p, ok := t.posts[post]; {
	case !ok:
		return 0, errPostNotFound
	case p.deleted:
		return p.author, errPostDeleted
	default:
		return p.author, nil
	}
}

// MayTip judges whether the actor, who has an account, may tip the post. It
// fails as Author does, with OwnPost, TipAdultsOnly, PhotoUnreviewed or a refusal
// of the circle's rules.
func (t *TipBatch) MayTip(actor id.ID, post id.Post) error {
	who := t.batch.stand(post.Circle, Actor{actor})
	author, err := t.Author(post)
	if err == nil {
		who.unreviewed = t.posts[post].unreviewed
		err = who.by(author == actor).may(policy.Tip)
	}
	return who.hide(err, errPostNotFound)
}

// NextID gives the next id in the post's circle.
func (t *TipBatch) NextID(post id.Post, at time.Time) id.ID {
	return t.batch.heads.NextID(post.Circle, at)
}

// Add changes a post's totals and returns the new sum in fen.
func (t *TipBatch) Add(post id.Post, tips, fen int64) int64 {
	c := t.batch.counts[post]
	c.change(func(c *Counts) { c.TipCount += tips; c.TipTotal += fen })
	return c.TipTotal
}

// Append adds "tip.created" with that tip, one line of JSON, to the log of the
// post's circle. It is joined as text: the encoder would read it all again.
func (t *TipBatch) Append(post id.Post, tip []byte) {
	const head, tail = `{"type":"` + tipCreated + `","tip":`, `}`
	data := make([]byte, 0, len(head)+len(tip)+len(tail))
	data = append(append(append(data, head...), tip...), tail...)
	t.batch.heads.Append(post.Circle, data)
}

// Write queues the statements that store all that.
func (t *TipBatch) Write(q *pgx.Batch) {
	t.batch.writeTipTotals(q)
	t.batch.heads.Write(q)
}

// Tell informs the audience after the commit.
func (t *TipBatch) Tell(ctx context.Context) { t.s.tell(ctx, t.batch) }

// Doubt is called instead of Tell when nobody knows whether it was committed.
func (t *TipBatch) Doubt() { t.s.doubt(t.batch) }

// TipAuthor returns who wrote a living post, for one who looks at its tips or
// thinks of one. It fails with PostNotFound or Deleted.
func (s *Service) TipAuthor(ctx context.Context, viewer id.ID, post id.Post) (id.ID, error) {
	p, err := s.readPost(ctx, Actor{viewer}, post)
	if err != nil {
		return 0, outward(err)
	}
	return p.Author.ID, nil
}
