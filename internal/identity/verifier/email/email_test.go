package email

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/identity/verifier/verifiertest"
	"lifecircle/internal/pgtest"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const address = "zhang+x@mail.Wutong.edu.cn"

type world struct {
	verifiertest.Harness
	loop  *Loop
	mails *Catcher
}

func newWorld(t testing.TB, limiter ratelimit.Limiter) world {
	t.Helper()
	pool := pgtest.New(t)
	exec(t, pool, `INSERT INTO domains (domain, kind, name) VALUES ('wutong.edu.cn', 'school', '梧桐大学'), ('med.wutong.edu.cn', 'school', '医学院'), ('wutong.com', 'company', '梧桐科技')`)
	keys, err := verifier.LoadKeys(t.Context(), pool, "")
	if err != nil {
		t.Fatal(err)
	}
	mails, err := NewCatcher(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	loop, err := New(pool, keys, Options{Mailer: mails, Limiter: limiter, BaseURL: "https://circle.example/", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	w := world{loop: loop, mails: mails}
	w.Harness = verifiertest.Harness{
		Verifier: loop, Pool: pool,
		Claim: func(k verifier.Kind) verifier.Claim {
			if k == verifier.Student {
				return verifier.Claim{Email: address}
			}
			return verifier.Claim{Email: "zhang@wutong.com"}
		},
		Confirm: func(ctx context.Context, a verifier.Application) error {
			right, err := loop.Confirm(ctx, a.ID, w.codeOf(a.ID))
			if err == nil && !right {
				return errors.New("the code is not right")
			}
			return err
		},
		Refuse: func(ctx context.Context, a verifier.Application) error {
			for range verifier.MaxTries {
				if right, err := loop.Confirm(ctx, a.ID, "AAAAA-AAAAA"); err != nil || right {
					return err
				}
			}
			return nil
		},
	}
	return w
}

func exec(t testing.TB, pool *pgxpool.Pool, sql string) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

var codePattern = regexp.MustCompile(`[?&]code=([A-Z2-7]+)`)

// codeOf finds the code in the mail about a case.
func (w world) codeOf(id string) string {
	for _, m := range w.mails.Mails() {
		if found := codePattern.FindStringSubmatch(m.Text); found != nil && strings.Contains(m.Text, id) {
			return found[1]
		}
	}
	return "none"
}

func TestContract(t *testing.T) {
	t.Parallel()
	verifiertest.Run(t, func(t *testing.T) verifiertest.Harness {
		h := newWorld(t, nil).Harness
		if strings.HasSuffix(t.Name(), "many") { // wrong tries of one are those of another
			confirm := h.Confirm
			h.Refuse = func(ctx context.Context, a verifier.Application) error { return confirm(ctx, a) }
		}
		return h
	})
}

func TestOneMailSaysWhoAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.New(verifier.Student)
	for range 3 {
		if _, err := w.loop.Start(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	mails := w.mails.Mails()
	if len(mails) != 1 || mails[0].To != strings.ToLower(address) || !strings.Contains(mails[0].Text, "@zhang") || !strings.Contains(mails[0].Text, "梧桐大学") {
		t.Fatalf("%d mails: %+v", len(mails), mails)
	}
	if right, err := w.loop.Confirm(t.Context(), a.ID, strings.ToLower(w.codeOf(a.ID))+" "); err != nil || !right {
		t.Fatalf("%v, %v", right, err)
	}
	r, err := w.loop.Result(t.Context(), a.ID)
	want := verifier.Facts{Issuer: "email:mail.wutong.edu.cn", Mailbox: "zhang@mail.wutong.edu.cn", Of: "梧桐大学"}
	if err != nil || r.Facts != want {
		t.Errorf("%v, %q of %q, %v", r.State, r.Facts.Issuer, r.Facts.Of, err)
	}
}

func TestCodesAreKeptAsHashesAndFewMayBeWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.New(verifier.Student)
	if _, err := w.loop.Start(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	code := w.codeOf(a.ID)
	var row string
	if err := w.Pool.QueryRow(t.Context(), `SELECT c::text || encode(code_hash, 'escape') FROM verifier_cases c`).Scan(&row); err != nil || strings.Contains(row, code) {
		t.Errorf("%s, %v", row, err)
	}
	for range verifier.MaxTries {
		if right, err := w.loop.Confirm(t.Context(), a.ID, "x"); right || err != nil {
			t.Fatalf("%v, %v", right, err)
		}
	}
	if right, err := w.loop.Confirm(t.Context(), a.ID, code); right || !errors.Is(err, verifier.ErrDecided) {
		t.Errorf("the right code afterwards: %v, %v", right, err)
	}
	if r, err := w.loop.Result(t.Context(), a.ID); err != nil || r.Reason != verifier.TooManyTries {
		t.Errorf("%v, %v", r.Reason, err)
	}
}

func TestWhoseMailbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for email, want := range map[string]problem.Code{
		"a@wutong.edu.cn": "", "a@MED.wutong.edu.cn": "", "a@x.y.wutong.edu.cn": "",
		"a@wutong.com": problem.DomainUnknown, "a@notwutong.edu.cn": problem.DomainUnknown, "a@edu.cn": problem.DomainUnknown, "a@wutong.edu.cn.evil.com": problem.DomainUnknown,
		"": problem.ClaimUnsuitable, "wutong.edu.cn": problem.ClaimUnsuitable, "A <a@wutong.edu.cn>": problem.ClaimUnsuitable, "a@wutong.edu.cn, b@evil.com": problem.ClaimUnsuitable,
		"a@wutong.edu.cn\r\nBcc: b@evil.com": problem.ClaimUnsuitable, `"a b"@wutong.edu.cn`: problem.ClaimUnsuitable, "ä@wutong.edu.cn": problem.ClaimUnsuitable,
		"a@[127.0.0.1]": problem.ClaimUnsuitable, strings.Repeat("a", 260) + "@wutong.edu.cn": problem.ClaimUnsuitable,
	} {
		a := w.New(verifier.Student)
		a.Claim.Email = email
		err := w.loop.Check(t.Context(), a)
		if p := problem.From(err); (err == nil) != (want == "") || want != "" && (p == nil || p.Code != want) {
			t.Errorf("%q: %v, want %q", email, err, want)
		}
	}
	of, err := w.loop.domainOf(t.Context(), "a@med.wutong.edu.cn", verifier.Student)
	if err != nil || of.name != "医学院" {
		t.Errorf("the longest domain: %+v, %v", of, err)
	}
}

func TestAMailboxGetsFewCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ratelimit.NewMemory(100, time.Now))
	a := w.New(verifier.Student)
	for i := range ratelimit.VerificationMails.Rate.Burst {
		if err := w.loop.Check(t.Context(), a); err != nil {
			t.Fatalf("mail %d: %v", i, err)
		}
	}
	a.Claim.Email = "ZHANG+y@mail.wutong.edu.cn" // the same mailbox
	if err := w.loop.Check(t.Context(), a); !problem.Has(err, problem.RateLimited) {
		t.Errorf("one too many: %v", err)
	}
}

func TestThePageTakesTheCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.New(verifier.Student)
	page, err := w.loop.Start(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	visit := func(method, address, code string) (*httptest.ResponseRecorder, string) {
		r := httptest.NewRequestWithContext(t.Context(), method, "http://circle.example"+address, strings.NewReader(url.Values{"code": {code}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res := httptest.NewRecorder()
		w.loop.Handler().ServeHTTP(res, r)
		return res, res.Body.String()
	}
	code := w.codeOf(a.ID)
	if res, text := visit(http.MethodGet, page+"&code="+code, ""); res.Code != http.StatusOK || !strings.Contains(text, code) || !strings.Contains(text, "@zhang") || strings.Contains(text, "style=") {
		t.Errorf("%d\n%s", res.Code, text)
	}
	if r, err := w.loop.Result(t.Context(), a.ID); err != nil || r.State != verifier.Pending {
		t.Errorf("opening the link decided: %v, %v", r.State, err)
	}
	for _, bad := range []string{page[:len(page)-1], strings.Split(page, "?")[0], pagePath + "x?token="} {
		if res, _ := visit(http.MethodPost, bad, code); res.Code != http.StatusNotFound {
			t.Errorf("%s: %d", bad, res.Code)
		}
	}
	if res, text := visit(http.MethodPost, page, "WRONG"); res.Code != http.StatusUnprocessableEntity || !strings.Contains(text, "not the code") {
		t.Errorf("%d\n%s", res.Code, text)
	}
	if res, _ := visit(http.MethodPost, page, code); res.Code != http.StatusSeeOther {
		t.Errorf("%d", res.Code)
	}
	if res, text := visit(http.MethodGet, page+"&done=1", ""); res.Code != http.StatusOK || !strings.Contains(text, "Thank you") {
		t.Errorf("%d\n%s", res.Code, text)
	}
	res := httptest.NewRecorder()
	w.mails.Handler().ServeHTTP(res, httptest.NewRequestWithContext(t.Context(), http.MethodGet, mailsPath, nil))
	if res.Code != http.StatusOK || !strings.Contains(res.Body.String(), code) {
		t.Errorf("caught mails: %d\n%s", res.Code, res.Body)
	}
}

func TestALostMailIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.loop.o.Mailer = broken{}
	a := w.New(verifier.Student)
	if _, err := w.loop.Start(t.Context(), a); err == nil {
		t.Fatal("started without a mail")
	}
	w.loop.o.Mailer = w.mails
	if _, err := w.loop.Start(t.Context(), a); err != nil || len(w.mails.Mails()) != 1 {
		t.Errorf("%v, %d mails", err, len(w.mails.Mails()))
	}
}

type broken struct{}

func (broken) Send(context.Context, Mail) error { return errors.New("no mail today") }
