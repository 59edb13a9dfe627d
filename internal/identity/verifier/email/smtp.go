package email

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"net/url"
	"strings"
	"time"
)

const sendTime = 10 * time.Second // one mail, connecting included

// SMTP sends mails through a server.
type SMTP struct {
	from   mail.Address
	host   string // and port
	name   string // of the server, as its certificate says
	auth   smtp.Auth
	always bool // TLS from the first byte; else STARTTLS
	plain  bool // neither: the server is on this machine
	tls    *tls.Config
}

// NewSMTP reads an address like smtp://user:password@host:587, where TLS must be
// offered (but by a server on this machine), or smtps://host:465.
func NewSMTP(address, from string) (*SMTP, error) {
	sender, err := mail.ParseAddress(from)
	if err != nil {
		return nil, errors.New("the sender of mails is not an address like \"Life Circle <no-reply@example.org>\"")
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("the mail server is not a URL like smtp://user:password@mail.example.org:587") // without the password
	}
	s := &SMTP{from: *sender, host: u.Host, name: u.Hostname(), always: u.Scheme == "smtps"}
	if u.Port() == "" {
		port := "587"
		if s.always {
			port = "465"
		}
		s.host = net.JoinHostPort(s.name, port)
	}
	s.plain = !s.always && (s.name == "localhost" || net.ParseIP(s.name).IsLoopback())
	if password, ok := u.User.Password(); ok {
		s.auth = smtp.PlainAuth("", u.User.Username(), password, s.name)
	}
	s.tls = &tls.Config{ServerName: s.name, MinVersion: tls.VersionTLS12}
	return s, nil
}

// Send implements Mailer.
func (s *SMTP) Send(ctx context.Context, m Mail) (err error) {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.host)
	if err != nil {
		return fmt.Errorf("reach the mail server: %w", err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if s.always {
		conn = tls.Client(conn, s.tls)
	}
	c, err := smtp.NewClient(conn, s.name)
	if err != nil {
		return fmt.Errorf("greet the mail server: %w", err)
	}
	defer func() { _ = c.Close() }()
	if err := s.secure(c); err != nil {
		return err
	}
	if err := s.hand(c, m); err != nil {
		return fmt.Errorf("hand over a mail: %w", err)
	}
	return nil
}

var errPlain = errors.New("the mail server offers no TLS")

func (s *SMTP) secure(c *smtp.Client) error {
	offered, _ := c.Extension("STARTTLS")
	switch {
	case !s.always && offered:
		if err := c.StartTLS(s.tls); err != nil {
			return fmt.Errorf("speak TLS to the mail server: %w", err)
		}
	case !s.always && !s.plain:
		return errPlain
	}
	if s.auth == nil {
		return nil
	}
	if err := c.Auth(s.auth); err != nil {
		return fmt.Errorf("sign in to the mail server: %w", err)
	}
	return nil
}

func (s *SMTP) hand(c *smtp.Client, m Mail) error {
	if err := c.Mail(s.from.Address); err != nil {
		return err
	}
	if err := c.Rcpt(m.To); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	_, domain, _ := strings.Cut(s.from.Address, "@")
	if _, err := w.Write(m.bytes(s.from, strings.ToLower(rand.Text())+"@"+domain, time.Now())); err != nil {
		return errors.Join(err, w.Close())
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}
