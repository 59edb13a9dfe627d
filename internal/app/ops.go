package app

import (
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const opsAddressFile = "ops-address" // in the data directory

// opsHandler serves operators: metrics and profiles.
func opsHandler(metrics prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// opsServer has no time limit for answers: a profile takes as long as it is
// asked for.
func opsServer(metrics prometheus.Gatherer) *http.Server {
	return &http.Server{Handler: opsHandler(metrics), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
}

// writeOpsAddress leaves the address where tools look for it, and returns how
// to take it away again.
func writeOpsAddress(dir string, address net.Addr) (remove func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the local Postgres, another user, has its data inside
		return nil, fmt.Errorf("data directory %s cannot be made: %w", dir, err)
	}
	path := filepath.Join(dir, opsAddressFile)
	if err := os.WriteFile(path, []byte(address.String()+"\n"), 0o644); err != nil { //nolint:gosec // no secret
		return nil, fmt.Errorf("data directory %s is not writable: %w", dir, err)
	}
	return func() { _ = os.Remove(path) }, nil // if it stays, the next start overwrites it
}
