package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	jsonProtocol = "json"
	protobuf     = "protobuf"
)

// sdk is a Node process with clients of the npm SDK; it ends with its test.
type sdk struct {
	*node

	mu      sync.Mutex // guards clients
	clients map[string]*sdkClient
}

// sdkEvent is what the SDK told: its event's name (those of subscriptions
// begin with sub., of server-side ones with server.) and context.
type sdkEvent struct {
	Of, Event, Channel string
	Code               int
	Reason             string
	Data               json.RawMessage
	Offset             uint64
	Recovered          bool
	WasRecovering      bool
	Recoverable        bool
	Positioned         bool
	StreamPosition     *position
	at                 time.Time // when it was read here
}

func (e sdkEvent) String() string {
	return fmt.Sprintf("%s %s %d %s offset %d, recovered %t of %t, %.200s", e.Event, e.Channel, e.Code, e.Reason, e.Offset, e.Recovered, e.WasRecovering, e.Data)
}

// startSDK starts Node.
func startSDK(t testing.TB) *sdk {
	t.Helper()
	needModule(t, "ws")
	needModule(t, "centrifuge")
	d := &sdk{clients: map[string]*sdkClient{}}
	d.node = startNode(t, "sdk/driver.mjs", d.take)
	return d
}

// take keeps an event for the client that it is of.
func (d *sdk) take(raw []byte) {
	e := sdkEvent{at: time.Now()}
	if err := json.Unmarshal(raw, &e); err != nil {
		d.t.Errorf("the SDK says %s: %v", raw, err)
		return
	}
	d.mu.Lock()
	c := d.clients[e.Of]
	d.mu.Unlock()
	c.add(e)
}

// tell does something with one client.
func (d *sdk) tell(client, do string, args map[string]any) (json.RawMessage, error) {
	return d.call(do, client, args)
}

// sdkClient is one client of the SDK and what it has told so far.
type sdkClient struct {
	d    *sdk
	name string

	mu     sync.Mutex // guards what follows
	events []sdkEvent
	more   chan struct{} // closed, and a new one made, with every event
	seen   int           // events that await has passed
}

// opening are the options of a client.
type opening struct {
	url      string
	protocol string // "": JSON
	token    string // "": a guest
	getToken bool   // answer its "getToken" events with giveToken

	pingDelay time.Duration // how late the server's pings may be; 0: as usual
}

// open makes a client, which is not yet connected.
func (d *sdk) open(o opening) *sdkClient {
	d.t.Helper()
	if o.protocol == "" {
		o.protocol = jsonProtocol
	}
	d.mu.Lock()
	c := &sdkClient{d: d, name: fmt.Sprintf("client %d", len(d.clients)+1), more: make(chan struct{})}
	d.clients[c.name] = c
	d.mu.Unlock()
	c.must("open", map[string]any{
		"url": o.url, "protocol": o.protocol, "token": o.token, "getToken": o.getToken, "minDelay": 20, "maxDelay": 300,
		"pingDelay": o.pingDelay.Milliseconds(),
	})
	return c
}

// connected opens a client and waits until it is connected.
func (d *sdk) connected(o opening) *sdkClient {
	d.t.Helper()
	c := d.open(o)
	c.must("connect", nil)
	c.await("connected")
	return c
}

func (c *sdkClient) add(e sdkEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, e)
	close(c.more)
	c.more = make(chan struct{})
}

func (c *sdkClient) must(do string, args map[string]any) json.RawMessage {
	c.d.t.Helper()
	ok, err := c.d.tell(c.name, do, args)
	if err != nil {
		c.d.t.Fatalf("%s: %s: %v", c.name, do, err)
	}
	return ok
}

// refused does something that the server must refuse with this error.
func (c *sdkClient) refused(code int, message, do string, args map[string]any) {
	c.d.t.Helper()
	ok, err := c.d.tell(c.name, do, args)
	var refusal *nodeError
	if !errors.As(err, &refusal) || refusal.Code != code || message != "" && refusal.Message != message {
		c.d.t.Errorf("%s %v: got %s, %v; want error %d %s", do, args, ok, err, code, message)
	}
}

func (c *sdkClient) rpc(method string, data, out any) {
	c.d.t.Helper()
	ok := c.must("rpc", map[string]any{"method": method, "data": data})
	if err := json.Unmarshal(ok, out); err != nil {
		c.d.t.Fatalf("%s answers %s: %v", method, ok, err)
	}
}

func (c *sdkClient) subscribe(channel string) sdkEvent {
	c.d.t.Helper()
	c.must("subscribe", map[string]any{"channel": channel})
	return c.await("sub.subscribed")
}

func (c *sdkClient) giveToken(token string) {
	c.d.t.Helper()
	c.must("token", map[string]any{"token": token})
}

// await returns the next event of this name, after the one that the last call
// returned.
func (c *sdkClient) await(event string) sdkEvent {
	c.d.t.Helper()
	return c.awaitWhere(event, func(e sdkEvent) bool { return e.Event == event })
}

// awaitWhere returns the next event that is what is wanted, and passes those
// before it.
func (c *sdkClient) awaitWhere(wanted string, is func(sdkEvent) bool) sdkEvent {
	c.d.t.Helper()
	deadline := time.After(patience)
	for {
		c.mu.Lock()
		more := c.more
		for c.seen < len(c.events) {
			c.seen++
			if e := c.events[c.seen-1]; is(e) {
				c.mu.Unlock()
				return e
			}
		}
		c.mu.Unlock()
		select {
		case <-more:
		case <-deadline:
			c.d.t.Fatalf("%s: %s did not come within %s; it told %s", c.name, wanted, patience, c.story())
		}
	}
}

// awaitPost waits for the event of a post with this text.
func (c *sdkClient) awaitPost(text string) sdkEvent {
	c.d.t.Helper()
	return c.awaitWhere("the post "+text, func(e sdkEvent) bool {
		p, ok := e.post()
		return ok && p.Text == text
	})
}

// told returns all events so far that are wanted.
func (c *sdkClient) told(is func(sdkEvent) bool) []sdkEvent {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []sdkEvent
	for _, e := range c.events {
		if is(e) {
			all = append(all, e)
		}
	}
	return all
}

// story is the end of what the client told, for a failure's message.
func (c *sdkClient) story() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var s strings.Builder
	for _, e := range c.events[max(0, len(c.events)-12):] {
		fmt.Fprintf(&s, "\n  %s", e)
	}
	return s.String()
}

// posts returns the posts of all post.created so far, with their events.
func (c *sdkClient) posts() (posts []post, events []sdkEvent) {
	for _, e := range c.told(func(sdkEvent) bool { return true }) {
		if p, ok := e.post(); ok {
			posts, events = append(posts, p), append(events, e)
		}
	}
	return posts, events
}

// post reads a post.created.
func (e sdkEvent) post() (post, bool) {
	var p struct {
		Type string `json:"type"`
		Post post   `json:"post"`
	}
	if e.Event != "sub.publication" || json.Unmarshal(e.Data, &p) != nil {
		return post{}, false
	}
	return p.Post, p.Type == "post.created"
}

// kind is the type of a publication.
func (e sdkEvent) kind() string {
	var p struct {
		Type string `json:"type"`
	}
	_ = json.Unmarshal(e.Data, &p) // no JSON: no type
	return p.Type
}
