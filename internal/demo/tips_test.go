package demo

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/payments"
)

// posts joins feed and payments as the app does.
type posts struct{ *feed.Service }

func (p posts) BeginTips(q *pgx.Batch, of []id.Post, actors []id.ID) payments.PostsTx {
	return postsTx{p.Service.BeginTips(q, of, actors)}
}

type postsTx struct{ *feed.TipBatch }

func (t postsTx) Actor(user id.ID) (payments.Person, error) {
	a, err := t.TipBatch.Actor(user)
	return payments.Person(a), err
}

func newWallets(t *testing.T, pool *pgxpool.Pool, service *feed.Service) *payments.Service {
	t.Helper()
	wallets, err := payments.New(t.Context(), pool, payments.Options{Posts: posts{service}, Circles: service})
	if err != nil {
		t.Fatal(err)
	}
	return wallets
}

func TestDemoPeopleHaveMoneyAndTip(t *testing.T) {
	t.Parallel()
	pool := seeded(t)
	service, err := feed.New(t.Context(), pool, feed.Options{})
	if err != nil {
		t.Fatal(err)
	}
	wallets := newWallets(t, pool, service)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = service.Run(ctx) })
	running.Go(func() { _ = wallets.Run(ctx) })
	defer func() { cancel(); running.Wait() }()
	var told strings.Builder
	if err := SeedMoney(ctx, pool, service, wallets, &told); err != nil {
		t.Fatal(err)
	}
	if err := SeedMoney(ctx, pool, service, wallets, io.Discard); err != nil {
		t.Fatal(err)
	}
	var tips, poor, sum int64
	if err := pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM tips), (SELECT count(*) FROM accounts WHERE kind = 'wallet' AND balance = 0),
		(SELECT sum(balance)::bigint FROM accounts)`).Scan(&tips, &poor, &sum); err != nil {
		t.Fatal(err)
	}
	var again int64
	if err := pool.QueryRow(ctx, `SELECT count(*) FROM transfers WHERE kind = 'test'`).Scan(&again); err != nil || again != int64(len(testWorld().People)) {
		t.Errorf("%d gifts of pocket money for %d people (%v)", again, len(testWorld().People), err)
	}
	if tips < 50 || poor > 0 || sum != 0 {
		t.Errorf("%d tips, %d people without money, all accounts sum to %d", tips, poor, sum)
	}
	if !strings.Contains(told.String(), "tips") {
		t.Errorf("people are told %q", told.String())
	}
}
