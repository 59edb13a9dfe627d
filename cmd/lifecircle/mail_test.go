package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"lifecircle/internal/identity/verifier/email/smtptest"
)

// visitor uses a server as a browser does, and keeps all that it was answered.
type visitor struct {
	t      *testing.T
	server string
	token  string
	seen   strings.Builder
}

func (v *visitor) send(method, path, kind, body string) (status int, answer string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.server+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if v.token != "" {
		req.Header.Set("Authorization", "Bearer "+v.token)
	}
	resp, err := http.DefaultTransport.RoundTrip(req) // redirects are looked at, not followed
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if err := resp.Header.Write(&v.seen); err != nil {
		v.t.Fatal(err)
	}
	v.seen.Write(raw)
	return resp.StatusCode, string(raw)
}

// field returns a field of an answer, by its name.
func (v *visitor) field(body, name string) string {
	v.t.Helper()
	m := regexp.MustCompile(`"` + name + `":"([^"]*)"`).FindStringSubmatch(body)
	if m == nil {
		v.t.Fatalf("no %s in %s", name, body)
	}
	return m[1]
}

var codeInMail = regexp.MustCompile(`&code=([A-Z2-7]{10})`)

// TestACodeGoesByMailOnly has a student confirm a mailbox at a server with a
// mail server of its own: the code is in the mail, and nowhere else.
func TestACodeGoesByMailOnly(t *testing.T) {
	t.Parallel()
	config, certificate := smtptest.Certificate(t)
	mails := smtptest.Start(t, smtptest.Options{TLS: config, User: "mailer", Password: "geheim"})
	trusted := filepath.Join(t.TempDir(), "mail.pem")
	if err := os.WriteFile(trusted, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := dataDir(t)
	p := begin(t, []string{
		"SSL_CERT_FILE=" + trusted, "LIFECIRCLE_SMTP_URL=smtp://mailer:geheim@" + mails.Addr,
		"LIFECIRCLE_MAIL_FROM=Life Circle <no-reply@circle.example>", "LIFECIRCLE_PUBLIC_URL=https://circle.example",
	}, "serve", "--listen=127.0.0.1:0", "--drain=200ms", "--log-level=debug", "--dev", "--data-dir="+dir)
	v := &visitor{t: t, server: p.address(t)}
	if done := runToEnd(t, nil, "staff", "domains", "add", "wutong.edu.cn", "--kind=school", "--name=梧桐大学", "--data-dir="+dir); done.status != 0 {
		t.Fatal(done.errs.String())
	}
	const asJSON, asForm = "application/json", "application/x-www-form-urlencoded"
	_, made := v.send("POST", "/v1/dev/users", asJSON, `{"count":1}`)
	v.token = v.field(made, "access_token")
	_, applied := v.send("POST", "/v1/me/verifications", asJSON, `{"kind":"student","email":"zhang@wutong.edu.cn"}`)
	page := strings.ReplaceAll(v.field(applied, "url"), `\u0026`, "&")

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var mail smtptest.Mail
	select {
	case mail = <-mails.Mails:
	case <-ctx.Done():
		t.Fatalf("no mail comes; the server said:\n%s", &p.errs)
	}
	_, text, err := mail.Read()
	found := codeInMail.FindStringSubmatch(text)
	if err != nil || found == nil || !mail.TLS || mail.To != "zhang@wutong.edu.cn" || !strings.Contains(text, "https://circle.example/verify/email/") {
		t.Fatalf("%+v\n%s\n%v", mail, text, err)
	}
	code := found[1]
	if status, filled := (&visitor{t: t, server: v.server}).send("GET", page+"&code="+code, asForm, ""); status != 200 || !strings.Contains(filled, code) {
		t.Errorf("the mail's link: %d %s", status, filled) // who has it has the code
	}
	for path, want := range map[string]int{page: 200, "/v1/me/verifications": 200, "/sandbox/mail": 404} {
		if status, body := v.send("GET", path, asJSON, ""); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, body := v.send("POST", page, asForm, url.Values{"code": {code}}.Encode()); status != http.StatusSeeOther {
		t.Errorf("the code is not taken: %d %s", status, body)
	}
	if _, body := v.send("GET", "/v1/me/verifications", asJSON, ""); !strings.Contains(body, `"issuer":"email:wutong.edu.cn"`) || !strings.Contains(body, "梧桐大学") {
		t.Errorf("not verified: %s", body)
	}
	for where, all := range map[string]string{"an answer": v.seen.String(), "the log": p.errs.String() + p.out.String()} {
		for _, secret := range []string{code, code[:5] + "-" + code[5:], strings.ToLower(code), "geheim"} {
			if i := strings.Index(all, secret); i >= 0 {
				t.Errorf("%q is in %s: %.300q", secret, where, all[max(0, i-150):])
			}
		}
	}
	if p.errs.String() == "" {
		t.Error("the log is empty")
	}
}

// TestADevelopersMailsAreCaught: without a mail server, --dev shows mails on a
// page of its own, and everybody else verifies no mailboxes.
func TestADevelopersMailsAreCaught(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	p, server := serve(t, dir, "--dev", "--log-level=debug")
	if done := runToEnd(t, nil, "staff", "domains", "add", "wutong.edu.cn", "--kind=school", "--name=梧桐大学", "--data-dir="+dir); done.status != 0 {
		t.Fatal(done.errs.String())
	}
	v := &visitor{t: t, server: server}
	_, made := v.send("POST", "/v1/dev/users", "application/json", `{"count":1}`)
	v.token = v.field(made, "access_token")
	_, applied := v.send("POST", "/v1/me/verifications", "application/json", `{"kind":"student","email":"zhang@wutong.edu.cn"}`)
	said := v.seen.String()
	status, caught := v.send("GET", "/sandbox/mail", "application/json", "")
	found := regexp.MustCompile(`code=([A-Z2-7]{10})`).FindStringSubmatch(caught)
	if status != 200 || found == nil || !strings.Contains(caught, "zhang@wutong.edu.cn") {
		t.Fatalf("%d %s", status, caught)
	}
	if strings.Contains(said+p.errs.String()+p.out.String(), found[1]) {
		t.Errorf("the code is in an answer or the log: %s", applied)
	}
}
