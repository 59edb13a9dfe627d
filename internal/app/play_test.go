package app

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	"lifecircle/internal/config"
	"lifecircle/internal/httpapi"
	"lifecircle/internal/pgtest"
)

// What nobody has paid must not be paid out by a real provider, and only the
// demo gives any away.
func TestPlayMoneyStaysPlayMoney(t *testing.T) {
	t.Parallel()
	database := pgtest.URL(t)
	c := settings(t, database)
	s := start(t, c)
	s.call(t, "POST", "/v1/auth/register", "", map[string]string{"handle": "lin", "password": "violet-tea-river", "display_name": "Lin"}, nil)
	again := start(t, settings(t, database)) // one more start, without --demo
	var balance int64
	if err := again.db.Pool.QueryRow(t.Context(), `SELECT sum(balance)::bigint FROM accounts WHERE kind = 'wallet'`).Scan(&balance); err != nil || balance != 0 {
		t.Errorf("somebody who signed up with the handle of a demo person has %d fen (%v)", balance, err)
	}
	if _, err := again.db.Pool.Exec(t.Context(), `UPDATE accounts SET balance = -500 WHERE id = 31`); err != nil {
		t.Fatal(err)
	}
	for words, change := range map[string]func(*config.Config){
		"hold play money": func(*config.Config) {},
		"--demo gives":    func(c *config.Config) { c.Server.Demo = true },
	} {
		c := settings(t, database)
		c.Server.Dev = false
		c.Server.PublicURL = "https://circle.test"
		c.Server.Stripe = config.Stripe{SecretKey: "sk_test_x", WebhookSecret: "whsec_x"}
		change(&c)
		a, err := Build(t.Context(), Options{Config: c, Log: slog.New(slog.DiscardHandler), Out: io.Discard, Version: httpapi.Version{Version: "test"}})
		if err == nil {
			_ = a.Close(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v, want %q", err, words)
		}
	}
}
