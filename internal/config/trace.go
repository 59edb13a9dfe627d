package config

import (
	"errors"
	"fmt"
	"net/url"
)

// Tracing says whether and where traces are sent.
type Tracing struct {
	OTLPEndpoint string  `name:"otlp-endpoint" env:"LIFECIRCLE_OTLP_ENDPOINT" placeholder:"http://..." help:"Collector that takes traces as OTLP over HTTP; without it there are none."`
	TraceRatio   float64 `name:"trace-ratio" env:"LIFECIRCLE_TRACE_RATIO" default:"0.01" help:"Share of requests that are traced, 0 to 1."`
}

func (t Tracing) check() error {
	if !(t.TraceRatio >= 0 && t.TraceRatio <= 1) { // NaN is neither
		return fmt.Errorf("--trace-ratio is %v; it must lie between 0 and 1", t.TraceRatio)
	}
	if t.OTLPEndpoint == "" {
		return nil
	}
	u, err := url.Parse(t.OTLPEndpoint)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return errors.New("--otlp-endpoint is not a URL like http://collector:4318; credentials belong in OTEL_EXPORTER_OTLP_HEADERS")
	}
	return nil
}
