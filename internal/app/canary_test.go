package app

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/hubtest/redisserver"
	"lifecircle/hub/wire"
	"lifecircle/internal/config"
	"lifecircle/internal/httpapi"
	"lifecircle/internal/pgtest"
)

// perch is a canary at a hub of its own.
type perch struct {
	*canary
	node *hub.Node
	logs *strings.Builder
}

func newPerch(t *testing.T, address string, broker hub.Broker) perch {
	t.Helper()
	l, err := listen(t.Context(), "--listen", address)
	if err != nil {
		t.Skipf("no listener at %s here: %v", address, err)
	}
	logs := &strings.Builder{}
	c := newCanary(l.Addr(), slog.New(slog.NewTextHandler(logs, nil)))
	node := hubtest.RunNode(t, hub.Options{Handler: canaryDoor{hubtest.Open{}, c}, Broker: broker, Logger: slog.New(slog.DiscardHandler)})
	c.node = node
	mux := http.NewServeMux()
	mux.Handle("/connection/websocket", node)
	server := &http.Server{Handler: mux} //nolint:gosec // nobody attacks a test
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() { _ = server.Close(); serving.Wait() })
	return perch{c, node, logs}
}

func TestTheCanaryFindsTheNodeWhereverItListens(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:0", "0.0.0.0:0", "[::]:0", "[::1]:0", ":0", "localhost:0"} {
		p := newPerch(t, address, nil)
		if took, err := p.round(t.Context()); err != nil || took <= 0 {
			t.Errorf("at %s: %v after %s", address, err, took)
		}
		if n := p.clients.Load(); n != 0 {
			t.Errorf("at %s: %d connections are left", address, n)
		}
	}
}

// deaf is a broker that loses publications, or refuses them, when it is told to.
type deaf struct {
	hub.Broker
	mu     sync.Mutex
	lose   int   // guarded by mu; so many more
	refuse error // guarded by mu
}

func (d *deaf) set(lose int, refuse error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lose, d.refuse = lose, refuse
}

func (d *deaf) Publish(ctx context.Context, channel string, p hub.Publication) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.refuse != nil:
		return d.refuse
	case d.lose > 0:
		d.lose--
		return nil
	}
	return d.Broker.Publish(ctx, channel, p)
}

// TestTheCanaryNoticesWhatItIsThereFor: it is silent while news travels, and
// says once that it does not, and once that it does again.
func TestTheCanaryNoticesWhatItIsThereFor(t *testing.T) {
	t.Parallel()
	broker := &deaf{Broker: hub.NewMemoryBroker()}
	p := newPerch(t, "127.0.0.1:0", broker)
	if state := p.check(); state != httpapi.StateStarting {
		t.Errorf("before its first round: %s", state)
	}
	rounds := func(want string, n int, within time.Duration) {
		t.Helper()
		for range n {
			ctx, cancel := context.WithTimeout(t.Context(), within)
			took, err := p.round(ctx)
			cancel()
			p.note(took, err)
			if got := p.check(); got != want {
				t.Errorf("state %s, want %s: %v", got, want, err)
			}
		}
	}
	rounds(httpapi.StateOK, 2, patience)
	broker.set(1, nil)
	rounds(httpapi.StateOK, 1, patience) // one loss is none
	if p.logs.Len() > 0 {
		t.Errorf("a canary that is well logs %s", p.logs)
	}
	broker.set(1000, nil) // as if Redis had lost it
	rounds(canaryFails, 2, 3*canaryRepeat)
	broker.set(0, errors.New("refused"))
	rounds(canaryFails, 1, patience)
	broker.set(0, nil)
	rounds(httpapi.StateOK, 2, patience)
	if log := p.logs.String(); strings.Count(log, "level=WARN") != 1 || strings.Count(log, "level=INFO") != 1 || strings.Contains(log, p.token) {
		t.Errorf("logged %s", log)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(p.metrics())
	shown, err := registry.Gather()
	if err != nil || len(shown) != 3 || shown[0].GetName() != "lifecircle_canary_failures_total" || shown[0].GetMetric()[0].GetCounter().GetValue() != 3 ||
		shown[2].GetMetric()[0].GetHistogram().GetSampleCount() != 5 {
		t.Errorf("metrics: %v, %v", shown, err)
	}
	if at := time.Unix(0, p.success.Load()); time.Since(at) > patience {
		t.Errorf("last success %s", at)
	}
}

// TestOnlyTheCanaryGetsIntoItsChannel, and it gets nowhere else.
func TestOnlyTheCanaryGetsIntoItsChannel(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, pgtest.URL(t)))
	circle := s.circle(t, s.users(t, 1)[0])
	guest, _ := s.socket(t, "", circle.ID, wire.JSON)
	if _, err := guest.Subscribe(t.Context(), s.canary.channel); hubtest.ErrorCode(err) != 102 {
		t.Errorf("a guest in the canary's channel: %v", err)
	}
	other, err := hubtest.Dial(t.Context(), s.url+"/connection/websocket", hubtest.DialOptions{HTTP: s.http})
	if err != nil {
		t.Fatal(err)
	}
	s.sockets = append(s.sockets, other)
	if _, err := other.Connect(t.Context(), s.canary.token[1:]); err == nil {
		t.Error("connected with a part of the canary's token")
	}
	bird, err := hubtest.Dial(t.Context(), s.url+"/connection/websocket", hubtest.DialOptions{HTTP: s.http})
	if err != nil {
		t.Fatal(err)
	}
	s.sockets = append(s.sockets, bird)
	if r, err := bird.Connect(t.Context(), s.canary.token); err != nil || len(r.Subs) > 0 || r.Expires {
		t.Errorf("the canary connects: %+v, %v", r, err)
	}
	for _, cmd := range []*wire.Command{
		{Subscribe: &wire.SubscribeRequest{Channel: "circle:" + circle.ID}},
		{Subscribe: &wire.SubscribeRequest{Channel: s.canary.channel + "x"}},
		{History: &wire.HistoryRequest{Channel: "circle:" + circle.ID, Limit: 1}},
		{RPC: &wire.RPCRequest{Method: "post", Data: wire.Raw(`{}`)}},
	} {
		if r, err := bird.Call(t.Context(), cmd); err != nil || r.Error == nil {
			t.Errorf("the canary may %+v: %+v, %v", cmd, r, err)
		}
	}
	if _, err := bird.Subscribe(t.Context(), s.canary.channel); err != nil {
		t.Errorf("the canary in its channel: %v", err)
	}
}

