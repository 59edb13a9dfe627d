package sandbox

import (
	"bytes"
	_ "embed" // the page and its style
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/language"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

const (
	checkoutPath = "/sandbox/checkout/"
	stylePath    = "/sandbox/checkout.css"

	maxForm      = 4 << 10 // bytes
	maxLanguages = 200     // bytes of Accept-Language that are looked at
)

//go:embed checkout.html
var checkoutHTML string

//go:embed checkout.css
var checkoutCSS string

func parsePage() (*template.Template, error) {
	t, err := template.New("checkout").Parse(checkoutHTML)
	if err != nil {
		return nil, fmt.Errorf("read the checkout page: %w", err)
	}
	return t, nil
}

// view is what the page is filled with.
type view struct {
	Words           words
	Style           string
	Yuan, Title, ID string
	State           string // of the payment, or "gone"
	Return          string // a path of our own, or ""
}

// Handler serves the checkout pages below /sandbox/. They need nothing but
// their own style sheet, so a policy of default-src 'self' and form-action
// 'self' suits them.
func (b *Bank) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+checkoutPath+"{id}", b.showCheckout)
	mux.HandleFunc("POST "+checkoutPath+"{id}", b.decideCheckout)
	mux.HandleFunc("GET "+stylePath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write([]byte(checkoutCSS))
	})
	return mux
}

func (b *Bank) showCheckout(w http.ResponseWriter, r *http.Request) {
	p, ok := b.authorized(w, r)
	if !ok {
		return
	}
	state := string(p.State)
	if p.State == provider.Pending && p.SettleAs == provider.Failed && p.sinceItsSettle {
		state = string(provider.Failed)
	}
	b.render(w, r, http.StatusOK, view{
		Yuan: yuan(p.Amount), Title: p.Title, ID: p.ID, State: state, Return: ownPath(p.ReturnURL, r.Host),
	})
}

// decideCheckout does what a button says. A second click, or one that comes
// too late, finds the payment decided and shows how.
func (b *Bank) decideCheckout(w http.ResponseWriter, r *http.Request) {
	p, ok := b.authorized(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	var err error
	switch r.PostFormValue("action") {
	case "pay":
		err = b.Pay(r.Context(), p.ID, money.Fen(p.Amount), 0)
	case "pay-late":
		err = b.Pay(r.Context(), p.ID, money.Fen(p.Amount), lateBy)
	case "cancel":
		err = b.Cancel(r.Context(), p.ID)
	default:
		http.Error(w, "unknown action", http.StatusBadRequest)
		return
	}
	if err != nil && !errors.Is(err, ErrDecided) {
		b.fail(w, r, err)
		return
	}
	here := url.URL{Path: checkoutPath + p.ID, RawQuery: url.Values{"token": {p.Token}}.Encode()}
	private(w.Header())
	http.Redirect(w, r, here.String(), http.StatusSeeOther)
}

// authorized returns the payment of the page if the token opens it. An unknown
// payment and a wrong token look the same.
func (b *Bank) authorized(w http.ResponseWriter, r *http.Request) (payment, bool) {
	id, err := r.PathValue("id"), provider.ErrUnknown
	var p payment
	if isID(id) { // anything else might not even be text to Postgres
		p, err = readPayment(r.Context(), b.pool, id)
	}
	switch {
	case errors.Is(err, provider.ErrUnknown) || err == nil && !p.opensWith(r.URL.Query().Get("token")):
		b.render(w, r, http.StatusNotFound, view{State: "gone"})
		return payment{}, false
	case err != nil:
		b.fail(w, r, err)
		return payment{}, false
	}
	return p, true
}

func isID(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) < 0
}

func (b *Bank) render(w http.ResponseWriter, r *http.Request, status int, v view) {
	v.Words, v.Style = b.words(r.Header.Get("Accept-Language")), stylePath
	var page bytes.Buffer
	if err := b.page.Execute(&page, v); err != nil {
		b.fail(w, r, err)
		return
	}
	private(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Accept-Language")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes())
}

// fail logs no address: it holds the token.
func (b *Bank) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		b.o.Log.Error("serve a checkout page", "err", err)
	}
	http.Error(w, "internal error", http.StatusInternalServerError)
}

// private keeps the page and its address, which is all that opens it, to the
// one who has it.
func private(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
}

// ownPath returns the path of a page of our own site, host, or "" for any
// other address: nobody should be sent elsewhere from a page of ours.
func ownPath(address, host string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" && (u.Host != host || u.Scheme != "http" && u.Scheme != "https") || u.Host == "" && u.Scheme != "" {
		return ""
	}
	path := u.RequestURI()
	if address == "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(address, `\`) {
		return ""
	}
	return path
}

func yuan(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

func (b *Bank) words(accept string) words {
	tags, _, err := language.ParseAcceptLanguage(accept[:min(len(accept), maxLanguages)])
	if err != nil {
		tags = nil
	}
	if _, i, _ := b.tongues.Match(tags...); i == 1 {
		return chinese()
	}
	return english()
}

// tongues are the languages of the page; the first is for all other readers.
func tongues() []language.Tag { return []language.Tag{language.English, language.Chinese} }

// lateSeconds is lateBy as the page says it.
const lateSeconds = int(lateBy / time.Second)
