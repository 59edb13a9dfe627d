package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"lifecircle/internal/media"
)

func newPhotoCounter() *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "lifecircle_photos_total",
		Help: "Photos: made, refused, called sensitive by the classifier, or without an answer of it (unclassified); and files swept.",
	}, []string{"what"})
	for _, what := range media.Counted {
		c.WithLabelValues(what)
	}
	return c
}

// photo is media.Options.Count.
func (m *metrics) photo(what string) { m.photos.WithLabelValues(what).Inc() }
