package stripe

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

// Name is what Stripe is called in requests and paths.
const Name = "stripe"

const (
	timeout   = 20 * time.Second // one request with its answer
	maxAnswer = 8 << 20          // bytes; a page of a hundred objects has 500,000
	maxError  = 300              // bytes of an error that are worth a line in the log
	pageSize  = 100              // objects asked for at a time
)

// Metadata under which our ids are kept.
const (
	orderKey  = "lifecircle_order"
	refundKey = "lifecircle_refund"
	payoutKey = "lifecircle_payout"
)

// Config is what an operator gets from Stripe's dashboard.
type Config struct {
	SecretKey     string // sk_live_..., or rk_... restricted to what we use
	WebhookSecret string // whsec_..., of our endpoint
	Account       string // acct_..., ours; "": events that name an account are refused
	APIBase       string // "": Stripe's own

	HTTP *http.Client // nil: one of our own
}

// Check says in a sentence what is wrong with the configuration. It never
// repeats a secret.
func (c Config) Check() error {
	u, err := url.Parse(c.APIBase)
	switch {
	case !hasPrefix(c.SecretKey, "sk_live_", "sk_test_", "rk_live_", "rk_test_"):
		return errors.New("the secret key of Stripe must begin with sk_live_, sk_test_, rk_live_ or rk_test_; a key that begins with pk_ is the public one")
	case !hasPrefix(c.WebhookSecret, "whsec_"):
		return errors.New("the webhook secret of Stripe must begin with whsec_; the dashboard shows it beside our endpoint")
	case c.Account != "" && !hasPrefix(c.Account, "acct_"):
		return fmt.Errorf("the account at Stripe must begin with acct_, unlike %.40q", c.Account)
	case c.APIBase != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.User != nil):
		return errors.New("the API base of Stripe must be an absolute address without a user or a query")
	}
	return nil
}

// live tells whether the key moves real money.
func (c Config) live() bool { return strings.HasPrefix(c.SecretKey[len("sk_"):], "live_") }

func hasPrefix(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) && len(s) > len(p) {
			return true
		}
	}
	return false
}

// Client is Stripe. It implements provider.Provider.
type Client struct {
	c   Config
	api *sdk.Client
	now func() time.Time
}

var _ provider.Provider = (*Client)(nil)

// New returns a client for a configuration that passes its Check.
func New(c Config) (*Client, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	web := http.Client{Timeout: timeout}
	if c.HTTP != nil {
		web = *c.HTTP
	}
	web.Transport = bounded{web.Transport}
	backend := &sdk.BackendConfig{
		HTTPClient: &web, LeveledLogger: &sdk.LeveledLogger{Level: sdk.LevelNull}, MaxNetworkRetries: sdk.Int64(0), EnableTelemetry: sdk.Bool(false),
	}
	if c.APIBase != "" {
		backend.URL = sdk.String(c.APIBase)
	}
	api := sdk.NewClient(c.SecretKey, sdk.WithBackends(sdk.NewBackendsWithConfig(backend)))
	return &Client{c: c, api: api, now: time.Now}, nil
}

// Name implements provider.Provider.
func (*Client) Name() string { return Name }

// Received implements provider.Provider; Stripe reads the status alone.
func (*Client) Received() (contentType, body string) { return "text/plain; charset=utf-8", "ok" }

// bounded keeps the SDK, which reads to the end, from an endless answer.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	next := b.next
	if next == nil {
		next = http.DefaultTransport
	}
	res, err := next.RoundTrip(r)
	if err == nil {
		res.Body = &boundedBody{res.Body, maxAnswer}
	}
	return res, err
}

type boundedBody struct {
	io.ReadCloser
	left int
}

var errTooLong = fmt.Errorf("the answer is longer than %d bytes", maxAnswer)

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errTooLong
	}
	return n, err
}

// explain makes an error of the SDK fit for the log, and says what is final:
// ErrUnknown for what is missing, ErrRefused for what Stripe will never do,
// ErrIDTaken for a request that differs from the one that had its key before.
func explain(err error) error {
	e := new(sdk.Error)
	if !errors.As(err, &e) {
		if text := err.Error(); len(text) > maxError {
			return errors.New(text[:maxError]) // the SDK repeats bodies that it cannot read
		}
		return err
	}
	short := fmt.Errorf("stripe answers %d %s %s: %.*s (request %s)", e.HTTPStatusCode, e.Type, e.Code, maxError, e.Msg, e.RequestID)
	switch {
	case e.Code == sdk.ErrorCodeResourceMissing && e.HTTPStatusCode == http.StatusNotFound:
		return fmt.Errorf("%w: %w", provider.ErrUnknown, short)
	case e.Code == sdk.ErrorCodeBalanceInsufficient, e.Code == sdk.ErrorCodeIdempotencyKeyInUse:
		return short
	case e.Type == sdk.ErrorTypeIdempotency:
		return fmt.Errorf("%w: %w", provider.ErrIDTaken, short)
	case e.HTTPStatusCode == http.StatusBadRequest:
		return fmt.Errorf("%w: %w", provider.ErrRefused, short)
	}
	return short
}

func checkAmount(a money.Amount) error {
	if a.Currency != money.CNY || a.Amount < 1 || a.Amount > money.Max {
		return fmt.Errorf("%w: not an amount of fen above zero", provider.ErrRefused)
	}
	return nil
}

// cny reads an amount of an object. Any other currency is not ours.
func cny(amount int64, currency sdk.Currency) (money.Amount, error) {
	if currency != sdk.CurrencyCNY || amount < 0 || amount > money.Max {
		return money.Amount{}, fmt.Errorf("an amount of %d %.10q is not one in fen", amount, currency)
	}
	return money.Fen(amount), nil
}

func at(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
