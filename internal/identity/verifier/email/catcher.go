package email

import (
	"context"
	_ "embed" // the page
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"lifecircle/internal/identity/verifier/page"
)

const (
	mailsPath     = "/sandbox/mail"
	mailStylePath = "/sandbox/mail.css"
	maxCaught     = 50 // mails; the oldest is dropped
)

//go:embed mails.html
var mailsHTML string

// Catcher is the mail server of a developer's machine: it keeps the last mails
// in memory and shows them to whoever asks.
type Catcher struct {
	log  *slog.Logger
	page *template.Template

	mu    sync.Mutex // guards mails
	mails []Caught
}

// Caught is a mail with when it was sent.
type Caught struct {
	Mail
	At time.Time
}

// NewCatcher returns one without mails.
func NewCatcher(log *slog.Logger) (*Catcher, error) {
	t, err := page.Parse("mails", mailsHTML)
	return &Catcher{log: log, page: t}, err
}

// Send implements Mailer.
func (c *Catcher) Send(_ context.Context, m Mail) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mails = append(c.mails, Caught{m, time.Now()})
	if len(c.mails) > maxCaught {
		c.mails = slices.Delete(c.mails, 0, len(c.mails)-maxCaught)
	}
	return nil
}

// Mails returns what was caught, the newest first.
func (c *Catcher) Mails() []Caught {
	c.mu.Lock()
	defer c.mu.Unlock()
	mails := slices.Clone(c.mails)
	slices.Reverse(mails)
	return mails
}

// Handler serves the page at /sandbox/mail.
func (c *Catcher) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+mailsPath, func(w http.ResponseWriter, r *http.Request) {
		page.Render(w, r, c.page, http.StatusOK, struct {
			Style   string
			Chinese bool
			Mails   []Caught
		}{mailStylePath, page.Chinese(r), c.Mails()}, c.log)
	})
	mux.HandleFunc("GET "+mailStylePath, page.Style)
	return mux
}
