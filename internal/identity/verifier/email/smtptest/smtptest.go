// Package smtptest is a mail server for tests, over TCP on this machine: it
// speaks SMTP as far as a client that hands over a mail goes (RFC 5321), with
// STARTTLS (RFC 3207) and AUTH PLAIN (RFC 4954), and delivers nothing.
package smtptest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"math/big"
	"mime"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options are what a server may be told.
type Options struct {
	TLS            *tls.Config // nil: none is offered; else mails are taken after STARTTLS only
	User, Password string      // empty: nobody has to sign in
}

// Mail is one that the server took.
type Mail struct {
	From, To string
	Data     []byte // headers and body, with CRLF
	TLS      bool   // it came encrypted
}

const maxWaiting = 64 // mails that no test has looked at; the next sender waits

// Server is a mail server at work until its test ends.
type Server struct {
	Addr  string    // host:port
	Mails chan Mail // what was taken, in order

	o        Options
	listener net.Listener
	serving  sync.WaitGroup

	mu    sync.Mutex // guards what follows
	conns map[net.Conn]bool
	heard strings.Builder
}

// Start runs a server on a free port of 127.0.0.1.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: l.Addr().String(), Mails: make(chan Mail, maxWaiting), o: o, listener: l, conns: map[net.Conn]bool{}}
	s.serving.Go(s.accept)
	t.Cleanup(s.close)
	return s
}

// Heard is every command that came in the clear.
func (s *Server) Heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard.String()
}

func (s *Server) close() {
	_ = s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.serving.Wait()
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.mu.Unlock()
		s.serving.Go(func() {
			(&session{s: s, conn: conn, text: textproto.NewConn(conn)}).serve()
			_ = conn.Close()
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		})
	}
}

// session is one client.
type session struct {
	s      *Server
	conn   net.Conn
	text   *textproto.Conn
	secure bool
	known  bool // signed in
	mail   Mail
}

func (c *session) serve() {
	c.say("220 test.invalid ESMTP")
	for {
		line, err := c.text.ReadLine()
		if err != nil {
			return
		}
		if !c.secure {
			c.s.mu.Lock()
			c.s.heard.WriteString(line + "\n")
			c.s.mu.Unlock()
		}
		verb, rest, _ := strings.Cut(line, " ")
		if verb = strings.ToUpper(verb); verb == "QUIT" {
			c.say("221 bye")
			return
		}
		if !c.obey(verb, rest) {
			return
		}
	}
}

func (c *session) say(line string) { _ = c.text.PrintfLine("%s", line) } // a lost client is noticed when it is read

// obey does one command, and tells whether the client is still there.
func (c *session) obey(verb, rest string) bool {
	switch {
	case verb == "EHLO":
		c.greet()
	case verb == "HELO", verb == "NOOP", verb == "RSET":
		c.mail = Mail{}
		c.say("250 fine")
	case verb == "STARTTLS" && c.s.o.TLS != nil && !c.secure:
		return c.encrypt()
	case c.s.o.TLS != nil && !c.secure:
		c.say("530 5.7.0 Must issue a STARTTLS command first")
	case verb == "AUTH":
		c.signIn(rest)
	case c.s.o.User != "" && !c.known:
		c.say("530 5.7.0 Authentication required")
	default:
		c.take(verb, rest)
	}
	return true
}

func (c *session) greet() {
	c.say("250-test.invalid")
	if c.s.o.TLS != nil && !c.secure {
		c.say("250-STARTTLS")
	} else if c.s.o.User != "" {
		c.say("250-AUTH PLAIN")
	}
	c.say("250 SIZE 1000000")
}

func (c *session) encrypt() bool {
	c.say("220 go ahead")
	secure := tls.Server(c.conn, c.s.o.TLS)
	if err := secure.Handshake(); err != nil {
		return false
	}
	c.conn, c.text, c.secure = secure, textproto.NewConn(secure), true
	return true
}

func (c *session) signIn(how string) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(how, "PLAIN "))
	c.known = err == nil && c.s.o.User != "" && string(raw) == "\x00"+c.s.o.User+"\x00"+c.s.o.Password
	if c.known {
		c.say("235 2.7.0 known")
		return
	}
	c.say("535 5.7.8 not known")
}

func (c *session) take(verb, rest string) {
	switch {
	case verb == "MAIL" && c.mail.From == "":
		c.mail.From = address(rest)
		c.say("250 fine")
	case verb == "RCPT" && c.mail.From != "" && c.mail.To == "":
		c.mail.To = address(rest)
		c.say("250 fine")
	case verb == "DATA" && c.mail.To != "":
		c.say("354 go on")
		data, err := io.ReadAll(c.text.DotReader())
		if err != nil {
			return
		}
		c.mail.Data, c.mail.TLS = data, c.secure
		c.s.Mails <- c.mail
		c.mail = Mail{}
		c.say("250 taken")
	default:
		c.say("503 5.5.1 not now")
	}
}

func address(rest string) string {
	_, rest, _ = strings.Cut(rest, "<")
	inside, _, _ := strings.Cut(rest, ">")
	return inside
}

// Read returns the subject and the text of a mail whose body is base64.
func (m Mail) Read() (subject, text string, err error) {
	read, err := mail.ReadMessage(bytes.NewReader(m.Data))
	if err != nil {
		return "", "", err
	}
	if subject, err = (&mime.WordDecoder{}).DecodeHeader(read.Header.Get("Subject")); err != nil {
		return "", "", err
	}
	body, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, read.Body))
	return subject, string(body), err
}

// Certificate makes one for 127.0.0.1 that nobody knows; certificate is its PEM
// form, for those who are to trust it.
func Certificate(t testing.TB) (server *tls.Config, certificate []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
