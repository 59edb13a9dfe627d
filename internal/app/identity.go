package app

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"lifecircle/internal/config"
	"lifecircle/internal/id"
	"lifecircle/internal/identity"
	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/identity/verifier/email"
	"lifecircle/internal/identity/verifier/manual"
	authority "lifecircle/internal/identity/verifier/sandbox"
	"lifecircle/internal/ratelimit"
)

// identityPages are what verifiers of our own show.
type identityPages struct {
	authority http.Handler // nil: nobody plays the authority here
	mails     http.Handler // nil: mails are really sent
	verify    http.Handler // nil: no codes are sent
}

// joinIdentity makes the identity service and those who verify. Whoever plays
// the authority does so on a machine of its own, or with --dev.
func (a *App) joinIdentity(ctx context.Context, limiter ratelimit.Limiter, changed func(id.ID)) error {
	s, p := a.Config.Server, &a.product
	keys, err := verifier.LoadKeys(ctx, a.db.Pool, s.Key.Reveal())
	if err != nil {
		return err
	}
	told := func(ctx context.Context, name string) { p.identity.Told(ctx, name) }
	var all []verifier.Verifier
	if s.UseSandbox(a.Config.Play(), s.Dev) {
		plays, err := authority.New(a.db.Pool, keys, authority.Options{Told: told, Log: a.Log})
		if err != nil {
			return err
		}
		all, p.pages.authority = append(all, plays), plays.Handler()
	}
	mailer, err := a.mailer()
	if err != nil {
		return err
	}
	if mailer != nil {
		loop, err := email.New(a.db.Pool, keys, email.Options{Mailer: mailer, Limiter: limiter, BaseURL: s.PublicURL, Told: told, Log: a.Log})
		if err != nil {
			return err
		}
		all, p.pages.verify = append(all, loop), loop.Handler()
	}
	all = append(all, manual.New(a.db.Pool, keys, told))
	p.identity = identity.New(a.db.Pool, keys, identity.Options{Verifiers: all, Changed: changed, Log: a.Log})
	return nil
}

// mailer sends mails, or catches them with --dev; nil: neither.
func (a *App) mailer() (email.Mailer, error) {
	s := a.Config.Server
	switch {
	case s.SMTP != "":
		return email.NewSMTP(s.SMTP.Reveal(), s.MailFrom)
	case s.Dev:
		catcher, err := email.NewCatcher(a.Log)
		if err != nil {
			return nil, err
		}
		a.product.pages.mails = catcher.Handler()
		return catcher, nil
	}
	return nil, nil
}

// sandboxes serves what is below /sandbox/; nil if nothing is.
func (p *product) sandboxes() http.Handler {
	bank, pages := p.checkout(), p.pages
	if bank == nil && pages.authority == nil && pages.mails == nil {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := bank
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, "/sandbox/authority"):
			h = pages.authority
		case strings.HasPrefix(path, "/sandbox/mail"):
			h = pages.mails
		}
		if h == nil {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// WithIdentity does work with an identity service whose changes are left to
// servers to tell, and the desk of its staff.
func WithIdentity(ctx context.Context, db *Database, key config.Secret, log *slog.Logger, work func(context.Context, *identity.Service, *manual.Desk) error) error {
	keys, err := verifier.LoadKeys(ctx, db.Pool, key.Reveal())
	if err != nil {
		return err
	}
	desk := manual.New(db.Pool, keys, nil)
	return work(ctx, identity.New(db.Pool, keys, identity.Options{Verifiers: []verifier.Verifier{desk}, Log: log}), desk)
}
