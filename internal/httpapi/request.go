package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lifecircle/feed"
	"lifecircle/internal/id"
)

// call is what is known of a request beside its content.
type call struct {
	id      string // named in the log and in X-Request-Id
	address string // the client's, as rate limits count it
	actor   feed.Actor
	host    string // that was asked for
	header  http.Header
	answer  http.Header // for what belongs to no body
	raw     []byte      // the body, of routes that take it as it is
	stream  *flowing    // the same, of routes that take it as it comes
}

type callKey struct{}

// callOf returns the request's call. Outside a request it is an empty one.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{}
}

func actor(ctx context.Context) feed.Actor { return callOf(ctx).actor }

// follow goes around every request but sockets: it names it, catches its
// panic, renders its error, and tells the log and the metrics how it ended.
func (s *server) follow(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start, r := time.Now(), c.Request()
		about := &call{id: id.New().String(), address: addressKey(r.RemoteAddr), host: r.Host, header: r.Header, answer: c.Response().Header()}
		c.SetRequest(r.WithContext(context.WithValue(r.Context(), callKey{}, about)))
		c.Response().Header().Set("X-Request-Id", about.id)
		defer func() {
			took, status := time.Since(start), c.Response().Status
			s.Log.DebugContext(r.Context(), "http request", slog.String("request", about.id), slog.String("method", r.Method),
				slog.String("path", r.URL.Path), slog.Int("status", status), slog.Duration("took", took), slog.String("address", about.address))
			if s.Observe != nil {
				s.Observe(Observation{Method: r.Method, Route: c.Path(), Status: status, Took: took})
			}
		}()
		handle := next
		if !s.Dev && devPath(r.URL.Path) {
			handle = s.noRoute // whatever the method: nothing shows that there is a door
		}
		err := s.caught(handle, c)
		if errors.Is(err, echo.ErrNotFound) {
			err = s.caught(s.noRoute, c)
		}
		if err != nil {
			s.refuse(c, err)
		}
		return nil
	}
}

// caught runs next and makes an error of its panic.
func (s *server) caught(next echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if v == http.ErrAbortHandler { //nolint:errorlint // compared as net/http does
			panic(v)
		}
		err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
	}()
	return next(c)
}

// withClientAddress replaces a trusted proxy's address by the one that it
// speaks for: the last in X-Forwarded-For that is no trusted proxy itself.
func (s *server) withClientAddress(r *http.Request) *http.Request {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !s.trusted(peer.Addr()) {
		return r
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	client := peer.Addr()
	for i := len(hops) - 1; i >= 0 && s.trusted(client); i-- {
		hop, err := hopAddress(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		client = hop
	}
	forwarded := *r
	forwarded.RemoteAddr = netip.AddrPortFrom(client, 0).String()
	return &forwarded
}

// hopAddress reads one entry of X-Forwarded-For, to which some proxies add the port.
func hopAddress(hop string) (netip.Addr, error) {
	if a, err := netip.ParseAddr(hop); err == nil {
		return a, nil
	}
	with, err := netip.ParseAddrPort(hop)
	return with.Addr(), err
}

func (s *server) trusted(a netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

const hostBits = 64 // of an IPv6 address: one customer has at least so many to himself

// addressKey names a client for rate limits.
func addressKey(remote string) string {
	peer, err := netip.ParseAddrPort(remote)
	if err != nil {
		host, _, _ := net.SplitHostPort(remote)
		return host
	}
	a := peer.Addr().Unmap().WithZone("")
	if a.Is6() {
		if net, err := a.Prefix(128 - hostBits); err == nil {
			return net.String()
		}
	}
	return a.String()
}
