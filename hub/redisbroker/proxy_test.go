package redisbroker_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// proxies stand between brokers and their servers, one before each. They keep
// every so many messages of subscriptions to themselves and pass on the rest.
type proxies struct {
	every   int64
	seen    atomic.Int64
	dropped atomic.Int64

	mu     sync.Mutex
	t      testing.TB
	before map[string]string // addresses of proxies by that of the server
	open   []io.Closer
	tasks  sync.WaitGroup
}

func newProxies(t testing.TB, every int64) *proxies {
	p := &proxies{t: t, every: every, before: make(map[string]string)}
	t.Cleanup(func() {
		p.mu.Lock()
		for _, c := range p.open {
			_ = c.Close()
		}
		p.open = nil
		p.before = nil
		p.mu.Unlock()
		p.tasks.Wait()
	})
	return p
}

// dial is a redis.Options.Dialer that goes by way of a proxy.
func (p *proxies) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.before == nil {
		return nil, net.ErrClosed
	}
	if p.before[addr] == "" {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		p.before[addr] = l.Addr().String()
		p.open = append(p.open, l)
		p.tasks.Go(func() { p.serve(l, network, addr) })
	}
	return new(net.Dialer).DialContext(ctx, "tcp", p.before[addr])
}

func (p *proxies) serve(l net.Listener, network, addr string) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		server, err := new(net.Dialer).DialContext(context.Background(), network, addr)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.open = append(p.open, client, server)
		p.mu.Unlock()
		both := func() { _, _ = client.Close(), server.Close() }
		p.tasks.Go(func() { defer both(); _, _ = io.Copy(server, client) })
		p.tasks.Go(func() { defer both(); p.filter(client, server) })
	}
}

// filter passes on whole values of the Redis protocol.
func (p *proxies) filter(client io.Writer, server io.Reader) {
	in := bufio.NewReader(server)
	for {
		raw, err := readValue(in)
		if err != nil {
			return
		}
		if bytes.Contains(raw[:min(len(raw), 20)], []byte("message\r\n")) && p.seen.Add(1)%p.every == 0 {
			p.dropped.Add(1)
			continue
		}
		if _, err := client.Write(raw); err != nil {
			return
		}
	}
}

func readValue(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	raw := []byte(line)
	n, _ := strconv.Atoi(strings.TrimSpace(line[1:])) // no number: a simple value
	switch line[0] {
	case '$':
		if n < 0 {
			return raw, nil
		}
		text := make([]byte, n+2)
		if _, err := io.ReadFull(in, text); err != nil {
			return nil, err
		}
		return append(raw, text...), nil
	case '*':
		for range n {
			part, err := readValue(in)
			if err != nil {
				return nil, err
			}
			raw = append(raw, part...)
		}
	case '+', '-', ':':
	default:
		return nil, fmt.Errorf("unknown type %q", line)
	}
	return raw, nil
}
