package config

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"
)

func parse(t *testing.T, env map[string]string, args ...string) (Config, error) {
	t.Helper()
	for k, v := range env {
		t.Setenv(k, v)
	}
	return Parse(args, os.Environ(), &bytes.Buffer{})
}

func TestDefaults(t *testing.T) {
	c, err := parse(t, nil, "serve")
	if err != nil {
		t.Fatal(err)
	}
	if c.Command != Serve || !c.Database.Local() || c.Server.Listen != "127.0.0.1:8080" || c.Server.OpsListen != "127.0.0.1:0" ||
		c.Server.Drain != 10*time.Second || !strings.HasSuffix(c.Database.DataDir, "/.lifecircle") || c.Database.LogLevel.Slog() != slog.LevelInfo {
		t.Fatalf("defaults: %+v", c)
	}
}

func TestEnvironmentAndFlags(t *testing.T) {
	env := map[string]string{
		"LIFECIRCLE_LISTEN": "0.0.0.0:80", "LIFECIRCLE_DEMO": "true", "LIFECIRCLE_TRUSTED_PROXY": "10.1.2.3/8,::1",
		"LIFECIRCLE_LOG_LEVEL": "warn", "LIFECIRCLE_ALLOWED_ORIGIN": "https://a.example", "LIFECIRCLE_DRAIN": "2s",
	}
	c, err := parse(t, env, "serve", "--drain=3s", "--dev", "--data-dir=/x")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.TrimSuffix(fmt.Sprintln(c.Server.Listen, c.Server.Demo, c.Server.Dev, c.Server.TrustedProxies, c.Database.LogLevel.Slog(), c.Server.AllowedOrigin, c.Server.Drain, c.Database.DataDir), "\n")
	want := "0.0.0.0:80 true true [10.0.0.0/8 ::1/128] WARN [https://a.example] 3s /x"
	if got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

func TestRefused(t *testing.T) {
	cases := []struct {
		name string
		env  map[string]string
		args string
		want string // part of the sentence
	}{
		{"misspelt", map[string]string{"LIFECIRCLE_LISTN": ":80"}, "serve", "did you mean LIFECIRCLE_LISTEN?"},
		{"misspelt for another command", map[string]string{"LIFECIRCLE_DATADIR": "x"}, "migrate", "did you mean LIFECIRCLE_DATA_DIR?"},
		{"unknown", map[string]string{"LIFECIRCLE_WHATEVER_IT_IS": "x"}, "serve", "unknown setting LIFECIRCLE_WHATEVER_IT_IS"},
		{"unknown flag", nil, "serve --lisen=:1", "--listen"},
		{"cluster, no host", map[string]string{"REDIS_URL": "redis+cluster://:geheim@"}, "serve", "redis+cluster://user:password@a:6379,b:6379"},
		{"cluster, empty host", map[string]string{"REDIS_URL": "redis+cluster://:geheim@a,,b"}, "serve", "redis+cluster://user:password@a:6379,b:6379"},
		{"cluster, port", map[string]string{"REDIS_URL": "redis+cluster://:geheim@a,b:0"}, "serve", "redis+cluster://user:password@a:6379,b:6379"},
		{"cluster, addresses with a scheme", map[string]string{"REDIS_URL": "redis+cluster://:geheim@a,redis://b"}, "serve", "a Redis Cluster"},
		{"cluster, database", map[string]string{"REDIS_URL": "redis+cluster://:geheim@a,b/1"}, "serve", "no numbered databases"},
		{"list of servers", map[string]string{"REDIS_URL": "redis://:geheim@a:1,b:2"}, "serve", "redis+cluster://a:6379,b:6379"},
		{"redis, no host", map[string]string{"REDIS_URL": "redis://:geheim@:6379"}, "serve", "redis://host:6379"},
		{"redis", map[string]string{"REDIS_URL": "http://:geheim@a"}, "serve", "redis://host:6379"},
		{"redis, port", map[string]string{"REDIS_URL": "redis://:geheim@a:66666"}, "serve", "redis://host:6379"},
		{"redis, port 0", map[string]string{"REDIS_URL": "redis://:geheim@a:0"}, "serve", "redis://host:6379"},
		{"redis, database", map[string]string{"REDIS_URL": "redis://:geheim@a/first"}, "serve", "redis://host:6379"},
		{"database", map[string]string{"DATABASE_URL": "mysql://u:geheim@h/d"}, "serve", "postgres://user"},
		{"database, unreadable", map[string]string{"DATABASE_URL": "postgres://u:geheim@h:port/d"}, "seed", "postgres://user"},
		{"listen", nil, "serve --listen=8080", "127.0.0.1:8080"},
		{"port", nil, "serve --ops-listen=:70000", "--ops-listen"},
		{"drain", nil, "serve --drain=-1s", "--drain"},
		{"sockets", nil, "serve --max-sockets=-1", "--max-sockets is -1"},
		{"sockets of a user", map[string]string{"LIFECIRCLE_MAX_USER_SOCKETS": "-5"}, "serve", "--max-user-sockets is -5"},
		{"sockets of an address", nil, "serve --max-address-sockets=many", "--max-address-sockets"},
		{"proxy", nil, "serve --trusted-proxy=proxy", "10.0.0.0/8"},
		{"origin", nil, "serve --allowed-origin=example.org", "https://example.org"},
		{"level", nil, "serve --log-level=loud", "log-level"},
		{"empty data directory", map[string]string{"LIFECIRCLE_DATA_DIR": ""}, "serve --data-dir=", "data directory"},
		{"no day", nil, "reconcile --provider=sandbox", "--day"},
		{"a day that is none", nil, "reconcile --provider=sandbox --day=2026-02-30", "a day like 2026-11-26"},
		{"no provider", nil, "reconcile --day=2026-11-26", "--provider"},
		{"play money beside a database", map[string]string{"DATABASE_URL": "postgres://u:geheim@h/d", "LIFECIRCLE_SANDBOX": "never"}, "reconcile --provider=sandbox --day=2026-11-26", "--dev"},
		{"no command", nil, "", "serve"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			_, err := parse(t, tc.env, strings.Fields(tc.args)...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want one with %q", err, tc.want)
			}
			if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "geheim") {
				t.Fatalf("not one clean sentence: %q", err)
			}
		})
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	c, err := parse(t, map[string]string{"DATABASE_URL": "postgres://u:geheim@h/d", "REDIS_URL": "redis://:geheim@r:1"}, "serve")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", "config", c, "url", c.Database.URL)
	shown := log.String() + fmt.Sprintf("%v %+v %#v %s", c, c, c, c.Database.URL)
	if strings.Contains(shown, "geheim") {
		t.Fatal("a password is shown: " + shown)
	}
	if c.Database.URL.Place() != "h/d" || c.Server.RedisURL.Place() != "r:1" {
		t.Fatal("place", c.Database.URL.Place(), c.Server.RedisURL.Place())
	}
}

