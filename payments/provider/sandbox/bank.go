package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/text/language"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

// Name is what the sandbox is called in requests and paths.
const Name = "sandbox"

// Behaviour is how payers pay and how notifications arrive.
type Behaviour string

// The behaviours. But for Manual and Slow, a payment is paid at its checkout.
const (
	AtOnce   Behaviour = "at-once"
	Manual   Behaviour = "manual"   // the payer decides on the checkout page
	Slow     Behaviour = "slow"     // paid after Options.Delay, unless the payer is faster
	Twice    Behaviour = "twice"    // each notification is sent twice
	Disorder Behaviour = "disorder" // an older notification follows the newer one
	Never    Behaviour = "never"    // no notification at all: only asking finds out
)

// Behaviours returns all of them, Manual, the default, first.
func Behaviours() []Behaviour { return []Behaviour{Manual, AtOnce, Slow, Twice, Disorder, Never} }

const (
	defaultDelay = 3 * time.Second
	lateBy       = 10 * time.Second       // of a notice that the payer wants late
	disorderBy   = 200 * time.Millisecond // from the newer notification to the older
	openFor      = 24 * time.Hour         // an order that does not say
	pollEvery    = time.Second            // for what other nodes or the clock made due
)

// Options are what a Bank may be told; the zero value is good.
type Options struct {
	Behaviour Behaviour     // "": Manual
	Delay     time.Duration // of Slow, and of payouts to "slow"; 0: 3 s

	// Deliver hands a notification to our own webhook. An error has it sent
	// again later. With nil, none are sent.
	Deliver func(ctx context.Context, header http.Header, body []byte) error

	Log *slog.Logger // nil: slog.Default()
}

// Check says in a sentence what is wrong with the options.
func (o Options) Check() error {
	if o.Behaviour != "" && !slices.Contains(Behaviours(), o.Behaviour) {
		return fmt.Errorf("the sandbox knows no behaviour %q: choose one of %q", o.Behaviour, Behaviours())
	}
	if o.Delay < 0 {
		return fmt.Errorf("the delay of the sandbox cannot be negative: %s", o.Delay)
	}
	return nil
}

// Bank is the sandbox. It implements provider.Provider; Handler is its
// checkout page, and Run delivers its notifications.
type Bank struct {
	pool     *pgxpool.Pool
	o        Options
	poll     time.Duration
	merchant string
	secret   []byte
	wake     chan struct{} // holds one signal: there may be a notice to deliver
	page     *template.Template
	tongues  language.Matcher
}

var _ provider.Provider = (*Bank)(nil)

// New returns the bank in the database of pool, which must have our schema.
func New(ctx context.Context, pool *pgxpool.Pool, o Options) (*Bank, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Behaviour == "" {
		o.Behaviour = Manual
	}
	if o.Delay == 0 {
		o.Delay = defaultDelay
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	page, err := parsePage()
	if err != nil {
		return nil, err
	}
	b := &Bank{pool: pool, o: o, poll: pollEvery, wake: make(chan struct{}, 1), page: page, tongues: language.NewMatcher(tongues())}
	return b, b.identify(ctx)
}

// identify reads who we are to the bank and the key of its signatures; the
// first node makes both.
func (b *Bank) identify(ctx context.Context) error {
	merchant, secret := make([]byte, 8), make([]byte, 32)
	_, _ = rand.Read(merchant) // never fails, see crypto/rand
	_, _ = rand.Read(secret)
	if _, err := b.pool.Exec(ctx, `INSERT INTO sandbox_bank (merchant, secret) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
		hex.EncodeToString(merchant), secret); err != nil {
		return fmt.Errorf("open the sandbox bank: %w", err)
	}
	if err := b.pool.QueryRow(ctx, `SELECT merchant, secret FROM sandbox_bank`).Scan(&b.merchant, &b.secret); err != nil {
		return fmt.Errorf("open the sandbox bank: %w", err)
	}
	return nil
}

// Name implements provider.Provider.
func (*Bank) Name() string { return Name }

// Received implements provider.Provider.
func (*Bank) Received() (contentType, body string) { return "text/plain; charset=utf-8", "ok" }

var errAmount = errors.New("not an amount of fen above zero")

func checkAmount(a money.Amount) error {
	if a.Currency != money.CNY || a.Amount < 1 || a.Amount > money.Max {
		return fmt.Errorf("%w: %w", provider.ErrRefused, errAmount)
	}
	return nil
}
