package email

import (
	"crypto/x509"
	"strings"
	"testing"

	"lifecircle/internal/identity/verifier/email/smtptest"
)

var sample = Mail{To: "a@wutong.edu.cn", Subject: "验证码: X", Text: "你好\n.\nQUIT\n"}

func newSMTP(t testing.TB, address string) *SMTP {
	t.Helper()
	s, err := NewSMTP(address, "Life Circle <no-reply@circle.example>")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAMailArrivesAsItWasWritten(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Options{})
	if err := newSMTP(t, "smtp://"+server.Addr).Send(t.Context(), sample); err != nil {
		t.Fatal(err)
	}
	m := <-server.Mails
	subject, text, err := m.Read()
	if err != nil || subject != sample.Subject || text != sample.Text || m.From != "no-reply@circle.example" || m.To != sample.To || m.TLS {
		t.Errorf("%+v, %q %q, %v", m, subject, text, err)
	}
}

// Where TLS is offered nothing but the greeting travels without it.
func TestMailsAndPasswordsTravelEncrypted(t *testing.T) {
	t.Parallel()
	config, certificate := smtptest.Certificate(t)
	server := smtptest.Start(t, smtptest.Options{TLS: config, User: "mailer", Password: "geheim"})
	s := newSMTP(t, "smtp://mailer:geheim@"+server.Addr)
	if err := s.Send(t.Context(), sample); err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("a server that nobody knows: %v", err)
	}
	s.tls.RootCAs = x509.NewCertPool()
	s.tls.RootCAs.AppendCertsFromPEM(certificate)
	if err := s.Send(t.Context(), sample); err != nil {
		t.Fatal(err)
	}
	m := <-server.Mails
	if _, text, err := m.Read(); err != nil || text != sample.Text || !m.TLS || len(server.Mails) != 0 {
		t.Errorf("%+v, %v, and %d more", m, err, len(server.Mails))
	}
	for line := range strings.Lines(server.Heard()) {
		if !strings.HasPrefix(line, "EHLO ") && line != "STARTTLS\n" && line != "QUIT\n" {
			t.Errorf("in the clear: %q", line)
		}
	}
	wrong := newSMTP(t, "smtp://mailer:falsch@"+server.Addr)
	wrong.tls.RootCAs = s.tls.RootCAs
	if err := wrong.Send(t.Context(), sample); err == nil || strings.Contains(err.Error(), "falsch") || len(server.Mails) != 0 {
		t.Errorf("with another password: %v", err)
	}
}

func TestMailServersAreSafeOrHere(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"smtp://u:p@mail.example:587": true, "smtps://mail.example": true, "smtp://localhost:1025": true,
		"mail.example": false, "http://mail.example": false, "smtp://": false, "smtp://mail.example/path": false,
	} {
		if _, err := NewSMTP(address, "a@b.example"); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		} else if err != nil && strings.Contains(err.Error(), "u:p") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
	if _, err := NewSMTP("smtps://mail.example", "nobody"); err == nil {
		t.Error("a sender that is no address")
	}
	s, err := NewSMTP("smtp://mail.example", "a@b.example")
	if err != nil || s.plain {
		t.Errorf("mail leaves the machine without TLS: %v", err)
	}
}
