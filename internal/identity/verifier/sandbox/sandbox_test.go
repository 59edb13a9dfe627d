package sandbox

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/identity/verifier/verifiertest"
	"lifecircle/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func newAuthority(t testing.TB) *Authority {
	t.Helper()
	pool := pgtest.New(t)
	keys, err := verifier.LoadKeys(t.Context(), pool, "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(pool, keys, Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func claim(verifier.Kind) verifier.Claim {
	return verifier.Claim{Name: verifiertest.LegalName, Document: verifiertest.Document, BirthDate: "1990-01-01", Of: "梧桐大学"}
}

func facts(a verifier.Application) verifier.Facts {
	if a.Kind == verifier.Identity {
		return verifier.Facts{Level: 2, Document: a.Claim.Document, BirthDate: a.Claim.BirthDate}
	}
	return verifier.Facts{Of: a.Claim.Of}
}

func harness(t testing.TB) verifiertest.Harness {
	a := newAuthority(t)
	return verifiertest.Harness{
		Verifier: a, Pool: a.Pool, Claim: claim,
		Confirm: func(ctx context.Context, app verifier.Application) error { return a.Approve(ctx, app.ID, facts(app)) },
		Refuse:  func(ctx context.Context, app verifier.Application) error { return a.Refuse(ctx, app.ID) },
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	verifiertest.Run(t, func(t *testing.T) verifiertest.Harness { return harness(t) })
}

func visit(t testing.TB, a *Authority, method, address string, form url.Values, language string) (*httptest.ResponseRecorder, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://circle.example"+address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept-Language", language)
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return w, w.Body.String()
}

func TestPage(t *testing.T) {
	t.Parallel()
	h := harness(t)
	a := h.Verifier.(*Authority)
	app := h.New(verifier.Identity)
	address, err := a.Start(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	res, text := visit(t, a, http.MethodGet, address, nil, "zh-CN")
	if res.Code != http.StatusOK || !strings.Contains(text, "实名认证") || !strings.Contains(text, "@zhang") || strings.Contains(text, verifiertest.LegalName) {
		t.Fatalf("%d\n%s", res.Code, text)
	}
	for _, bad := range []string{"<script", "<style", "style=", "onclick"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if res.Header().Get("Cache-Control") != "no-store" || res.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("%v", res.Header())
	}
	for _, form := range []url.Values{
		{"action": {"approve"}},
		{"action": {"approve"}, "level": {"2"}, "birth_date": {"1990-01-01"}},
		{"action": {"approve"}, "level": {"4"}},
		{"action": {"approve"}, "level": {"2"}, "document": {"X1234"}, "birth_date": {"soon"}},
		{"action": {"approve"}, "level": {"1"}, "gender": {"robot"}},
	} {
		if res, _ := visit(t, a, http.MethodPost, address, form, "en"); res.Code != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", form, res.Code)
		}
	}
	form := url.Values{"action": {"approve"}, "level": {"3"}, "document": {"X 1234"}, "birth_date": {"1990-01-01"}, "gender": {"female"}, "city": {"上海"}}
	for range 2 { // a double click
		if res, _ = visit(t, a, http.MethodPost, address, form, "en"); res.Code != http.StatusSeeOther && res.Code != http.StatusOK {
			t.Fatalf("%d", res.Code)
		}
	}
	r, err := a.Result(t.Context(), app.ID)
	if err != nil || r.Facts != (verifier.Facts{Issuer: Name, Level: 3, Document: "X 1234", BirthDate: "1990-01-01", Gender: "female", City: "上海"}) {
		t.Errorf("%v, %v", r.State, err)
	}
	if _, text := visit(t, a, http.MethodGet, address+"&done=verified", nil, "en"); !strings.Contains(text, "Confirmed") || strings.Contains(text, "<form") {
		t.Errorf("the page says\n%s", text)
	}
	if res, _ := visit(t, a, http.MethodGet, stylePath, nil, ""); res.Header().Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("the style sheet: %v", res.Header())
	}
}

func TestStudentsOnThePage(t *testing.T) {
	t.Parallel()
	h := harness(t)
	a := h.Verifier.(*Authority)
	app := h.New(verifier.Student)
	address, err := a.Start(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	if res, _ := visit(t, a, http.MethodPost, address, url.Values{"action": {"approve"}, "of": {"ZJU"}, "until": {"2027-06-30"}}, "en"); res.Code != http.StatusSeeOther {
		t.Fatalf("%d", res.Code)
	}
	r, err := a.Result(t.Context(), app.ID)
	if err != nil || r.Facts.Of != "ZJU" || !r.Facts.Until.Equal(time.Date(2027, 6, 30, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%v, %v", r.State, err)
	}
}

func TestOnlyItsTokenOpensAPage(t *testing.T) {
	t.Parallel()
	h := harness(t)
	a := h.Verifier.(*Authority)
	app, other := h.New(verifier.Identity), h.New(verifier.Identity)
	address, err := a.Start(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := a.Start(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(foreign, "?")
	for _, bad := range []string{
		authorityPath + app.ID, authorityPath + app.ID + "?token=", authorityPath + app.ID + "?" + token, address + "0", address[:len(address)-1],
		authorityPath + "nothing?" + token, authorityPath + "%ff%00?" + token,
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if res, _ := visit(t, a, method, bad, url.Values{"action": {"refuse"}}, "en"); res.Code != http.StatusNotFound {
				t.Errorf("%s %s: %d", method, bad, res.Code)
			}
		}
	}
	if r, err := a.Result(t.Context(), app.ID); err != nil || r.State != verifier.Pending {
		t.Errorf("%v, %v", r.State, err)
	}
	if res, _ := visit(t, a, http.MethodPost, address, url.Values{"action": {"steal"}}, "en"); res.Code != http.StatusBadRequest {
		t.Errorf("an unknown action: %d", res.Code)
	}
}
