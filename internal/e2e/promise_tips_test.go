package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/cmd/circleload/player"
)

// TestPromiseTipsRain: tips rain on one post by both roads, on two nodes, while
// viewers lose their connections; everybody sees each tip once and in order,
// and no fen is missing.
func TestPromiseTipsRain(t *testing.T) {
	size := sized(struct {
		viewers int
		rate    float64
		lasts   time.Duration
	}{40, 40, 3 * time.Second}, struct {
		viewers int
		rate    float64
		lasts   time.Duration
	}{2_000, 200, time.Minute})
	aside(t)
	s := newStage(t, 1+actors, 1, startNodes(t, 2, settings{redisURL: startRedis(t).URL()})...)
	for _, p := range s.world.Users[1:] {
		s.nodes[0].do(request{method: "PUT", path: "/v1/dev/users/" + p.ID, body: call{"balance": 10_000_000}}, nil)
	}
	plan := s.plan(size.viewers, 1, size.lasts)
	plan.Actors.Tokens = s.world.Tokens(1) // the first wrote the post, and may not tip it
	plan.Actions = []player.Action{
		{Kind: player.Tip, Rate: size.rate / 2, Posts: s.world.Posts, Bytes: 80, Amount: 101},
		{Kind: player.Tip, Over: player.HTTP, Rate: size.rate / 2, Posts: s.world.Posts, Bytes: 80, Amount: 99},
	}
	plan.Cuts = []player.Cut{{After: size.lasts / 3, Share: 0.3}, {After: size.lasts * 2 / 3, Share: 0.3}}
	r := s.play(plan, nil)
	s.wantAllDelivered(r)
	if r.Published == 0 || r.Published != r.Commands["tip"].Done {
		t.Errorf("%d events of %d tips", r.Published, r.Commands["tip"].Done)
	}
	s.wantTips(r.Published)
}

// wantTips compares the totals of the one post with its tips, and the books with themselves.
func (s *stage) wantTips(done int64) {
	s.t.Helper()
	db, err := pgx.Connect(s.t.Context(), s.nodes[0].settings.databaseURL)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = db.Close(context.WithoutCancel(s.t.Context())) }()
	var tips, total, sum, author, shares, balances int64
	if err := db.QueryRow(s.t.Context(), `SELECT (SELECT tip_count FROM post_counts), (SELECT tip_total FROM post_counts), (SELECT sum(amount) FROM tips)::bigint,
		(SELECT balance FROM accounts a WHERE id = (SELECT author_id FROM posts)), (SELECT sum(author_part) FROM tips)::bigint, (SELECT sum(balance) FROM accounts)::bigint`).
		Scan(&tips, &total, &sum, &author, &shares, &balances); err != nil {
		s.t.Fatal(err)
	}
	if tips != done || total != sum || author != shares || balances != 0 {
		s.t.Errorf("%d tips are counted, %d were acknowledged; %d fen are counted, %d given; the author has %d of %d; all accounts sum to %d", tips, done, total, sum, author, shares, balances)
	}
}
