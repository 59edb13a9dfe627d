package sandbox

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"lifecircle/payments/provider"
)

// visit asks for an address of the handler.
func visit(t testing.TB, b *Bank, method, address string, form url.Values, language string) (*httptest.ResponseRecorder, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://circle.example"+address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept-Language", language)
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, r)
	return w, w.Body.String()
}

func manual(t testing.TB) *Bank {
	return newBank(t, Options{Deliver: func(context.Context, http.Header, []byte) error { return nil }})
}

func TestPage(t *testing.T) {
	t.Parallel()
	b := manual(t)
	o, c := checkout(t, b, 1_234_05)
	res, text := visit(t, b, http.MethodGet, c.URL, nil, "zh-CN,zh;q=0.9,en;q=0.8")
	for _, want := range []string{`lang="zh-CN"`, "1234.05", "充值 Life Circle &amp; more", o.ID, "等待付款", `value="pay-late"`, `href="/wallet?topup=1"`, stylePath} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
	if res.Code != http.StatusOK || res.Header().Get("Cache-Control") != "no-store" || res.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("%d, %v", res.Code, res.Header())
	}
	for _, bad := range []string{"<script", "<style", "style=", "onclick"} { // default-src 'self' would refuse them
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if _, text := visit(t, b, http.MethodGet, c.URL, nil, "fr"); !strings.Contains(text, "Waiting for you") {
		t.Errorf("in French it is:\n%s", text)
	}
	if res, text := visit(t, b, http.MethodGet, stylePath, nil, ""); res.Header().Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(text, "--paper") {
		t.Errorf("the style sheet: %v", res.Header())
	}
}

func TestButtons(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]struct {
		state provider.State
		shown string
		late  bool
	}{
		"pay":      {provider.Paid, "Paid", false},
		"pay-late": {provider.Paid, "Paid", true},
		"cancel":   {provider.Failed, "Not paid", false},
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			b := manual(t)
			o, c := checkout(t, b, 900)
			for range 2 { // a double click
				res, _ := visit(t, b, http.MethodPost, c.URL, url.Values{"action": {action}}, "en")
				if to := res.Header().Get("Location"); res.Code != http.StatusSeeOther || to != c.URL {
					t.Fatalf("%d to %q", res.Code, to)
				}
			}
			if e, err := b.Payment(t.Context(), o); err != nil || e.State != want.state {
				t.Errorf("the payment is %+v, %v", e, err)
			}
			if _, text := visit(t, b, http.MethodGet, c.URL, nil, "en"); !strings.Contains(text, want.shown) || strings.Contains(text, "<form") {
				t.Errorf("the page says\n%s", text)
			}
			var due time.Time
			must(t, b.pool.QueryRow(t.Context(), `SELECT due_at FROM sandbox_notices`).Scan(&due))
			if late := time.Until(due) > lateBy/2; late != want.late {
				t.Errorf("the notice is due %s", due)
			}
		})
	}
}

func TestOnlyItsTokenOpensAPage(t *testing.T) {
	t.Parallel()
	b := manual(t)
	o, c := checkout(t, b, 900)
	_, other := checkout(t, b, 900)
	_, token, _ := strings.Cut(other.URL, "?")
	var unknown string
	for i, address := range []string{
		checkoutPath + "nothing?" + token, checkoutPath + "%ff%00?" + token, checkoutPath + o.ID, checkoutPath + o.ID + "?token=", checkoutPath + o.ID + "?" + token, c.URL + "A", c.URL[:len(c.URL)-1],
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			res, text := visit(t, b, method, address, url.Values{"action": {"pay"}}, "en")
			if i == 0 {
				unknown = text
			}
			if res.Code != http.StatusNotFound || text != unknown {
				t.Errorf("%s %s: %d", method, address, res.Code)
			}
		}
	}
	if e, err := b.Payment(t.Context(), o); err != nil || e.State != provider.Pending {
		t.Errorf("the payment is %+v, %v", e, err)
	}
	if res, _ := visit(t, b, http.MethodPost, c.URL, url.Values{"action": {"steal"}}, "en"); res.Code != http.StatusBadRequest {
		t.Errorf("an unknown action: %d", res.Code)
	}
}

func TestOnlyOurOwnPathsAreLinkedTo(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"/wallet?x=1":                     "/wallet?x=1",
		"https://circle.example/wallet":   "/wallet",
		"http://circle.example":           "/",
		"https://evil.example/wallet":     "",
		"//evil.example/wallet":           "",
		"https://circle.example//evil":    "",
		`/\evil.example`:                  "",
		"javascript:alert(1)":             "",
		"ftp://circle.example/wallet":     "",
		"wallet":                          "",
		"":                                "",
		"https://circle.example@evil.com": "",
	} {
		if got := ownPath(address, "circle.example"); got != want {
			t.Errorf("%q leads to %q, want %q", address, got, want)
		}
	}
}
