package sandbox

import (
	_ "embed" // the page
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/identity/verifier/page"
)

const (
	authorityPath = "/sandbox/authority/"
	stylePath     = "/sandbox/authority.css"
)

//go:embed authority.html
var authorityHTML string

// view is what the page is filled with.
type view struct {
	Words  words
	Style  string
	State  string // pending, verified, refused or gone
	Fault  string
	ID     string
	Handle string
	Kind   verifier.Kind
	Level  int
	Claim  verifier.Claim
	Today  string
	Until  string
}

// Handler serves the pages below /sandbox/authority.
func (a *Authority) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+authorityPath+"{id}", a.show)
	mux.HandleFunc("POST "+authorityPath+"{id}", a.answer)
	mux.HandleFunc("GET "+stylePath, page.Style)
	return mux
}

func (a *Authority) show(w http.ResponseWriter, r *http.Request) {
	if c, ok := a.authorized(w, r); ok {
		a.render(w, r, http.StatusOK, c, "")
	}
}

// answer does what a button says. A second click, or one that comes too late,
// finds the case decided and shows so.
func (a *Authority) answer(w http.ResponseWriter, r *http.Request) {
	c, ok := a.authorized(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, page.MaxForm)
	var err error
	switch r.PostFormValue("action") {
	case "approve":
		facts, fault := found(c.Application, r, a.words(r))
		if fault != "" {
			a.render(w, r, http.StatusUnprocessableEntity, c, fault)
			return
		}
		err = a.Approve(r.Context(), c.ID, facts)
	case "refuse":
		err = a.Refuse(r.Context(), c.ID)
	default:
		http.Error(w, "unknown action", http.StatusBadRequest)
		return
	}
	if err != nil && !errors.Is(err, verifier.ErrDecided) && !errors.Is(err, verifier.ErrUnknown) {
		page.Fail(w, r, err, a.o.Log)
		return
	}
	done := verifier.Verified
	if r.PostFormValue("action") == "refuse" {
		done = verifier.Refused
	}
	page.Private(w.Header())
	here := url.URL{Path: authorityPath + c.ID, RawQuery: url.Values{"token": {r.URL.Query().Get("token")}, "done": {string(done)}}.Encode()}
	http.Redirect(w, r, here.String(), http.StatusSeeOther)
}

// found reads the form: what the document says.
func found(app verifier.Application, r *http.Request, say words) (f verifier.Facts, fault string) {
	until, err := readDay(r.PostFormValue("until"))
	if err != nil {
		return f, say.BadDate
	}
	if app.Kind != verifier.Identity {
		if r.PostFormValue("of") == "" {
			return f, say.Missing
		}
		return verifier.Facts{Of: r.PostFormValue("of"), Until: until}, ""
	}
	f = verifier.Facts{Document: r.PostFormValue("document"), BirthDate: r.PostFormValue("birth_date"), Gender: r.PostFormValue("gender"), City: r.PostFormValue("city")}
	f.Level, err = strconv.Atoi(r.PostFormValue("level"))
	switch _, bad := readDay(f.BirthDate); {
	case err != nil || f.Level < 1 || f.Level > 3 || !slices.Contains([]string{"", "female", "male", "other"}, f.Gender):
		return f, say.Missing
	case bad != nil:
		return f, say.BadDate
	case f.Level > 1 && (f.Document == "" || f.BirthDate == ""):
		return f, say.Missing
	case f.Level == 1: // there is no document
		return verifier.Facts{Level: 1}, ""
	}
	return f, ""
}

func readDay(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateOnly, s)
}

// authorized returns the case of the page if the token opens it. An unknown one
// and a wrong token look the same.
func (a *Authority) authorized(w http.ResponseWriter, r *http.Request) (verifier.Case, bool) {
	name, ok := verifier.ParseID(r.PathValue("id"))
	if !ok || !a.Keys.Opens(Name, name, r.URL.Query().Get("token")) {
		a.renderState(w, r, http.StatusNotFound, view{State: "gone"})
		return verifier.Case{}, false
	}
	c, err := a.Read(r.Context(), name)
	switch {
	case errors.Is(err, verifier.ErrUnknown), err == nil && (c.State != verifier.Pending || c.Over):
		a.renderDone(w, r)
		return verifier.Case{}, false
	case err != nil:
		page.Fail(w, r, err, a.o.Log)
		return verifier.Case{}, false
	}
	return c, true
}

// renderDone shows a case that is kept no more; how it ended is the address's to say.
func (a *Authority) renderDone(w http.ResponseWriter, r *http.Request) {
	state := r.URL.Query().Get("done")
	if state != string(verifier.Verified) && state != string(verifier.Refused) {
		state = "gone"
	}
	a.renderState(w, r, http.StatusOK, view{State: state})
}

func (a *Authority) render(w http.ResponseWriter, r *http.Request, status int, c verifier.Case, fault string) {
	now := time.Now()
	a.renderState(w, r, status, view{
		State: string(verifier.Pending), Fault: fault, ID: c.ID, Handle: c.Handle, Kind: c.Kind, Level: c.Level, Claim: c.Claim,
		Today: now.Format(time.DateOnly), Until: now.AddDate(1, 0, 0).Format(time.DateOnly),
	})
}

func (a *Authority) renderState(w http.ResponseWriter, r *http.Request, status int, v view) {
	v.Words, v.Style = a.words(r), stylePath
	page.Render(w, r, a.page, status, v, a.o.Log)
}

func (*Authority) words(r *http.Request) words {
	if page.Chinese(r) {
		return chinese()
	}
	return english()
}
