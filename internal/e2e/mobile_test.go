package e2e

import (
	"syscall"
	"testing"
	"time"
)

const (
	quickPing = "?ping=10" // the shortest that a client may ask for: then all is noticed soon
	slowLine  = 20_000 / 8 // bytes a second
)

// phone is a client of the SDK on a line of its own, who looks at a circle.
type phone struct {
	*sdkClient
	s      *server
	line   *line
	owner  person
	circle circle
	want   []string // posts, in their order
}

func newPhone(t *testing.T, s *server, rate int, query, protocol string) *phone {
	t.Helper()
	p := &phone{s: s, owner: s.person(), line: startLine(t, s.address, rate)}
	p.circle = s.circle(p.owner)
	p.sdkClient = startSDK(t).connected(opening{
		url: p.line.socketURL() + query, protocol: protocol, token: p.owner.Token, pingDelay: time.Second,
	})
	p.subscribe(p.circle.channel())
	p.write("before")
	p.awaitPost("before")
	return p
}

// write posts on another line.
func (p *phone) write(texts ...string) {
	p.s.t.Helper()
	for _, text := range texts {
		p.s.post(p.owner, p.circle, text)
		p.want = append(p.want, text)
	}
}

// wantResumed waits until the client has subscribed again, with all that it
// missed, and gets what is new.
func (p *phone) wantResumed() {
	p.s.t.Helper()
	if e := p.await("sub.subscribed"); !e.WasRecovering || !e.Recovered {
		p.s.t.Errorf("subscribed again: %s", e)
	}
	p.write("after")
	p.awaitPost("after")
	p.wantPosts(p.want)
	if gone := p.told(func(e sdkEvent) bool { return e.Event == "disconnected" }); len(gone) > 0 {
		p.s.t.Errorf("it gave up: %s", gone)
	}
}

// A phone sleeps, and its connection with it, longer than the server waits for
// an answer to its ping.
func TestAPhoneSleeps(t *testing.T) {
	t.Parallel()
	p := newPhone(t, start(t, settings{}), 0, quickPing, jsonProtocol)
	wake := p.line.sleep()
	defer wake()
	p.stop(true)
	defer p.stop(false)
	p.write(texts(40)...)
	p.s.awaitMetric("lifecircle_clients", 0) // it was given up
	if *fullSize {
		pass(5 * time.Minute)
	}
	p.stop(false)
	wake()
	p.await("connecting")
	p.wantResumed()
}

// stop halts the client's process, or lets it go on.
func (p *phone) stop(halt bool) {
	p.s.t.Helper()
	signal := syscall.SIGCONT
	if halt {
		signal = syscall.SIGSTOP
	}
	if err := p.d.process.Signal(signal); err != nil {
		p.s.t.Error(err)
	}
}

// A phone changes its network: its address is another one, and of the old
// connection nobody hears any more.
func TestAPhoneChangesItsAddress(t *testing.T) {
	t.Parallel()
	p := newPhone(t, start(t, settings{}), 0, quickPing, protobuf)
	p.line.move()
	p.write(texts(40)...)
	p.await("connecting")
	p.wantResumed()
	p.s.awaitMetric("lifecircle_clients", 1) // the old connection was given up, too
}

// A phone lives on 20 kbit/s.
func TestAPhoneOnASlowLine(t *testing.T) {
	t.Parallel()
	var phones []*phone
	for _, protocol := range []string{jsonProtocol, protobuf} {
		phones = append(phones, newPhone(t, shared.get(t), slowLine, quickPing, protocol))
	}
	for _, p := range phones {
		for _, text := range texts(10) {
			p.write(text)
			p.awaitPost(text)
		}
		p.line.move()
		p.write(texts(20)...)
	}
	for _, p := range phones {
		p.await("connecting")
		p.wantResumed()
	}
}

// awaitMetric waits until a number of /metrics is as wanted.
func (s *server) awaitMetric(name string, want float64) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(pollEvery) {
		is := s.mustMetric(name)
		if is == want {
			return
		}
		if time.Now().After(deadline) {
			s.t.Errorf("%s is %v, want %v", name, is, want)
			return
		}
	}
}
