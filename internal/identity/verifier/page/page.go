// Package page is what the pages of our own verifiers have in common: their
// style sheet, their languages, and that they and their addresses, which are
// all that opens them, are kept to those who have them.
package page

import (
	"bytes"
	_ "embed" // the style sheet
	"fmt"
	"html/template"
	"log/slog"
	"net/http"

	"golang.org/x/text/language"
)

// MaxForm bounds what a form may send, in bytes.
const MaxForm = 8 << 10

const maxLanguages = 200 // bytes of Accept-Language that are looked at

//go:embed page.css
var css string

// Style serves the style sheet. Pages need nothing else, so a policy of
// default-src 'self' and form-action 'self' suits them.
func Style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write([]byte(css))
}

// Parse reads a page.
func Parse(name, html string) (*template.Template, error) {
	t, err := template.New(name).Parse(html)
	if err != nil {
		return nil, fmt.Errorf("read the page %s: %w", name, err)
	}
	return t, nil
}

// Chinese tells whether the reader of a request would rather read Chinese.
func Chinese(r *http.Request) bool {
	accept := r.Header.Get("Accept-Language")
	tags, _, err := language.ParseAcceptLanguage(accept[:min(len(accept), maxLanguages)])
	if err != nil {
		return false
	}
	_, i, _ := language.NewMatcher([]language.Tag{language.English, language.Chinese}).Match(tags...)
	return i == 1
}

// Private keeps an answer to the one who has its address.
func Private(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
}

// Render answers with a page.
func Render(w http.ResponseWriter, r *http.Request, t *template.Template, status int, view any, log *slog.Logger) {
	var body bytes.Buffer
	if err := t.Execute(&body, view); err != nil {
		Fail(w, r, err, log)
		return
	}
	Private(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Accept-Language")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

// Fail logs no address: it holds the token.
func Fail(w http.ResponseWriter, r *http.Request, err error, log *slog.Logger) {
	if r.Context().Err() == nil {
		log.Error("serve a page of a verifier", "err", err)
	}
	http.Error(w, "internal error", http.StatusInternalServerError)
}
