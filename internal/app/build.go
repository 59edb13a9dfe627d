package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/feed"
	"lifecircle/hub"
	"lifecircle/internal/auth"
	"lifecircle/internal/circlelog"
	"lifecircle/internal/creditscore"
	"lifecircle/internal/groupcommit"
	"lifecircle/internal/httpapi"
	"lifecircle/internal/identity"
	"lifecircle/internal/media"
	"lifecircle/internal/media/blob"
	"lifecircle/internal/notify"
	"lifecircle/internal/pg"
	"lifecircle/internal/socketapi"
	"lifecircle/payments"
	"lifecircle/payments/provider/sandbox"
	"lifecircle/static"
)

// product is what serves people, joined.
type product struct {
	auth       *auth.Service
	feed       *feed.Service
	payments   *payments.Service
	identity   *identity.Service
	pages      identityPages
	photos     *media.Service
	files      blob.Store
	sandbox    *sandbox.Bank // nil: play money has no place here
	node       *hub.Node
	news       *socketapi.Publisher
	gate       *socketapi.Gate
	trimmer    *circlelog.Trimmer
	scores     *creditscore.Service
	watch      *notify.Watch
	identities *identityNews
	http       http.Handler
}

// Migrate brings the schema up to date and gives the logs new names if the
// database was restored into another cluster.
func Migrate(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	if err := pg.Migrate(ctx, pool); err != nil {
		return err
	}
	renewed, err := circlelog.CheckEpoch(ctx, pool)
	if renewed {
		log.Warn("the database was restored into another Postgres: clients will fetch again instead of resuming")
	}
	return err
}

// join makes the parts and hands them to each other.
func (a *App) join(ctx context.Context) (err error) {
	s, p, pool := a.Config.Server, &a.product, a.db.Pool
	shared, err := a.connect(s.RedisURL)
	if err != nil {
		return err
	}
	p.auth = auth.NewService(pool, auth.Options{Logger: a.Log})
	p.trimmer = &circlelog.Trimmer{Pool: pool, Log: a.Log}
	limiter := shared.limiter
	if s.Dev {
		limiter = nil
	}

	a.metrics = newMetrics(a.Version.Version)
	a.canary = newCanary(a.public.Addr(), a.Log)
	sockets := &socketapi.Handler{Tokens: p.auth, Limiter: limiter}
	broker := socketapi.NewBroker(shared.broker, a.Log)
	limits := newLimits(s, openFiles(), a.Log)
	if p.node, err = hub.New(limits.bind(hub.Options{
		Handler: canaryDoor{a.traceCalls(sockets), a.canary}, Broker: broker,
		Log: observedLog{socketapi.NewLog(circlelog.NewReader(pool)), a.metrics.log}, Observe: a.metrics.hub.observe,
		Logger: a.Log, Version: a.Version.Version, Origins: s.AllowedOrigin, Occupancy: socketapi.Viewers,
		Compression: true, Overloaded: func() bool { return p.feed.Crowded() },
	})); err != nil {
		return err
	}
	p.watch, p.identities = notify.NewWatch(pool, socketapi.News(p.node, a.Log), a.Log), newIdentityNews(a.Log)
	if err := a.joinMedia(ctx); err != nil {
		return err
	}
	p.news = socketapi.NewPublisher(a.tracePublications(p.node), shared.lossy, a.Log)
	if p.feed, err = feed.New(ctx, pool, feed.Options{
		Audience: p.news, Log: a.Log, Tracer: a.tracing.Tracer(), Commit: groupcommit.Options{Observe: a.metrics.commits.observe},
		Rights: rights{}, Photos: p.photos, AdultTips: s.AdultTips,
	}); err != nil {
		return err
	}
	if err := a.joinPayments(ctx); err != nil {
		return err
	}
	if err := a.joinIdentity(ctx, limiter, a.rightsChanged); err != nil {
		return err
	}
	if err := a.joinScores(ctx); err != nil {
		return err
	}
	sockets.Feed, sockets.Payments, sockets.Viewers, broker.Counter = p.feed, p.payments, p.node.Occupancy, p.feed
	p.gate = &socketapi.Gate{Audience: p.node, Feed: p.feed, Log: a.Log}
	a.canary.node, a.ready.canary = p.node, a.canary.check
	a.metrics.watch(p, pool, shared.broker, a.canary)

	p.http, err = httpapi.New(httpapi.Options{ //nolint:contextcheck // its contexts are those of requests
		Feed: p.feed, Auth: p.auth, Payments: p.payments, Scores: p.scores, Identity: p.identity, Photos: p.photos, Files: p.files, Limiter: limiter,
		Dev: s.Dev, WebSocket: p.node, Sandbox: p.sandboxes(), Verify: p.pages.verify, AdultTips: s.AdultTips, PublicURL: s.PublicURL, Web: static.FS(), Ready: a.ready.check,
		Version: a.Version, TrustedProxies: s.TrustedProxies, Log: a.Log, Observe: a.metrics.observe, Tracer: a.tracing.Tracer(),
		Limits: limits.shown(), Crowded: p.feed.Crowded, PaymentsCrowded: p.payments.Crowded,
	})
	if err != nil {
		return fmt.Errorf("make the HTTP surface: %w", err)
	}
	return nil
}

// start runs what join made.
func (a *App) start(ctx context.Context) {
	p, ps := &a.product, a.parts
	a.serve(ctx, part{name: "ops", stop: stopOps}, opsServer(a.metrics.registry), a.ops)
	ps.start(ctx, part{name: "hub", stop: stopHub, run: p.node.Run})
	ps.start(ctx, part{name: "news", stop: stopNews, run: p.news.Run})
	ps.start(ctx, part{name: "gate", stop: stopSockets, run: p.gate.Run})
	if p.sandbox != nil {
		ps.start(ctx, part{name: "sandbox", stop: stopServices, run: p.sandbox.Run})
	}
	ps.start(ctx, part{name: "payments", stop: stopServices, run: p.payments.Run}) // ends before the feed, by which its commits are told
	ps.start(ctx, part{name: "feed", stop: stopServices, run: p.feed.Run})
	ps.start(ctx, part{name: "photos", stop: stopServices, run: p.photos.Run})
	ps.start(ctx, part{name: "scores", stop: stopServices, run: p.scores.Run})
	ps.start(ctx, part{name: "news of people", stop: stopNews, run: p.watch.Run})
	ps.start(ctx, part{name: "news of identities", stop: stopNews, run: p.identities.run})
	ps.start(ctx, part{name: "identity", stop: stopServices, run: p.identity.Run})
	ps.start(ctx, part{name: "auth", stop: stopServices, run: p.auth.Run})
	ps.start(ctx, part{name: "trimmer", stop: stopServices, run: p.trimmer.Run})
	ps.start(ctx, part{name: "memory", stop: stopServices, run: KeepRoom})
	ps.start(ctx, part{name: "sockets", stop: stopSockets, end: func(ctx context.Context) error {
		return p.node.Shutdown(ctx, spread(a.Config.Server.Drain, p.node.Stats().Clients))
	}})
}

const crowdStep = 50 * time.Millisecond // between two goodbyes, if the drain time allows: a few clients are no stampede

// spread is the time over which so many sockets leave.
func spread(drain time.Duration, sockets int) time.Duration {
	return min(drain, time.Duration(sockets)*crowdStep)
}
