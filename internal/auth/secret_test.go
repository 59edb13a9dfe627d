package auth

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"lifecircle/internal/pgtest"
)

// Whatever fails, no password, token or hash of one leaves in an error, in
// the log or by printing a value.
func TestNoSecretLeaves(t *testing.T) {
	t.Parallel()
	book := &logbook{}
	pool := pgtest.New(t)
	s := NewService(pool, Options{Password: cheap, Logger: book.logger()})
	account := NewAccount{Handle: "anna", Password: password, DisplayName: "Anna"}
	first := register(t, s, "anna")
	second := refreshed(t, s, first.RefreshToken)

	var hash, stored string
	if err := pool.QueryRow(t.Context(), `SELECT password_hash, encode(hash, 'hex') FROM users, refresh_tokens LIMIT 1`).Scan(&hash, &stored); err != nil {
		t.Fatal(err)
	}
	secrets := []string{password, hash, stored}
	for _, g := range []Grant{first, second} {
		secrets = append(secrets, g.RefreshToken)
		secrets = append(secrets, strings.Split(g.AccessToken, ".")[1:]...)
	}

	said := []string{fmt.Sprintf("%v %+v %#v %s %v %+v %#v %s", first, first, first, first, account, account, account, account)}
	s.log.Info("values", "grant", second, "account", account)
	fail := func() {
		_, err := s.Register(t.Context(), account)
		said = append(said, fmt.Sprint(err))
		_, err = s.Register(t.Context(), NewAccount{Handle: password, Password: "short", DisplayName: "\x00"})
		said = append(said, strings.ReplaceAll(fmt.Sprint(err), password, "leak"))
		_, err = s.Login(t.Context(), "anna", password+"x")
		said = append(said, fmt.Sprint(err))
		_, err = s.Login(t.Context(), "anna", password)
		said = append(said, fmt.Sprint(err))
		_, err = s.Refresh(t.Context(), first.RefreshToken)
		said = append(said, fmt.Sprint(err), fmt.Sprint(s.Logout(t.Context(), second.RefreshToken)))
		_, err = s.Verify(t.Context(), second.AccessToken+"x")
		said = append(said, fmt.Sprint(err))
		_, err = s.CreateUsers(t.Context(), []NewUser{{Handle: "berta"}}, password)
		said = append(said, fmt.Sprint(err))
		_, err = s.sweep(t.Context(), 0)
		said = append(said, fmt.Sprint(err), fmt.Sprint(s.RotateKey(t.Context())))
		s.attempt(t.Context(), "watch", s.keys.watch)
	}
	fail()
	exec(t, pool, `UPDATE users SET password_hash = password_hash || 'x'`)
	fail()
	exec(t, pool, `ALTER TABLE refresh_tokens ADD CONSTRAINT never CHECK (hash IS NULL) NOT VALID`)
	exec(t, pool, `ALTER TABLE users ADD CONSTRAINT never CHECK (password_hash = '') NOT VALID`)
	exec(t, pool, `ALTER TABLE signing_keys ADD CONSTRAINT never CHECK (private_key IS NULL) NOT VALID`)
	fail()
	exec(t, pool, `DROP TABLE refresh_tokens`)
	fail()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Login(cancelled, "anna", password)
	said = append(said, fmt.Sprint(err))
	pool.Close()
	fail()

	said = append(said, book.String())
	for _, text := range said {
		for i, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("secret %d is in %q", i, text)
			}
		}
		if strings.Contains(text, "leak") {
			t.Errorf("a password given as handle is in %q", text)
		}
	}
	if !strings.Contains(book.String(), "used twice") || !strings.Contains(book.String(), "could not watch") {
		t.Errorf("the log misses what happened: %s", book.String())
	}
}

// What is at rest: only hashes of passwords and refresh tokens.
func TestNoSecretIsStored(t *testing.T) {
	t.Parallel()
	s := newService(t)
	g := register(t, s, "anna")
	for _, table := range []string{"users", "sessions", "refresh_tokens"} {
		for _, secret := range []string{password, g.RefreshToken, g.AccessToken} {
			n := count(t, s.pool, `SELECT count(*) FROM `+table+` t WHERE position($1 in t::text) > 0 OR position(encode($1::bytea, 'hex') in t::text) > 0`, secret)
			if n != 0 {
				t.Errorf("a secret is in %s", table)
			}
		}
	}
}
