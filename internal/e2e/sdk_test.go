package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	patience = 30 * time.Second // for anything that should happen soon, on a loaded machine

	jsonProtocol = "json"
	protobuf     = "protobuf"
)

// sdk is a Node process with clients of the npm SDK; it ends with its test.
type sdk struct {
	t     testing.TB
	stdin io.WriteCloser
	ended chan struct{} // closed when nothing more is said

	mu      sync.Mutex // guards what follows
	calls   int        // numbers them
	answers map[int]chan sdkAnswer
	clients map[string]*sdkClient
	faults  []string // what the SDK threw where nobody catches
}

type sdkError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *sdkError) Error() string { return fmt.Sprintf("%d %s", e.Code, e.Message) }

type sdkAnswer struct {
	OK    json.RawMessage `json:"ok"`
	Error *sdkError       `json:"error"`
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

// startSDK starts Node.
func startSDK(t testing.TB) *sdk {
	t.Helper()
	needModule(t, "ws")
	needModule(t, "centrifuge")
	cmd := exec.Command(needTool(t, "node"), filepath.Join("sdk", "driver.mjs"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &sdk{t: t, stdin: stdin, ended: make(chan struct{}), answers: map[int]chan sdkAnswer{}, clients: map[string]*sdkClient{}}
	go d.listen(stdout)
	t.Cleanup(func() {
		_ = stdin.Close() // Node ends by itself
		select {
		case <-d.ended:
		case <-time.After(patience):
			t.Error("Node does not end")
			_ = cmd.Process.Kill()
			<-d.ended
		}
		if err := cmd.Wait(); err != nil || stderr.Len() > 0 || len(d.faults) > 0 {
			t.Errorf("Node ended with %v: %s%v", err, &stderr, d.faults)
		}
	})
	return d
}

// listen hands on what Node says until it ends.
func (d *sdk) listen(stdout io.Reader) {
	defer close(d.ended)
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var said struct {
			Re *int `json:"re"`
			sdkAnswer
			sdkEvent
		}
		if err := json.Unmarshal(line, &said); err != nil {
			d.t.Errorf("Node says %q: %v", line, err)
			continue
		}
		said.at = time.Now()
		d.mu.Lock()
		switch {
		case said.Re != nil:
			d.answers[*said.Re] <- said.sdkAnswer // has room
			delete(d.answers, *said.Re)
		case said.Event == "fault":
			d.faults = append(d.faults, said.Reason)
		default:
			d.clients[said.Of].add(said.sdkEvent)
		}
		d.mu.Unlock()
	}
}

// tell sends a command and waits for its answer.
func (d *sdk) tell(client, do string, args map[string]any) (json.RawMessage, error) {
	d.mu.Lock()
	d.calls++
	answer := make(chan sdkAnswer, 1)
	d.answers[d.calls] = answer
	command := map[string]any{"id": d.calls, "client": client, "do": do}
	for k, v := range args {
		command[k] = v
	}
	line, err := json.Marshal(command)
	if err == nil {
		_, err = d.stdin.Write(append(line, '\n'))
	}
	d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case a := <-answer:
		if a.Error != nil {
			return nil, a.Error
		}
		return a.OK, nil
	case <-d.ended:
		return nil, errors.New("Node has ended")
	case <-time.After(patience):
		return nil, fmt.Errorf("no answer to %s", do)
	}
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
	var refusal *sdkError
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
		fmt.Fprintf(&s, "\n  %s %s %d %s %d %.200s", e.Event, e.Channel, e.Code, e.Reason, e.Offset, e.Data)
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
