package app

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"lifecircle/hub"
)

// commitMetrics are the group commits of one kind of lane.
type commitMetrics struct {
	together
	lane                string
	items, waited, took prometheus.Histogram
}

func newCommitMetrics(lane string) commitMetrics {
	labels := prometheus.Labels{"lane": lane}
	m := commitMetrics{
		lane:   lane,
		items:  histogram("group_commit_items", "Changes written by one transaction.", prometheus.ExponentialBuckets(1, 2, 9), labels),
		waited: histogram("group_commit_wait_seconds", "How long the first change of a transaction had waited for the one before it.", slow, labels),
		took:   histogram("group_commit_seconds", "Transactions, from their first lock to the answer to COMMIT.", slow, labels),
	}
	m.together = together{m.items, m.waited, m.took}
	return m
}

// observe is groupcommit.Options.Observe.
func (m commitMetrics) observe(items int, waited, took time.Duration) {
	m.items.Observe(float64(items))
	m.waited.Observe(waited.Seconds())
	m.took.Observe(took.Seconds())
}

// queue is what waits for the commits of one kind.
type queue interface{ Queued() int }

// watchQueue shows how many changes wait for the lanes.
func (m *metrics) watchQueue(of commitMetrics, q queue) {
	m.registry.MustRegister(readings[int]{q.Queued, []reading[int]{
		gauge("group_commit_queued", "Changes that wait for a transaction.", func(n int) float64 { return float64(n) }, "lane", of.lane),
	}})
}

// logMetrics are the reads of the circles' logs for sockets.
type logMetrics struct {
	together
	events, heads, read prometheus.Observer
	errors              prometheus.Counter
}

func newLogMetrics() logMetrics {
	const help = "Reads of circles' logs for sockets: of events, to recover or fill gaps, or of the heads of all circles served."
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "lifecircle_log_read_seconds", Help: help, Buckets: slow}, []string{"of"})
	read := histogram("log_read_events", "Events that one read of a log brought.", []float64{0, 1, 10, 100, 1000}, nil)
	errors := prometheus.NewCounter(prometheus.CounterOpts{Name: "lifecircle_log_read_errors_total", Help: "Reads of logs that failed."})
	return logMetrics{
		together: together{took, read, errors}, errors: errors,
		events: took.WithLabelValues("events"), heads: took.WithLabelValues("heads"), read: read,
	}
}

// observedLog is a log whose reads are counted.
type observedLog struct {
	hub.Log
	metrics logMetrics
}

// Read implements hub.Log.
func (l observedLog) Read(ctx context.Context, channel string, q hub.ReadQuery) ([]hub.Publication, hub.Position, error) {
	begin := time.Now()
	events, top, err := l.Log.Read(ctx, channel, q)
	if err != nil {
		l.metrics.errors.Inc()
		return nil, top, err
	}
	l.metrics.events.Observe(time.Since(begin).Seconds())
	l.metrics.read.Observe(float64(len(events)))
	return events, top, nil
}

// Heads implements hub.Log.
func (l observedLog) Heads(ctx context.Context, channels []string) (map[string]hub.Position, error) {
	begin := time.Now()
	heads, err := l.Log.Heads(ctx, channels)
	if err != nil {
		l.metrics.errors.Inc()
		return nil, err
	}
	l.metrics.heads.Observe(time.Since(begin).Seconds())
	return heads, nil
}

// watchPool shows the connections to Postgres.
func (m *metrics) watchPool(pool *pgxpool.Pool) {
	m.registry.MustRegister(readings[*pgxpool.Stat]{pool.Stat, []reading[*pgxpool.Stat]{
		gauge("postgres_connections", "Connections to Postgres, by state.", func(s *pgxpool.Stat) float64 { return float64(s.AcquiredConns()) }, "state", "used"),
		gauge("postgres_connections", "Connections to Postgres, by state.", func(s *pgxpool.Stat) float64 { return float64(s.IdleConns()) }, "state", "idle"),
		gauge("postgres_connections", "Connections to Postgres, by state.", func(s *pgxpool.Stat) float64 { return float64(s.ConstructingConns()) }, "state", "opening"),
		gauge("postgres_connections_max", "Connections to Postgres that there may be.", func(s *pgxpool.Stat) float64 { return float64(s.MaxConns()) }),
		counter("postgres_acquires_total", "Times that a connection was taken.", func(s *pgxpool.Stat) float64 { return float64(s.AcquireCount()) }),
		counter("postgres_waits_total", "Times that none was free.", func(s *pgxpool.Stat) float64 { return float64(s.EmptyAcquireCount()) }),
		counter("postgres_wait_seconds_total", "Time spent waiting until one was.", func(s *pgxpool.Stat) float64 { return s.EmptyAcquireWaitTime().Seconds() }),
	}})
}
