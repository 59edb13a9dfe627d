package httpapi

import (
	"net/http"
	"strings"
)

// contentPolicy is what our pages may do: load from here alone, run no inline
// script, wear no inline style, and be shown in nobody's frame. Svelte makes
// its templates under a Trusted Types policy of its own; workerPolicy is ours
// and lets one address through, that of the service worker (static/src/pwa).
var contentPolicy = strings.Join([]string{
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"img-src 'self' blob: data:", // photos, those that are about to be sent, and their blurred hashes
	"connect-src 'self'",         // the API, and the socket: 'self' covers wss: where the page came by https:
	"manifest-src 'self'",
	"worker-src 'self'",
	"base-uri 'none'",
	"form-action 'self'",
	"frame-ancestors 'none'",
	"require-trusted-types-for 'script'",
	"trusted-types svelte-trusted-html " + workerPolicy,
}, "; ")

const (
	workerPolicy = "lifecircle-worker"

	// permissionsPolicy turns off what no page of ours uses.
	permissionsPolicy = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
)

// secure sets what every answer carries.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("Permissions-Policy", permissionsPolicy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
}
