package sandbox

import (
	"context"
	"html/template"
	"log/slog"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/identity/verifier/page"
)

// Name is what the sandbox is called in requests and as an issuer.
const Name = "sandbox"

// Options are what an Authority may be told.
type Options struct {
	// Told is called after a decision; nil: asking finds out.
	Told func(ctx context.Context, id string)
	Log  *slog.Logger // nil: slog.Default()
}

// Authority is the sandbox. It implements verifier.Verifier; Handler is its page.
type Authority struct {
	verifier.Cases
	o    Options
	page *template.Template
}

var _ verifier.Verifier = (*Authority)(nil)

// New returns the authority that lives in the database of pool.
func New(pool *pgxpool.Pool, keys *verifier.Keys, o Options) (*Authority, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Told == nil {
		o.Told = func(context.Context, string) {}
	}
	t, err := page.Parse("authority", authorityHTML)
	if err != nil {
		return nil, err
	}
	return &Authority{Cases: verifier.Cases{Pool: pool, Keys: keys, Verifier: Name}, o: o, page: t}, nil
}

// Name implements verifier.Verifier.
func (*Authority) Name() string { return Name }

// Kinds implements verifier.Verifier.
func (*Authority) Kinds() []verifier.Kind {
	return []verifier.Kind{verifier.Identity, verifier.Student, verifier.Employment}
}

// Life implements verifier.Verifier.
func (*Authority) Life() time.Duration { return 24 * time.Hour }

// Check implements verifier.Verifier: the sandbox works on anything.
func (*Authority) Check(context.Context, verifier.Application) error { return nil }

// Start implements verifier.Verifier.
func (a *Authority) Start(ctx context.Context, app verifier.Application) (string, error) {
	if _, err := a.Open(ctx, app, ""); err != nil {
		return "", err
	}
	here := url.URL{Path: authorityPath + app.ID, RawQuery: url.Values{"token": {a.Keys.Token(Name, app.ID)}}.Encode()}
	return here.String(), nil
}

// Approve decides a case as the page does.
func (a *Authority) Approve(ctx context.Context, id string, f verifier.Facts) error {
	f.Issuer = Name
	return a.decide(ctx, id, verifier.Result{State: verifier.Verified, Facts: f})
}

// Refuse decides a case as the page does.
func (a *Authority) Refuse(ctx context.Context, id string) error {
	return a.decide(ctx, id, verifier.Result{State: verifier.Refused, Reason: verifier.NotConfirmed})
}

func (a *Authority) decide(ctx context.Context, id string, r verifier.Result) error {
	if err := a.Decide(ctx, id, r); err != nil {
		return err
	}
	a.o.Told(ctx, id)
	return nil
}
