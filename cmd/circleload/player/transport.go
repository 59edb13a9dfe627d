package player

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// person acts over HTTP.
type person struct {
	index  int
	source TokenSource
	mu     sync.Mutex // held while the token is fetched: once is enough
	token  string
}

// tokenOf returns the person's token, a fresh one if the one known is old.
func (p *person) tokenOf(ctx context.Context, old string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.token != "" && p.token != old {
		return p.token, nil
	}
	token, err := p.source.of(ctx, p.index)
	if err == nil {
		p.token = token
	}
	return token, err
}

// request does the errand over HTTP; a token that is no longer valid is replaced once.
func (t *troupe) request(e errand) func(context.Context) outcome {
	p := t.persons[e.actor%uint64(len(t.persons))]
	var payload []byte
	if e.body != nil {
		payload = encode(e.body)
	}
	return func(ctx context.Context) outcome {
		token, err := p.tokenOf(ctx, "")
		if err != nil {
			return outcome{code: "token"}
		}
		o := t.ask(ctx, e, payload, token)
		if o.code != "http 401" {
			return o
		}
		if token, err = p.tokenOf(ctx, token); err != nil {
			return outcome{code: "token"}
		}
		return t.ask(ctx, e, payload, token)
	}
}

func (t *troupe) ask(ctx context.Context, e errand, payload []byte, token string) outcome {
	req, err := http.NewRequestWithContext(ctx, e.verb, t.plan.API+fmt.Sprintf(e.path, e.id), bytes.NewReader(payload))
	if err != nil {
		return outcome{code: "request"}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if e.key != "" {
		req.Header.Set("Idempotency-Key", e.key)
	}
	return t.send(req, "")
}

const maxAnswerBytes = 1 << 20 // that is read of an answer, so that its connection can be used again

// send sends a request and names its outcome. An answer that contains refused is no success.
func (t *troupe) send(req *http.Request, refused string) outcome {
	resp, err := t.plan.HTTP.Do(req) //nolint:gosec // the addresses are the caller's
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			return outcome{code: "timeout"}
		}
		return outcome{code: "transport"}
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	switch {
	case err != nil:
		return outcome{code: "transport"}
	case resp.StatusCode/100 != 2:
		return outcome{code: fmt.Sprintf("http %d", resp.StatusCode), refused: resp.StatusCode == http.StatusTooManyRequests}
	case refused != "" && bytes.Contains(answer, []byte(refused)):
		return outcome{code: "answer"}
	}
	return outcome{}
}

// publication does the k-th request of a template.
func (t *troupe) publication(a Action, k uint64, at time.Time) func(context.Context) outcome {
	channel := pick(a.Channels, k)
	data := encode(map[string]string{"text": string(appendMarker(nil, at, k, a.Bytes))})
	return func(ctx context.Context) outcome {
		req, err := a.Template.request(ctx, channel, data)
		if err != nil {
			return outcome{code: "request"}
		}
		return t.send(req, a.Template.Refused)
	}
}

const defaultBody = `{"channel":"{{channel}}","data":{{data}}}`

// request fills the template in.
func (m Template) request(ctx context.Context, channel string, data []byte) (*http.Request, error) {
	method, content := m.Method, m.Body
	if method == "" {
		method = http.MethodPost
	}
	if content == "" {
		content = defaultBody
	}
	quoted, err := json.Marshal(channel)
	if err != nil {
		return nil, fmt.Errorf("quote the channel: %w", err)
	}
	address := strings.ReplaceAll(m.URL, "{{channel}}", url.PathEscape(channel))
	content = strings.NewReplacer("{{channel}}", string(quoted[1:len(quoted)-1]), "{{data}}", string(data)).Replace(content)
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	for name, values := range m.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	return req, nil
}
