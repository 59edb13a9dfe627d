package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/hub"
	"lifecircle/internal/creditscore"
	"lifecircle/internal/demo"
	"lifecircle/internal/id"
	"lifecircle/internal/identity"
)

// joinScores makes the scores and who tells of them.
func (a *App) joinScores(ctx context.Context) (err error) {
	p := &a.product
	p.scoreNews = newScoreNews(p.node, a.Log)
	p.scores, err = creditscore.New(ctx, a.db.Pool, creditscore.Options{Identity: verifiedForScores, Changed: p.scoreNews.changed, Log: a.Log})
	if err == nil {
		p.scoreNews.lost = p.scores.IdentityChanged
	}
	return err
}

// rightsChanged is told whose identity became another: sockets hear of it, and
// a document that was lost closes the gate of the score. It never blocks.
func (a *App) rightsChanged(user id.ID) {
	a.product.news.RightsChanged(user)
	select {
	case a.product.scoreNews.identities <- user:
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

const (
	scoreNewsWaiting = 1 << 14 // people; beyond it they are not told, and see it when they connect
	scoreNewsTimeout = time.Second
)

// scoreNews tells people's sockets that their score, what they can do, or what
// they should hear of is another.
type scoreNews struct {
	node    *hub.Node
	log     *slog.Logger
	waiting chan id.ID

	identities chan id.ID // people whose identity became another
	lost       func(ctx context.Context, user id.ID) error
}

func newScoreNews(node *hub.Node, log *slog.Logger) *scoreNews {
	return &scoreNews{node: node, log: log, waiting: make(chan id.ID, scoreNewsWaiting), identities: make(chan id.ID, scoreNewsWaiting)}
}

// changed never blocks.
func (n *scoreNews) changed(user id.ID) {
	select {
	case n.waiting <- user:
	default:
	}
}

// The hints; in a slow socket's queue the newer one of a kind replaces the older.
var scoreHints = []hub.Publication{
	{Data: json.RawMessage(`{"type":"score.updated"}`), Key: "score.updated"},
	{Data: json.RawMessage(`{"type":"can.updated"}`), Key: "can.updated"},
	{Data: json.RawMessage(`{"type":"notification.created"}`), Key: "notification.created"},
}

// run tells until ctx ends.
func (n *scoreNews) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case user := <-n.waiting:
			n.tell(ctx, user)
		case user := <-n.identities:
			if err := n.lost(ctx, user); err != nil && ctx.Err() == nil {
				n.log.Warn("a score does not know of a changed identity; the next night will", "user", user, "err", err)
			}
		}
	}
}

func (n *scoreNews) tell(ctx context.Context, user id.ID) {
	ctx, cancel := context.WithTimeout(ctx, scoreNewsTimeout)
	defer cancel()
	for _, hint := range scoreHints {
		if err := n.node.Publish(ctx, "user:"+user.String(), hint); err != nil && ctx.Err() == nil {
			n.log.Debug("a score's news does not reach the other nodes", "user", user, "err", err)
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
