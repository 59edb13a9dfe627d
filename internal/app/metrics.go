package app

import (
	"strconv"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"lifecircle/hub"
	"lifecircle/internal/httpapi"
	"lifecircle/internal/obs"
	"lifecircle/internal/socketapi"
)

// metrics are what /metrics shows.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

func newMetrics(version string) *metrics {
	m := &metrics{registry: obs.NewRegistry(version)}
	m.requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "lifecircle_http_request_seconds", Help: "Answered HTTP requests, sockets left aside.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"method", "route", "status"})
	m.registry.MustRegister(m.requests)
	return m
}

func (m *metrics) observe(o httpapi.Observation) {
	m.requests.WithLabelValues(methodLabel(o.Method), o.Route, strconv.Itoa(o.Status)).Observe(o.Took.Seconds())
}

// methodLabel bounds the values that a client can invent.
func methodLabel(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return method
	}
	return "other"
}

// watch shows the parts' own counters.
func (m *metrics) watch(node *hub.Node, news *socketapi.Publisher, pool *pgxpool.Pool) {
	gauge := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "lifecircle_" + name, Help: help}, value))
	}
	counter := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "lifecircle_" + name, Help: help}, value))
	}
	of := func(read func(hub.Stats) uint64) func() float64 {
		return func() float64 { return float64(read(node.Stats())) }
	}
	gauge("sockets", "Connected clients.", func() float64 { return float64(node.Stats().Clients) })
	gauge("subscriptions", "Subscriptions of connected clients.", func() float64 { return float64(node.Stats().Subscriptions) })
	gauge("channels", "Channels that this node serves.", func() float64 { return float64(node.Stats().Channels) })
	counter("socket_connects_total", "Connections accepted.", of(func(s hub.Stats) uint64 { return s.Connects }))
	counter("socket_refused_total", "Handshakes answered 503.", of(func(s hub.Stats) uint64 { return s.Refused }))
	counter("socket_disconnects_total", "Connections closed by the server.", of(func(s hub.Stats) uint64 { return s.Disconnects }))
	counter("socket_slow_total", "Clients cut with 3008 because they read too slowly.", of(func(s hub.Stats) uint64 { return s.SlowDisconnects }))
	counter("deliveries_total", "Publications put into the queues of clients.", of(func(s hub.Stats) uint64 { return s.Deliveries }))
	counter("drops_total", "Publications outside of logs that a busy client or channel lost.", of(func(s hub.Stats) uint64 { return s.Drops }))
	counter("gaps_filled_total", "Publications read from the log because the broker had not brought them.", of(func(s hub.Stats) uint64 { return s.GapsFilled }))
	counter("gap_errors_total", "Reads of the log to fill gaps that failed.", of(func(s hub.Stats) uint64 { return s.GapErrors }))
	counter("recovered_total", "Subscriptions that went on from their position.", of(func(s hub.Stats) uint64 { return s.Recovered }))
	counter("unrecovered_total", "Subscriptions that could not.", of(func(s hub.Stats) uint64 { return s.Unrecovered }))
	counter("broker_errors_total", "Calls to the broker that failed.", of(func(s hub.Stats) uint64 { return s.BrokerErrors }))
	counter("news_dropped_total", "Events that were left to the log because publishing was too slow.", func() float64 { return float64(news.Dropped()) })
	gauge("postgres_connections", "Open connections to Postgres.", func() float64 { return float64(pool.Stat().TotalConns()) })
	gauge("postgres_connections_busy", "Connections in use.", func() float64 { return float64(pool.Stat().AcquiredConns()) })
	counter("postgres_waits_total", "Times that somebody waited for a connection.", func() float64 { return float64(pool.Stat().EmptyAcquireCount()) })
}
