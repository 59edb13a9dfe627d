package app

import (
	"net/http"
	"testing"

	"lifecircle/internal/config"
	"lifecircle/internal/pgtest"
)

// TestWhoPlaysTheAuthority: on a database of others, or with real money, nobody
// does without --dev.
func TestWhoPlaysTheAuthority(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*config.Server)
		want   int
	}{
		"in earnest": {func(s *config.Server) { s.Dev = false }, http.StatusNotFound},
		"with real money": {func(s *config.Server) {
			s.Dev, s.PublicURL, s.Stripe = false, "https://circle.test", config.Stripe{SecretKey: "sk_test_x", WebhookSecret: "whsec_x"}
		}, http.StatusNotFound},
		"asked for": {func(s *config.Server) {
			s.Dev, s.IdentitySandbox = false, "on" // which the settings' check refuses already
		}, http.StatusNotFound},
		"--dev":               {func(*config.Server) {}, http.StatusOK},
		"--dev, switched off": {func(s *config.Server) { s.IdentitySandbox = "off" }, http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := settings(t, pgtest.URL(t))
			c.change(&settings.Server)
			s := start(t, settings)
			if got := s.status(t, "/sandbox/authority.css"); got != c.want {
				t.Errorf("the authority's page: %d, want %d", got, c.want)
			}
		})
	}
}
