package swarm

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the handshake is defined with it
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxResponseBytes = 16 << 10 // the head of the answer to the upgrade
	maxDetailBytes   = 200      // of a refusal's body, for its error

	acceptSalt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" // RFC 6455

	deflateOffer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
)

// handshake is what a connection needs until it is open.
type handshake struct {
	request     []byte
	accept      string // the Sec-WebSocket-Accept that is due
	subprotocol string
	compress    bool // was offered
	opened      func(*Conn, error)
}

// newHandshake writes the request for the target.
func newHandshake(u *url.URL, t *Target, opened func(*Conn, error)) *handshake {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	key := base64.StdEncoding.EncodeToString(nonce[:])
	h := &handshake{accept: acceptOf(key), subprotocol: t.Subprotocol, compress: t.Compress, opened: opened}
	b := make([]byte, 0, 256)
	b = append(append(b, "GET "...), u.RequestURI()...)
	b = append(append(b, " HTTP/1.1\r\nHost: "...), u.Host...)
	b = append(b, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "...)
	b = append(append(b, key...), "\r\n"...)
	if t.Subprotocol != "" {
		b = appendHeader(b, "Sec-WebSocket-Protocol", t.Subprotocol)
	}
	if t.Compress {
		b = appendHeader(b, "Sec-WebSocket-Extensions", deflateOffer)
	}
	for name, values := range t.Header {
		for _, v := range values {
			b = appendHeader(b, name, v)
		}
	}
	h.request = append(b, "\r\n"...)
	return h
}

var lineBreaks = strings.NewReplacer("\r", " ", "\n", " ")

func appendHeader(b []byte, name, value string) []byte {
	b = append(append(b, lineBreaks.Replace(name)...), ": "...)
	return append(append(b, lineBreaks.Replace(value)...), "\r\n"...)
}

func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + acceptSalt)) //nolint:gosec // see the import
	return base64.StdEncoding.EncodeToString(sum[:])
}

// answer is the head of the server's answer.
type answer struct {
	status                                        int
	upgrade, connection, accept, protocol, extend string
	retryAfter                                    string
}

// readAnswer takes the head off b. done is false while it is not complete.
func (h *handshake) readAnswer(b []byte) (a answer, rest []byte, done bool, err error) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		if len(b) > maxResponseBytes {
			return a, nil, false, fmt.Errorf("%w: the answer to the handshake has no end", ErrProtocol)
		}
		return a, b, false, nil
	}
	status, lines, _ := strings.Cut(string(b[:end]), "\r\n")
	version, code, _ := strings.Cut(status, " ")
	a.status, err = strconv.Atoi(code[:min(3, len(code))])
	if err != nil || !strings.HasPrefix(version, "HTTP/1.") {
		return a, nil, false, fmt.Errorf("%w: the handshake was answered with %q", ErrProtocol, status[:min(len(status), maxDetailBytes)])
	}
	for line := range strings.SplitSeq(lines, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		a.set(name, strings.TrimSpace(value))
	}
	return a, b[end+4:], true, nil
}

func (a *answer) set(name, value string) {
	switch {
	case strings.EqualFold(name, "Upgrade"):
		a.upgrade = value
	case strings.EqualFold(name, "Connection"):
		a.connection = value
	case strings.EqualFold(name, "Sec-WebSocket-Accept"):
		a.accept = value
	case strings.EqualFold(name, "Sec-WebSocket-Protocol"):
		a.protocol = value
	case strings.EqualFold(name, "Sec-WebSocket-Extensions"):
		a.extend = value
	case strings.EqualFold(name, "Retry-After"):
		a.retryAfter = value
	}
}

// check says whether the answer opens the connection, and whether it is compressed then.
func (h *handshake) check(a answer, body []byte) (compressed bool, err error) {
	refuse := func(detail string) (bool, error) {
		return false, &HandshakeError{Status: a.status, RetryAfter: retryAfter(a.retryAfter), Detail: detail}
	}
	switch {
	case a.status != http.StatusSwitchingProtocols:
		return refuse(strings.TrimSpace(string(body[:min(len(body), maxDetailBytes)])))
	case !strings.EqualFold(a.upgrade, "websocket") || !strings.Contains(strings.ToLower(a.connection), "upgrade"):
		return refuse("it is no upgrade to websocket")
	case a.accept != h.accept:
		return refuse("Sec-WebSocket-Accept does not fit the key")
	case a.protocol != h.subprotocol:
		return refuse(fmt.Sprintf("the sub-protocol is %q, not %q", a.protocol, h.subprotocol))
	case a.extend == "":
		return false, nil
	case !h.compress || !strings.HasPrefix(a.extend, "permessage-deflate"):
		return refuse("an extension that was not offered: " + a.extend)
	case !strings.Contains(a.extend, "server_no_context_takeover"):
		return refuse("compression with context takeover")
	}
	return true, nil
}

func retryAfter(value string) time.Duration {
	seconds, err := strconv.Atoi(value)
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
