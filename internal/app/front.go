package app

import (
	"encoding/json"
	"net/http"
	"sync/atomic"

	"lifecircle/internal/problem"
)

// front is what the public address answers with: that the server is starting,
// until there is something to serve.
type front struct {
	handler atomic.Pointer[http.Handler]
}

// open makes h answer from now on.
func (f *front) open(h http.Handler) { f.handler.Store(&h) }

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := f.handler.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	if r.URL.Path == "/healthz" {
		answer(w, "application/json", http.StatusOK, map[string]any{"status": "ok"})
		return
	}
	w.Header().Set("Retry-After", "1")
	answer(w, "application/problem+json", http.StatusServiceUnavailable, map[string]any{
		"type": "about:blank", "title": http.StatusText(http.StatusServiceUnavailable), "status": http.StatusServiceUnavailable,
		"code": problem.Unavailable, "detail": "The node is starting.",
	})
}

func answer(w http.ResponseWriter, contentType string, status int, body any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails with the connection only
}
