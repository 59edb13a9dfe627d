package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"lifecircle/internal/creditscore"
)

// scoreMetrics are of the last night that this node has run.
type scoreMetrics struct {
	alarms                   *prometheus.CounterVec
	took, people, links, psi prometheus.Gauge
}

func newScoreMetrics() scoreMetrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "lifecircle_scores_" + name, Help: help + " In the last night that this node ran; 0 before."})
	}
	m := scoreMetrics{
		alarms: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "lifecircle_scores_alarms_total", Help: "What an operator must look at after a night, by what it is; the log has the details.",
		}, []string{"alarm"}),
		took: gauge("night_seconds", "How long it took."), people: gauge("night_people", "People whose scores were computed."),
		links: gauge("links_of_new_accounts", "Links that older people accepted, for each account of less than 30 days that has any."),
		psi:   gauge("stability_index", "Of the scores of active people since 30 nights before; NaN where there is nothing to compare."),
	}
	for _, name := range creditscore.Alarms() { // shown from the start: what begins with its first alarm has not risen
		m.alarms.WithLabelValues(name)
	}
	return m
}

// Describe implements prometheus.Collector.
func (m scoreMetrics) Describe(to chan<- *prometheus.Desc) { m.all().Describe(to) }

// Collect implements prometheus.Collector.
func (m scoreMetrics) Collect(to chan<- prometheus.Metric) { m.all().Collect(to) }

func (m scoreMetrics) all() together { return together{m.alarms, m.took, m.people, m.links, m.psi} }

// alarm is creditscore.Options.Alarm.
func (m scoreMetrics) alarm(what string) { m.alarms.WithLabelValues(what).Inc() }

// night is creditscore.Options.Observe.
func (m scoreMetrics) night(f creditscore.Figures) {
	m.took.Set(f.Took.Seconds())
	m.people.Set(float64(f.People))
	m.links.Set(f.LinksOfNew)
	m.psi.Set(f.Stability)
}
