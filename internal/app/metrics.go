package app

import (
	"strconv"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"lifecircle/hub"
	"lifecircle/internal/httpapi"
	"lifecircle/internal/obs"
)

// Histograms have classic buckets: every Prometheus and every other reader of
// its text format takes them, while native ones ask for a setting there and for
// the binary format. They are few, so their series are, too; and a bound stands
// at each figure that the product promises (50 ms, 500 ms, 2 s), so that an
// alert on a promise is exact, not interpolated.
var (
	// quick is for what stays within a node, in seconds.
	quick = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2}
	// slow is for what waits for a disk or another machine, in seconds.
	slow = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 5, 10}
)

// metrics are what /metrics shows: what is counted here, and what the parts
// count themselves (the other metrics_ files).
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	hub      fanoutMetrics
	log      logMetrics
	commits  commitMetrics // of the feed
	payments commitMetrics // of payments
	alarms   *prometheus.CounterVec
	photos   *prometheus.CounterVec
	scores   scoreMetrics
}

func newMetrics(version string) *metrics {
	m := &metrics{
		registry: obs.NewRegistry(version), hub: newFanoutMetrics(), log: newLogMetrics(),
		commits: newCommitMetrics("feed"), payments: newCommitMetrics("payments"), alarms: newAlarms(), photos: newPhotoCounter(), scores: newScoreMetrics(),
	}
	m.requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "lifecircle_http_request_seconds", Help: "Answered HTTP requests, sockets left aside.", Buckets: slow,
	}, []string{"method", "route", "status"})
	m.registry.MustRegister(m.requests, m.hub, m.log, m.commits, m.payments, m.alarms, m.photos, m.scores)
	return m
}

func (m *metrics) observe(o httpapi.Observation) {
	m.requests.WithLabelValues(methodLabel(o.Method), o.Route, strconv.Itoa(o.Status)).Observe(o.Took.Seconds())
}

// watch shows what the parts count.
func (m *metrics) watch(p *product, pool *pgxpool.Pool, broker hub.Broker, c *canary) {
	m.watchHub(p.node, func() int { return int(c.clients.Load()) })
	m.watchNews(p.news)
	m.watchRedis(broker)
	m.watchQueue(m.commits, p.feed)
	m.watchQueue(m.payments, p.payments)
	m.watchPool(pool)
	m.registry.MustRegister(c.metrics())
}

// methodLabel bounds the values that a client can invent.
func methodLabel(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return method
	}
	return "other"
}

func histogram(name, help string, buckets []float64, labels prometheus.Labels) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "lifecircle_" + name, Help: help, Buckets: buckets, ConstLabels: labels})
}

// together is several collectors as one.
type together []prometheus.Collector

// Describe implements prometheus.Collector.
func (t together) Describe(to chan<- *prometheus.Desc) {
	for _, c := range t {
		c.Describe(to)
	}
}

// Collect implements prometheus.Collector.
func (t together) Collect(to chan<- prometheus.Metric) {
	for _, c := range t {
		c.Collect(to)
	}
}

// readings shows the counters of a part, which are taken once a scrape.
type readings[S any] struct {
	take func() S
	list []reading[S]
}

// reading is one number of them.
type reading[S any] struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(S) float64
}

// gauge reads a number of now. Labels are names and values in turn.
func gauge[S any](name, help string, of func(S) float64, labels ...string) reading[S] {
	return reading[S]{describe(name, help, labels), prometheus.GaugeValue, of}
}

// counter reads a number that only grows.
func counter[S any](name, help string, of func(S) float64, labels ...string) reading[S] {
	return reading[S]{describe(name, help, labels), prometheus.CounterValue, of}
}

func describe(name, help string, labels []string) *prometheus.Desc {
	constant := prometheus.Labels{}
	for i := 0; i < len(labels); i += 2 {
		constant[labels[i]] = labels[i+1]
	}
	return prometheus.NewDesc("lifecircle_"+name, help, nil, constant)
}

// Describe implements prometheus.Collector.
func (r readings[S]) Describe(to chan<- *prometheus.Desc) {
	for _, one := range r.list {
		to <- one.desc
	}
}

// Collect implements prometheus.Collector.
func (r readings[S]) Collect(to chan<- prometheus.Metric) {
	taken := r.take()
	for _, one := range r.list {
		to <- prometheus.MustNewConstMetric(one.desc, one.kind, one.of(taken))
	}
}
