package app

import (
	"context"
	"log/slog"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/demo"
	"lifecircle/internal/id"
	"lifecircle/internal/identity"
)

// joinScores makes the scores and what looks after their gate.
func (a *App) joinScores(ctx context.Context) (err error) {
	p := &a.product
	p.scores, err = creditscore.New(ctx, a.db.Pool, creditscore.Options{
		Identity: verifiedForScores, Changed: func(id.ID) { p.watch.Wake() }, Log: a.Log, Alarm: a.metrics.scores.alarm, Observe: a.metrics.scores.night,
	})
	if err == nil {
		p.identities.lost = p.scores.IdentityChanged
	}
	return err
}

// rightsChanged is told whose identity became another: sockets hear of it, and
// a document that was lost closes the gate of the score. It never blocks.
func (a *App) rightsChanged(user id.ID) {
	a.product.watch.Wake()
	select {
	case a.product.identities.waiting <- user:
	default: // the next night finds it
	}
}

// verifiedForScores tells scores what is verified of people. Whether they are
// women, how old they are and where they live is not handed on.
func verifiedForScores(ctx context.Context, tx pgx.Tx, users []id.ID) (map[id.ID]creditscore.Verified, error) {
	rights, err := identity.ReadRights(ctx, tx, users...)
	if err != nil {
		return nil, err
	}
	out := make(map[id.ID]creditscore.Verified, len(rights))
	for user, r := range rights {
		out[user] = creditscore.Verified{JoinedAt: r.CreatedAt, Level: r.Level, StudentUntil: r.StudentUntil, EmployeeUntil: r.EmployeeUntil}
	}
	return out, nil
}

const identitiesWaiting = 1 << 14 // people; beyond it their scores know of it from the next night on

// identityNews tells scores whose identity became another.
type identityNews struct {
	log     *slog.Logger
	waiting chan id.ID
	lost    func(ctx context.Context, user id.ID) error
}

func newIdentityNews(log *slog.Logger) *identityNews {
	return &identityNews{log: log, waiting: make(chan id.ID, identitiesWaiting)}
}

// run tells until ctx ends.
func (n *identityNews) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case user := <-n.waiting:
			if err := n.lost(ctx, user); err != nil && ctx.Err() == nil {
				n.log.Warn("a score does not know of a changed identity; the next night will", "user", user, "err", err)
			}
		}
	}
}

// seedScores gives the people of a new demo world a past.
func (a *App) seedScores(ctx context.Context) error {
	return demo.SeedScores(ctx, a.db.Pool, a.product.scores, a.Out)
}

// WithScores does work with scores, on a database that servers may be using.
func WithScores(ctx context.Context, db *Database, log *slog.Logger, work func(*creditscore.Service) error) error {
	s, err := creditscore.New(ctx, db.Pool, creditscore.Options{Identity: verifiedForScores, Log: log})
	if err != nil {
		return err
	}
	return work(s)
}
