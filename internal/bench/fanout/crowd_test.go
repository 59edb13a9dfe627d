package fanout

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"lifecircle/cmd/circleload/swarm"
)

// crowd is many clients of one server. Each has one subscription and checks
// that the offsets of what it gets follow each other.
type crowd struct {
	tb      testing.TB
	swarm   *swarm.Swarm
	target  swarm.Target
	bare    bool // handshakes are all that is wanted of the server
	viewers []*viewer

	mu       sync.Mutex // guards what follows, and the viewers
	changed  chan struct{}
	joined   int // clients that are subscribed, or connected if bare
	open     int
	received int // publications, recovered ones excepted
	latency  []time.Duration
	cutting  bool // the ends of connections are wanted
	faults   []string
}

type viewer struct {
	conn      *swarm.Conn
	channel   string
	epoch     string
	offset    uint64 // of the last publication
	came      bool   // it has a position
	recovered bool   // the last subscription went on from it
}

const (
	unjoinedAtOnce = 4000             // below the usual net.core.somaxconn, beyond which the kernel loses connects
	patience       = 60 * time.Second // for what must come
	maxFaults      = 5
)

// newCrowd connects a client for each of the channels and waits for all subscriptions.
func newCrowd(tb testing.TB, addr string, channels []string, bare bool) *crowd {
	tb.Helper()
	c := &crowd{tb: tb, bare: bare, changed: make(chan struct{}, 1)}
	c.target = swarm.Target{URL: "ws://" + addr + "/connection/websocket", Subprotocol: "centrifuge-json"}
	var err error
	if c.swarm, err = swarm.New(swarm.Options{Handler: c, Loops: 1, HandshakeTimeout: patience}); err != nil {
		tb.Fatal(err)
	}
	for _, channel := range channels {
		c.viewers = append(c.viewers, &viewer{channel: channel})
	}
	c.join()
	return c
}

// close ends all connections.
func (c *crowd) close() {
	c.mu.Lock()
	c.cutting = true
	c.mu.Unlock()
	c.swarm.Close()
}

// join connects all clients, and subscribes them from where they were.
func (c *crowd) join() {
	c.tb.Helper()
	for i, v := range c.viewers {
		c.await("subscriptions", func() bool { return i-c.joined < unjoinedAtOnce })
		t := c.target
		t.Data = v
		c.swarm.Open(t, c.opened)
	}
	c.await("subscriptions", func() bool { return c.joined == len(c.viewers) })
}

// cut aborts all connections.
func (c *crowd) cut() {
	c.tb.Helper()
	c.mu.Lock()
	c.cutting = true
	conns := make([]*swarm.Conn, len(c.viewers))
	for i, v := range c.viewers {
		conns[i] = v.conn
	}
	c.mu.Unlock()
	for _, conn := range conns {
		conn.Abort()
	}
	c.await("the ends of connections", func() bool { return c.open == 0 })
	c.mu.Lock()
	c.cutting, c.joined = false, 0
	c.mu.Unlock()
}

// await waits until enough is true; it is called with the crowd locked.
func (c *crowd) await(what string, enough func() bool) {
	c.tb.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		c.mu.Lock()
		done, faults, joined, received := enough(), c.faults, c.joined, c.received
		c.mu.Unlock()
		if len(faults) > 0 {
			c.tb.Fatalf("clients saw: %q", faults)
		}
		if done {
			return
		}
		select {
		case <-c.changed:
		case <-late.C:
			c.tb.Fatalf("waited too long for %s: %d joined, %d publications received", what, joined, received)
		}
	}
}

// unlock ends what the swarm's goroutine does with the crowd.
func (c *crowd) unlock() {
	c.mu.Unlock()
	select {
	case c.changed <- struct{}{}:
	default: // somebody is about to look anyway
	}
}

func (c *crowd) faultLocked(format string, args ...any) {
	if len(c.faults) < maxFaults {
		c.faults = append(c.faults, fmt.Sprintf(format, args...))
	}
}

