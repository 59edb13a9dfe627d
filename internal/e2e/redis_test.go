package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"lifecircle/hub/hubtest/redisserver"
)

// redis is a redis-server behind a proxy, which can keep messages to itself.
type redis struct {
	*redisserver.Server
	network       *proxy
	seen, dropped atomic.Int64 // messages, while some are dropped
}

func startRedis(t testing.TB) *redis {
	t.Helper()
	needTool(t, "redis-server")
	r := &redis{Server: redisserver.Start(t)}
	r.network = startProxy(t, "unix", r.Socket())
	return r
}

// URL is what servers are given as REDIS_URL.
func (r *redis) URL() string { return "redis://" + r.network.address() }

// dropMessages makes Redis forget one in so many messages that were published,
// on connections made from now on. Everything else is answered, so that nobody
// notices.
func (r *redis) dropMessages(every int64) {
	r.network.carry(func(dst io.Writer, src io.Reader) error {
		in := bufio.NewReader(src)
		for {
			raw, err := readRESP(in)
			if err != nil {
				return err
			}
			if isMessage(raw) && r.seen.Add(1)%every == 0 {
				r.dropped.Add(1)
				continue
			}
			if _, err := dst.Write(raw); err != nil {
				return err
			}
		}
	})
	r.network.cut()
}

// isMessage tells whether a value is a message of a subscription, which is an
// array or a push that begins with the word.
func isMessage(raw []byte) bool {
	_, rest, _ := bytes.Cut(raw, []byte("\r\n"))
	for _, word := range []string{"$7\r\nmessage\r\n", "$8\r\nsmessage\r\n", "$8\r\npmessage\r\n"} {
		if (raw[0] == '*' || raw[0] == '>') && bytes.HasPrefix(rest, []byte(word)) {
			return true
		}
	}
	return false
}

// readRESP reads one whole value of the Redis protocol, versions 2 and 3.
func readRESP(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	raw := []byte(line)
	length, _ := strconv.Atoi(strings.TrimSpace(line[1:])) // no number: a simple value
	parts := 0
	switch line[0] {
	case '$', '=', '!':
		if length >= 0 {
			body := make([]byte, length+2)
			if _, err := io.ReadFull(in, body); err != nil {
				return nil, err
			}
			raw = append(raw, body...)
		}
	case '*', '>', '~':
		parts = length
	case '%':
		parts = 2 * length
	case '+', '-', ':', '_', '#', ',', '(':
	default:
		return nil, fmt.Errorf("unknown type %q", line)
	}
	for range max(parts, 0) {
		part, err := readRESP(in)
		if err != nil {
			return nil, err
		}
		raw = append(raw, part...)
	}
	return raw, nil
}
