package auth

import (
	"context"
	"log/slog"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
)

const (
	keyWatch   = 5 * time.Second // how old a node's knowledge of the signing keys may be
	sweepEvery = 10 * time.Second
	workTime   = 30 * time.Second // one round of either
)

// Options of a Service. The zero value is what production uses.
type Options struct {
	AccessTTL  time.Duration // of an access token; 0 is 15 minutes, MaxTokenTTL at most
	SessionTTL time.Duration // of a session since its last refresh; 0 is 30 days
	KeyTTL     time.Duration // until the next signing key is made; 0 is 30 days
	Issuer     string        // the claim iss; "" is "lifecircle"
	Password   Argon2        // cost of a hash; tests make it cheap
	Logger     *slog.Logger  // nil is silence
	// Now is the clock of access tokens and of changing keys; nil is
	// time.Now. Sessions go by the database's clock.
	Now func() time.Time
}

const day = 24 * time.Hour

func (o Options) withDefaults() Options {
	if o.AccessTTL <= 0 {
		o.AccessTTL = 15 * time.Minute
	}
	o.AccessTTL = min(o.AccessTTL, MaxTokenTTL)
	if o.SessionTTL <= 0 {
		o.SessionTTL = 30 * day
	}
	if o.KeyTTL <= 0 {
		o.KeyTTL = 30 * day
	}
	if o.Issuer == "" {
		o.Issuer = "lifecircle"
	}
	if o.Password == (Argon2{}) {
		o.Password = defaultCost
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Service signs people up, in and out. It is safe for concurrent use, and
// works before and without Run but for what Run does.
type Service struct {
	pool     *pgxpool.Pool
	opts     Options
	log      *slog.Logger
	hasher   *hasher
	keys     *keyring
	parser   *jwt.Parser
	verified *verified
	newID    func() id.ID
}

// NewService returns a Service over a migrated database.
func NewService(pool *pgxpool.Pool, opts Options) *Service {
	opts = opts.withDefaults()
	return &Service{
		pool: pool, opts: opts, log: opts.Logger,
		hasher:   newHasher(opts.Password),
		keys:     newKeyring(pool, opts),
		parser:   newParser(opts),
		verified: newVerified(maxVerified),
		newID:    id.New,
	}
}

// Run keeps the signing keys young and known, and removes sessions that have
// expired, until ctx is done; it returns nil then. Several nodes may run it.
func (s *Service) Run(ctx context.Context) error {
	watch, sweep := time.NewTicker(keyWatch), time.NewTicker(sweepEvery)
	defer watch.Stop()
	defer sweep.Stop()
	var last id.ID // where the sweep stands
	s.attempt(ctx, "watch the signing keys", s.keys.watch)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-watch.C:
			s.attempt(ctx, "watch the signing keys", s.keys.watch)
		case <-sweep.C:
			s.attempt(ctx, "sweep expired sessions", func(ctx context.Context) (err error) {
				last, err = s.sweep(ctx, last)
				return err
			})
		}
	}
}

// attempt does one round of work; a failure is logged, the next round tries again.
func (s *Service) attempt(ctx context.Context, what string, work func(context.Context) error) {
	round, cancel := context.WithTimeout(ctx, workTime)
	defer cancel()
	if err := work(round); err != nil && ctx.Err() == nil {
		s.log.Error("could not "+what, "error", err)
	}
}