func (c *crowd) opened(conn *swarm.Conn, err error) {
	c.mu.Lock()
	defer c.unlock()
	if err != nil {
		c.faultLocked("connect: %v", err)
		return
	}
	c.open++
	v := conn.Data.(*viewer) //nolint:forcetypeassert // there are no others
	v.conn = conn
	if c.bare {
		c.joined++
		return
	}
	resume := ""
	if v.came {
		resume = `,"recover":true,"epoch":` + strconv.Quote(v.epoch) + `,"offset":` + strconv.FormatUint(v.offset, 10)
	}
	c.sendLocked(conn, `{"id":1,"connect":{}}`+"\n"+`{"id":2,"subscribe":{"channel":`+strconv.Quote(v.channel)+resume+`}}`)
}

func (c *crowd) sendLocked(conn *swarm.Conn, text string) {
	if err := conn.SendText([]byte(text)); err != nil {
		c.faultLocked("send: %v", err)
	}
}

// Closed implements swarm.Handler.
func (c *crowd) Closed(_ *swarm.Conn, code int, reason string, err error) {
	c.mu.Lock()
	defer c.unlock()
	c.open--
	if !c.cutting {
		c.faultLocked("closed with %d %s: %v", code, reason, err)
	}
}

// Message implements swarm.Handler.
func (c *crowd) Message(conn *swarm.Conn, payload []byte, at time.Time) {
	c.mu.Lock()
	defer c.unlock()
	v := conn.Data.(*viewer) //nolint:forcetypeassert // there are no others
	for line := range bytes.SplitSeq(payload, []byte("\n")) {
		switch {
		case bytes.HasPrefix(line, []byte(`{"push":`)):
			c.pushLocked(v, line, at)
		case string(line) == "{}":
			c.sendLocked(conn, "{}")
		case bytes.HasPrefix(line, []byte(`{"id":2,"subscribe":`)):
			if err := v.subscribed(line); err != nil {
				c.faultLocked("%v: %.200s", err, line)
			}
			c.joined++
		case !bytes.HasPrefix(line, []byte(`{"id":1,"connect":`)):
			c.faultLocked("answer %.200s", line)
		}
	}
}

func (c *crowd) pushLocked(v *viewer, line []byte, at time.Time) {
	planned, rest, ok := number(line, messageHead)
	if !ok {
		return // the number of viewers
	}
	offset, _, ok := number(rest, fieldOffset)
	if !ok || offset != v.offset+1 {
		c.faultLocked("offset %d after %d on %s", offset, v.offset, v.channel)
	}
	v.offset = offset
	c.received++
	c.latency = append(c.latency, at.Sub(time.Unix(0, int64(planned))))
}

// What is looked for in messages: to parse them whole would cost more than the server does.
const (
	fieldOffset    = `"offset":`
	fieldEpoch     = `"epoch":"`
	fieldRecovered = `"recovered":true`
)

var errNotRecovered = errors.New("not recovered")

// subscribed takes the position from the reply, and the publications that were missed.
func (v *viewer) subscribed(reply []byte) error {
	_, epoch, _ := bytes.Cut(reply, []byte(fieldEpoch))
	epoch, _, _ = bytes.Cut(epoch, []byte(`"`))
	last := v.offset
	for offset, rest, ok := number(reply, fieldOffset); ok; offset, rest, ok = number(rest, fieldOffset) {
		switch {
		case !v.came || offset == last+1:
			last = offset
		case offset != v.offset: // a reply that recovers repeats where from
			return fmt.Errorf("%w: offset %d after %d", errNotRecovered, offset, last)
		}
	}
	if v.came && (string(epoch) != v.epoch || !bytes.Contains(reply, []byte(fieldRecovered))) {
		return errNotRecovered
	}
	v.recovered = v.came
	v.epoch, v.offset, v.came = string(epoch), last, true
	return nil
}

// number finds the number after the first occurrence of name.
func number(in []byte, name string) (n uint64, rest []byte, ok bool) {
	_, rest, ok = bytes.Cut(in, []byte(name))
	if !ok {
		return 0, nil, false
	}
	end := 0
	for end < len(rest) && '0' <= rest[end] && rest[end] <= '9' {
		n, end = n*10+uint64(rest[end]-'0'), end+1
	}
	return n, rest[end:], end > 0
}

// forget begins to count anew.
func (c *crowd) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.received, c.latency = 0, c.latency[:0]
}

// percentile is the latency that the given part of the deliveries did not exceed, in milliseconds.
func (c *crowd) percentile(part float64) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.latency) == 0 {
		return 0
	}
	slices.Sort(c.latency)
	return millis(c.latency[int(float64(len(c.latency)-1)*part)])
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
