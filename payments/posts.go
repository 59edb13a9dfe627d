package payments

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// Posts is what payments needs of the feed.
type Posts interface {
	// BeginTips queues, right after the locks of idempotency keys, the locks on
	// posts that must not be deleted meanwhile and what is asked of them.
	BeginTips(q *pgx.Batch, posts []id.Post, actors []id.ID) PostsTx

	// TipAuthor returns who wrote a living post that the viewer may look at.
	TipAuthor(ctx context.Context, viewer id.ID, post id.Post) (id.ID, error)
}

// PostsTx is the feed's part of one of our transactions; feed.TipBatch says
// what its methods promise. They are called in the order in which they stand
// here, from one goroutine.
type PostsTx interface {
	Lock(q *pgx.Batch, posts []id.Post)

	Actor(user id.ID) (Person, error)
	Author(post id.Post) (id.ID, error)
	MayTip(actor id.ID, post id.Post) error
	NextID(post id.Post, at time.Time) id.ID
	Add(post id.Post, tips, fen int64) (total int64)
	Append(post id.Post, tip []byte)

	Write(q *pgx.Batch)

	Tell(ctx context.Context)
	Doubt()
}

// Person is somebody as others see him.
type Person struct {
	ID          id.ID  `json:"id"`
	Handle      string `json:"handle"`
	DisplayName string `json:"display_name"`
}

// Audience is told whose wallet changed, after the commit. It must not block.
type Audience interface {
	WalletChanged(user id.ID)
}

type nobody struct{}

func (nobody) WalletChanged(id.ID) {}
