package obs

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"
)

func TestSecretsStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := NewLogger(&out, "info")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse("redis://user:s3cret@host:6379/0")
	if err != nil {
		t.Fatal(err)
	}
	log.With("Authorization", "Bearer s3cret").WithGroup("request").Info("hello",
		"access_token", "s3cret", "refreshTokens", "s3cret", "password", []byte("s3cret"), "Set-Cookie", "s3cret",
		slog.Group("db", "client_secret", "s3cret", "url", "postgres://lc:s3cret@db:5432/x?a=b"),
		"error", errors.New("dial postgres://lc:s3cret@db/x: refused"), "redis", u,
		"handle", "tokenless", "link", "https://example.org/a:b@c")
	line := out.String()
	if strings.Contains(line, "s3cret") {
		t.Errorf("a secret in %s", line)
	}
	for _, kept := range []string{`"handle":"tokenless"`, "lc:[redacted]@db:5432/x?a=b", "refused", "https://example.org/a:b@c"} {
		if !strings.Contains(line, kept) {
			t.Errorf("%q is missing in %s", kept, line)
		}
	}
}

func TestFormatFollowsTheReader(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := NewLogger(&out, "warn")
	if err != nil {
		t.Fatal(err)
	}
	log.Info("not said")
	log.Warn("said", "n", 1)
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got["msg"] != "said" || got["n"] != 1.0 {
		t.Errorf("%s: %v", out.String(), err)
	}
	if null, err := os.Open(os.DevNull); err != nil || !isTerminal(null) { // a character device, as terminals are
		t.Errorf("%v", err)
	} else {
		_ = null.Close()
	}
	if _, err := NewLogger(&out, "loud"); err == nil {
		t.Error("an unknown level was taken")
	}
}

func TestRegistryTellsTheVersion(t *testing.T) {
	t.Parallel()
	families, err := NewRegistry("v1.2.3").Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "lifecircle_build_info" && f.GetMetric()[0].GetLabel()[0].GetValue() == "v1.2.3" {
			return
		}
	}
	t.Error("no lifecircle_build_info with the version")
}
