package email

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/identity/verifier/page"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
)

const (
	// Name is what this verifier is called in requests.
	Name = "email"

	// CodeLife is how long a code can be brought back.
	CodeLife = 30 * time.Minute
	// MaxAddress is the length of a mailbox's address in bytes, RFC 5321.
	MaxAddress = 254

	codeLength = 10 // characters of 5 bits
)

// Mail is one to send.
type Mail struct {
	To, Subject, Text string
}

// Mailer sends mails.
type Mailer interface {
	Send(ctx context.Context, m Mail) error
}

// Options are what a Loop may be told.
type Options struct {
	Mailer  Mailer            // needed
	Limiter ratelimit.Limiter // counts by mailbox; nil: no limit
	BaseURL string            // of our site, for the link in mails; "": a path only

	// Told is called after a decision; nil: asking finds out.
	Told func(ctx context.Context, id string)
	Log  *slog.Logger // nil: slog.Default()
}

// Loop sends codes and takes them back. It implements verifier.Verifier;
// Handler is its page.
type Loop struct {
	verifier.Cases
	o    Options
	page *template.Template
}

var _ verifier.Verifier = (*Loop)(nil)

// New returns the loop whose cases are in the database of pool.
func New(pool *pgxpool.Pool, keys *verifier.Keys, o Options) (*Loop, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Told == nil {
		o.Told = func(context.Context, string) {}
	}
	t, err := page.Parse("code", codeHTML)
	if err != nil {
		return nil, err
	}
	return &Loop{Cases: verifier.Cases{Pool: pool, Keys: keys, Verifier: Name}, o: o, page: t}, nil
}

// Name implements verifier.Verifier.
func (*Loop) Name() string { return Name }

// Kinds implements verifier.Verifier.
func (*Loop) Kinds() []verifier.Kind { return []verifier.Kind{verifier.Student, verifier.Employment} }

// Life implements verifier.Verifier.
func (*Loop) Life() time.Duration { return CodeLife }

// Check implements verifier.Verifier. It refuses an address that is none of a
// school or company that we know, and one that got too many codes.
func (l *Loop) Check(ctx context.Context, a verifier.Application) error {
	address, err := parse(a.Claim.Email)
	if err != nil {
		return err
	}
	if _, err := l.domainOf(ctx, address, a.Kind); err != nil {
		return err
	}
	return ratelimit.VerificationMails.Check(ctx, l.o.Limiter, fmt.Sprintf("%x", l.Keys.MAC("mailbox limit", mailbox(address))[:16]))
}

// Start implements verifier.Verifier.
func (l *Loop) Start(ctx context.Context, a verifier.Application) (string, error) {
	address, err := parse(a.Claim.Email)
	if err != nil {
		return "", err
	}
	of, err := l.domainOf(ctx, address, a.Kind)
	if err != nil {
		return "", err
	}
	a.Claim = verifier.Claim{Email: address, Of: of.name}
	here := url.URL{Path: pagePath + a.ID, RawQuery: url.Values{"token": {l.Keys.Token(Name, a.ID)}}.Encode()}
	code := rand.Text()[:codeLength]
	fresh, err := l.Open(ctx, a, code)
	if err != nil || !fresh {
		return here.String(), err
	}
	if err := l.o.Mailer.Send(ctx, write(a, strings.TrimSuffix(l.o.BaseURL, "/")+here.String(), code)); err != nil {
		return "", errors.Join(fmt.Errorf("send a code: %w", err), l.Forget(context.WithoutCancel(ctx), a.ID))
	}
	return here.String(), nil
}

// Confirm brings a code back. It fails with verifier.ErrUnknown or ErrDecided.
func (l *Loop) Confirm(ctx context.Context, id, code string) (right bool, err error) {
	right, err = l.Try(ctx, id, normalCode(code), func(a verifier.Application) verifier.Facts {
		_, domain, _ := strings.Cut(a.Claim.Email, "@")
		return verifier.Facts{Issuer: Name + ":" + domain, Mailbox: mailbox(a.Claim.Email), Of: a.Claim.Of}
	})
	if err == nil {
		l.o.Told(ctx, id)
	}
	return right, err
}

// normalCode reads a code as people type it.
func normalCode(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-':
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r == '0':
			return 'O' // base32 has neither 0 nor 1
		case r == '1':
			return 'I'
		}
		return r
	}, s)
}

var unsuitable = func(why string) error {
	return problem.Invalid(problem.ClaimUnsuitable, "body.email", "%s", why)
}

// parse returns an address in lower case, or a problem.
func parse(s string) (string, error) {
	if len(s) > MaxAddress {
		return "", unsuitable("the address is too long")
	}
	for _, r := range s {
		if r <= ' ' || r > '~' {
			return "", unsuitable("the address may hold printable ASCII only")
		}
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" || strings.ContainsAny(s, `"\()<>,;:[]`) {
		return "", unsuitable("this is no address like name@school.edu.cn")
	}
	return strings.ToLower(s), nil
}

// mailbox names where mails to an address arrive: many servers take what stands
// behind a plus as a mere remark.
func mailbox(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}

type domain struct{ domain, name string }

// domainOf finds whose mailbox an address is: the longest domain that we know.
func (l *Loop) domainOf(ctx context.Context, address string, kind verifier.Kind) (d domain, err error) {
	_, rest, _ := strings.Cut(address, "@")
	var names []string
	for more := true; more; _, rest, more = strings.Cut(rest, ".") {
		names = append(names, rest)
	}
	want := "company"
	if kind == verifier.Student {
		want = "school"
	}
	err = l.Pool.QueryRow(ctx, `SELECT domain, name FROM domains WHERE domain = ANY($1) AND kind = $2 ORDER BY length(domain) DESC LIMIT 1`, names, want).
		Scan(&d.domain, &d.name)
	if errors.Is(err, pgx.ErrNoRows) {
		return d, problem.Invalid(problem.DomainUnknown, "body.email", "this is not an address of a %s that we know", want)
	}
	if err != nil {
		return d, fmt.Errorf("look for a domain: %w", err)
	}
	return d, nil
}
