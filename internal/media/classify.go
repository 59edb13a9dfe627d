package media

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"lifecircle/internal/media/picture"
)

const (
	classifyTime  = 3 * time.Second  // of one question
	classifyRest  = 10 * time.Second // after a failure nobody is asked: photos are not to wait in vain
	maxJudgement  = 4 << 10          // bytes of an answer
	classifierAge = 90 * time.Second // of a connection that rests
)

// ClassifierAPI asks a service over HTTP whether a picture is sensitive: POST
// of a JPEG of at most 1,280 pixels, answered with {"sensitive": true or false}.
// It is safe for concurrent use.
type ClassifierAPI struct {
	url    string
	client *http.Client

	restUntil atomic.Int64 // nanoseconds since 1970
}

// NewClassifier returns a client of the service at an address.
func NewClassifier(address string) *ClassifierAPI {
	return &ClassifierAPI{url: address, client: &http.Client{
		Timeout:       classifyTime,
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, IdleConnTimeout: classifierAge, MaxIdleConnsPerHost: 4},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Sensitive asks about a JPEG. It fails when there is no answer within a few
// seconds, or none that says yes or no, and then at once for a while.
func (c *ClassifierAPI) Sensitive(ctx context.Context, jpeg []byte) (bool, error) {
	if until := time.Unix(0, c.restUntil.Load()); time.Now().Before(until) {
		return false, fmt.Errorf("the classifier is not asked before %s", until.UTC().Format(time.TimeOnly))
	}
	yes, err := c.ask(ctx, jpeg)
	if err != nil && ctx.Err() == nil {
		c.restUntil.Store(time.Now().Add(classifyRest).UnixNano())
	}
	return yes, err
}

func (c *ClassifierAPI) ask(ctx context.Context, jpeg []byte) (bool, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(jpeg))
	if err != nil {
		return false, fmt.Errorf("ask the classifier: %w", err)
	}
	r.Header.Set("Content-Type", picture.ContentType)
	answer, err := c.client.Do(r)
	if fault := (*url.Error)(nil); errors.As(err, &fault) {
		err = fault.Err // without the address, which may hold a password
	}
	if err != nil {
		return false, fmt.Errorf("ask the classifier: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	var says struct {
		Sensitive *bool `json:"sensitive"`
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxJudgement))
	if err == nil {
		err = json.Unmarshal(body, &says)
	}
	if err != nil || answer.StatusCode != http.StatusOK || says.Sensitive == nil {
		return false, fmt.Errorf("the classifier says neither yes nor no, with status %d", answer.StatusCode)
	}
	return *says.Sensitive, nil
}

// Close lets go of the connections.
func (c *ClassifierAPI) Close() { c.client.CloseIdleConnections() }

// classify asks whether a new photo is sensitive. Without an answer it is not,
// but stands among those that a reviewer may want to look at: photos must not
// wait for somebody else's machine.
func (s *Service) classify(ctx context.Context, p *newPhoto) {
	if s.classifier == nil {
		return
	}
	renditions := p.pic.Renditions // largest first
	shown := renditions[0]
	for _, r := range renditions {
		if r.Size == picture.Screen {
			shown = r
		}
	}
	switch yes, err := s.classifier.Sensitive(ctx, shown.Data); {
	case err != nil:
		s.log.Warn("a photo is not classified", "photo", p.id, "err", err)
		s.count("unclassified")
		p.unjudged = true
	case yes:
		s.count("sensitive")
		p.flag(Classifier)
	}
}
