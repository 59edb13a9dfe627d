package config

import (
	"strings"
	"testing"
)

func TestTracing(t *testing.T) {
	c, err := parse(t, nil, "serve")
	if err != nil || c.Server.OTLPEndpoint != "" || c.Server.TraceRatio != 0.01 {
		t.Fatalf("unset: %+v, %v", c.Server.Tracing, err)
	}
	c, err = parse(t, map[string]string{"LIFECIRCLE_OTLP_ENDPOINT": "http://collector:4318", "LIFECIRCLE_TRACE_RATIO": "1"}, "serve")
	if err != nil || c.Server.OTLPEndpoint != "http://collector:4318" || c.Server.TraceRatio != 1 {
		t.Fatalf("set: %+v, %v", c.Server.Tracing, err)
	}
	for args, want := range map[string]string{
		"--trace-ratio=1.5":                     "between 0 and 1",
		"--trace-ratio=-1":                      "between 0 and 1",
		"--trace-ratio=NaN":                     "between 0 and 1",
		"--otlp-endpoint=collector:4318":        "http://collector:4318",
		"--otlp-endpoint=ftp://collector":       "http://collector:4318",
		"--otlp-endpoint=http://u:geheim@place": "OTEL_EXPORTER_OTLP_HEADERS",
	} {
		_, err := parse(t, nil, "serve", args)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", args, err)
		}
	}
}
