package alipay

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lifecircle/payments/provider"
)

// Name is what Alipay is called in requests and paths.
const Name = "alipay"

const (
	timeout   = 15 * time.Second // one request with its answer
	maxAnswer = 1 << 20          // bytes; usual are 2,000
	success   = "10000"          // the code of an answer
)

// Client is Alipay. It implements provider.Provider.
type Client struct {
	c      Config
	key    *rsa.PrivateKey
	alipay *rsa.PublicKey
	http   *http.Client
	now    func() time.Time
}

var _ provider.Provider = (*Client)(nil)

// New returns a client for a configuration that passes its Check.
func New(c Config) (*Client, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Gateway == "" {
		c.Gateway = Gateway
	}
	a := &Client{c: c, http: c.HTTP, now: time.Now}
	if a.http == nil {
		a.http = &http.Client{Timeout: timeout}
	}
	var err error
	a.key, a.alipay, err = c.keys()
	return a, err
}

// Name implements provider.Provider.
func (*Client) Name() string { return Name }

// Received implements provider.Provider.
func (*Client) Received() (contentType, body string) { return "text/plain; charset=utf-8", "success" }

// status is in every answer.
type status struct {
	Code    string `json:"code"`
	Msg     string `json:"msg"`
	SubCode string `json:"sub_code"`
	SubMsg  string `json:"sub_msg"`
}

// Error is a refusal that Alipay signed.
type Error struct {
	Method string
	Code   string // of the gateway, such as 40004
	Sub    string // of the business, such as ACQ.TRADE_NOT_EXIST
	Text   string // for people
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s is refused: %s %s (%s)", e.Method, e.Code, e.Sub, e.Text)
}

// refusal returns the business code of an error, "" if it is another.
func refusal(err error) string {
	if e := new(Error); errors.As(err, &e) {
		return e.Sub
	}
	return ""
}

// params returns a signed request.
func (a *Client) params(method string, business map[string]any, extra url.Values) (url.Values, error) {
	content, err := json.Marshal(business)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", method, err)
	}
	p := url.Values{
		"app_id": {a.c.AppID}, "method": {method}, "format": {"JSON"}, "charset": {"utf-8"}, "sign_type": {signType},
		"timestamp": {format(a.now())}, "version": {"1.0"}, "biz_content": {string(content)},
	}
	for name, values := range extra {
		p[name] = values
	}
	return p, sign(a.key, p)
}

// call sends a request and reads the node of its answer into node. It fails
// with an *Error for a refusal that is signed; after any other error nobody
// knows what happened.
func (a *Client) call(ctx context.Context, method string, business map[string]any, node any) error {
	p, err := a.params(method, business, nil)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.c.Gateway, strings.NewReader(p.Encode()))
	if err != nil {
		return fmt.Errorf("write %s: %w", method, err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	body, err := a.fetch(r, maxAnswer)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	raw, err := a.open(method, body)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	var s status
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("read the answer to %s: %w", method, err)
	}
	if s.Code != success {
		return &Error{Method: method, Code: s.Code, Sub: s.SubCode, Text: s.SubMsg}
	}
	if err := json.Unmarshal(raw, node); err != nil {
		return fmt.Errorf("read the answer to %s: %w", method, err)
	}
	return nil
}

// fetch returns a body of at most limit bytes. Its errors hold no address.
func (a *Client) fetch(r *http.Request, limit int64) ([]byte, error) {
	res, err := a.http.Do(r)
	if ue := new(url.Error); errors.As(err, &ue) {
		err = ue.Err // without the address, which may be signed
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	switch {
	case err != nil:
		return nil, err
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the answer has status %d", res.StatusCode)
	case int64(len(body)) > limit:
		return nil, fmt.Errorf("the answer is longer than %d bytes", limit)
	}
	return body, nil
}

// open returns the raw bytes of the answer's node, once their signature is
// verified. What the gateway says in an error_response is not always signed:
// then it is an error like any other.
func (a *Client) open(method string, body []byte) ([]byte, error) {
	var nodes map[string]json.RawMessage
	if err := json.Unmarshal(body, &nodes); err != nil {
		return nil, fmt.Errorf("the answer is no JSON object: %w", err)
	}
	raw, ok := nodes[strings.ReplaceAll(method, ".", "_")+"_response"]
	if !ok {
		raw = nodes["error_response"]
	}
	var signature string
	if s, ok := nodes["sign"]; ok {
		if err := json.Unmarshal(s, &signature); err != nil {
			return nil, errSignature
		}
	}
	if !verified(a.alipay, raw, signature) {
		var s status
		_ = json.Unmarshal(raw, &s) // only for the log
		return nil, fmt.Errorf("%w (it says %.20q %.60q)", errSignature, s.Code, s.SubCode)
	}
	return raw, nil
}
