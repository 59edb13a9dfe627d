package app

import (
	"github.com/jackc/pgx/v5"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/payments"
)

// tippedPosts gives payments what it needs of the feed.
type tippedPosts struct{ *feed.Service }

func (p tippedPosts) BeginTips(q *pgx.Batch, posts []id.Post, actors []id.ID) payments.PostsTx {
	return tipBatch{p.Service.BeginTips(q, posts, actors)}
}

type tipBatch struct{ *feed.TipBatch }

func (t tipBatch) Actor(user id.ID) (payments.Person, error) {
	a, err := t.TipBatch.Actor(user)
	return payments.Person(a), err
}

var (
	_ payments.Posts   = tippedPosts{}
	_ payments.Circles = (*feed.Service)(nil)
	_ payments.PostsTx = tipBatch{}
)

// TippedPosts joins a feed to payments, for programs that build both without an App.
func TippedPosts(f *feed.Service) payments.Posts { return tippedPosts{f} }
