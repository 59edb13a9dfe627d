package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"lifecircle/internal/app"
	"lifecircle/internal/config"
	"lifecircle/internal/httpapi"
)

const httpPeople = 1_000

// BenchmarkTipsHTTP is BenchmarkTips through a server's HTTP surface, with the
// clients in the same process, on the same cores.
func BenchmarkTipsHTTP(b *testing.B) {
	bank := openBank(b)
	url := serve(b, bank.stage)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: writers, MaxConnsPerHost: writers}}
	defer client.CloseIdleConnections()
	tokens := devUsers(b, client, url)
	b.Run(fmt.Sprintf("%d-creators", manyCircles), func(b *testing.B) {
		run := newRun()
		floor := 1.0
		if b.N > writers {
			floor = bank.tpcb(b)
		}
		bank.run(b, "tips", "tpcb", floor, func(i int) error {
			body := fmt.Sprintf(`{"amount":%d,"currency":"CNY"}`, tipFen)
			path := "/v1/posts/" + bank.posts[i%manyCircles].String() + "/tips"
			return call(client, url+path, tokens[i%httpPeople], run+fmt.Sprint(i), body, nil)
		})
	})
}

// serve runs a whole server on the stage's database until the benchmark ends.
func serve(b *testing.B, s *stage) (url string) {
	b.Helper()
	c, err := config.Parse([]string{"serve", "--dev", "--listen=127.0.0.1:0", "--data-dir=" + b.TempDir()}, nil, io.Discard)
	if err != nil {
		b.Fatal(err)
	}
	c.Database.URL = config.Secret(s.server.URL())
	said := &greeting{ready: make(chan string, 1)}
	a, err := app.Build(context.Background(), app.Options{
		Config: c, Version: httpapi.Version{Version: "bench"}, Log: slog.New(slog.DiscardHandler), Out: said,
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx) })
	b.Cleanup(func() {
		stop()
		running.Wait()
		if err := a.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return <-said.ready
}

// greeting reads the address from what the server says when it is ready.
type greeting struct {
	text  strings.Builder
	once  sync.Once
	ready chan string
}

func (g *greeting) Write(p []byte) (int, error) {
	g.text.Write(p)
	if _, rest, ok := strings.Cut(g.text.String(), "ready:"); ok && strings.Contains(rest, "\n") {
		g.once.Do(func() { g.ready <- strings.TrimSpace(strings.SplitN(rest, "\n", 2)[0]) })
	}
	return len(p), nil
}

// devUsers makes people with full purses and returns their tokens.
func devUsers(b *testing.B, client *http.Client, url string) []string {
	b.Helper()
	var made struct {
		Items []struct {
			AccessToken string `json:"access_token"`
		}
	}
	body := fmt.Sprintf(`{"count":%d,"prefix":"bench","balance":%d}`, httpPeople, int64(purse))
	if err := call(client, url+"/v1/dev/users", "", "", body, &made); err != nil {
		b.Fatal(err)
	}
	tokens := make([]string, len(made.Items))
	for i, u := range made.Items {
		tokens[i] = u.AccessToken
	}
	return tokens
}

// call posts JSON and reads the answer into out, unless that is nil.
func call(client *http.Client, url, token, key, body string, out any) error {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return err
	case answer.StatusCode != http.StatusCreated:
		return fmt.Errorf("%s: %s", answer.Status, raw)
	case out == nil:
		return nil
	}
	return json.Unmarshal(raw, out)
}