// TestReadinessTellsOfTheCanary: without Redis news does not travel, and it
// notices by itself.
func TestReadinessTellsOfTheCanary(t *testing.T) {
	t.Parallel()
	redis := redisserver.Start(t)
	c := settings(t, pgtest.URL(t))
	c.Server.RedisURL = config.Secret(redis.URL())
	s := start(t, c, func(a *App) { a.canary.every, a.canary.within = 100*time.Millisecond, 2*time.Second })
	is := func(status, canary string) func() bool {
		return func() bool {
			r := s.ready.check(t.Context())
			return r.Status == status && r.Checks["canary"] == canary
		}
	}
	s.until(t, is(httpapi.StateOK, httpapi.StateOK))
	s.until(t, func() bool { return s.product.node.Stats().Clients == 0 }) // nothing of it stays
	redis.Kill()
	s.until(t, is(httpapi.StateDegraded, canaryFails))
	if status := s.status(t, "/readyz"); status != http.StatusOK {
		t.Errorf("ready without its canary: %d", status)
	}
	redis.Restart()
	s.until(t, is(httpapi.StateOK, httpapi.StateOK))
}

// unheard is a node whose publications get nowhere.
type unheard struct{ calls atomic.Int64 }

func (u *unheard) Publish(context.Context, string, hub.Publication) error {
	u.calls.Add(1)
	return nil
}

// TestACanaryAloneDegrades: with all its parts well, a node on which news does
// not travel is degraded, and ready.
func TestACanaryAloneDegrades(t *testing.T) {
	t.Parallel()
	nowhere := &unheard{}
	s := start(t, settings(t, pgtest.URL(t)), func(a *App) { a.canary.node, a.canary.within = nowhere, 2*canaryRepeat })
	var told httpapi.Readiness
	s.until(t, func() bool {
		s.call(t, http.MethodGet, "/readyz", "", nil, &told) // fails the test if it is not 200
		return told.Status != httpapi.StateOK
	})
	if told.Status != httpapi.StateDegraded || !maps.Equal(told.Checks, map[string]string{"postgres": httpapi.StateOK, "canary": canaryFails}) || nowhere.calls.Load() < 2 {
		t.Errorf("readiness %+v after %d messages", told, nowhere.calls.Load())
	}
}