func TestRedis(t *testing.T) {
	places := map[string]string{ // what is shown, by what is accepted
		"redis://cache":                              "cache",
		"redis://:geheim@cache:6380/1":               "cache:6380/1",
		"rediss://user:geheim@cache":                 "cache",
		"unix:///run/redis.sock":                     "/run/redis.sock",
		"redis+cluster://a,b,c":                      "a,b,c",
		"redis+cluster://a:6379":                     "a:6379",
		"redis+cluster://user:geheim@a:1,b,[::1]:3":  "a:1,b,[::1]:3",
		"redis+cluster://user:geheim,@%40x@a:1,b:2":  "a:1,b:2",
		"rediss+cluster://user:geheim@a:6379,b:6379": "a:6379,b:6379",
	}
	for address, want := range places {
		c, err := parse(t, map[string]string{"REDIS_URL": address}, "serve")
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if got := c.Server.RedisURL.Place(); got != want || strings.Contains(fmt.Sprintf("%+v", c), "geheim") {
			t.Errorf("%s is shown as %s", address, got)
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	var out bytes.Buffer
	if _, err := Parse([]string{"serve", "--help"}, nil, &out); !errors.Is(err, ErrHelp) || !strings.Contains(out.String(), "--ops-listen") {
		t.Fatalf("help: %v\n%s", err, &out)
	}
	c, err := Parse([]string{"version"}, []string{"LIFECIRCLE_LISTN=x"}, &out)
	if err != nil || c.Command != Version {
		t.Fatal(c, err)
	}
	c, err = Parse([]string{"keys", "rotate"}, nil, &out)
	if err != nil || c.Command != RotateKeys {
		t.Fatal(c, err)
	}
	c, err = Parse([]string{"migrate", "--new-epoch"}, nil, &out)
	if err != nil || c.Command != Migrate || !c.NewEpoch {
		t.Fatal(c, err)
	}
}

func TestBooks(t *testing.T) {
	c, err := parse(t, map[string]string{"DATABASE_URL": "postgres://h/d", "LIFECIRCLE_DEV": "true"}, "reconcile", "--provider=stripe", "--day=2026-11-26", "--json")
	if err != nil || c.Books.Provider != "stripe" || !c.Books.JSON || c.Books.Day.Format("2006-01-02T15:04:05Z07:00") != "2026-11-26T00:00:00+08:00" || !c.Server.Dev || c.Database.Local() {
		t.Errorf("%+v %v", c, err)
	}
	c, err = parse(t, map[string]string{"LIFECIRCLE_SANDBOX": "manual"}, "audit", "--json", "--data-dir=/x")
	if err != nil || !c.Books.JSON || c.Database.DataDir != "/x" {
		t.Errorf("%+v %v", c, err)
	}
}
