package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"lifecircle/cmd/circleload/swarm"
	"lifecircle/hub/wire"
)

// likeStorm is people who like and unlike one post, each over a socket of his
// own, and guests who see its counts. Each of the people waits for an answer
// before he asks again, so that it is known what he was told last. It ends with
// its test.
type likeStorm struct {
	s       *stage
	post    string
	likers  []*liker
	viewers []*viewer
	rng     *rand.Rand // of the goroutine that has people like

	waiting atomic.Int64 // likers who have asked and not been answered
	faults  atomic.Int64

	mu   sync.Mutex // guards what follows; a leaf
	sum  tally      // of answers
	last time.Time  // when the last answer came that was no refusal
}

// tally counts likes and unlikes.
type tally struct {
	planned int // as many as their rate says
	missed  int // of them: nobody asked, for all waited for an answer
	done    int
	refused int // with 111
	took    time.Duration
}

func (t tally) String() string {
	return fmt.Sprintf("%d planned, %d missed, %d done, %d refused in %.1f s: %.0f a second done",
		t.planned, t.missed, t.done, t.refused, t.took.Seconds(), float64(t.done)/t.took.Seconds())
}

const (
	joinersAtOnce = 100 // sockets that are being opened
	shownFaults   = 10  // the others are counted
	askEvery      = 5 * time.Millisecond
)

// Numbers of commands. Those of a liker follow.
const (
	connectCommand   = 1
	subscribeCommand = 2
)

// newLikeStorm connects everybody.
func (s *stage) newLikeStorm(likers, viewers int) *likeStorm {
	s.t.Helper()
	l := &likeStorm{s: s, post: s.world.Posts[0], rng: rand.New(rand.NewPCG(s.seed, 1))}
	sockets, err := swarm.New(swarm.Options{Handler: l})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		sockets.Close()
		if n := l.faults.Load(); n > shownFaults {
			s.t.Errorf("%d faults", n)
		}
	})
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*patience)
	defer cancel()
	var joining []func() error
	for i := range likers {
		p := &liker{storm: l, id: subscribeCommand, socket: newSocket()}
		l.likers = append(l.likers, p)
		joining = append(joining, func() error {
			return p.join(ctx, sockets, s.sockets()[0], p,
				&wire.Command{ID: connectCommand, Connect: &wire.ConnectRequest{Token: s.world.Users[i].Token}})
		})
	}
	for range viewers {
		v := &viewer{storm: l, socket: newSocket()}
		l.viewers = append(l.viewers, v)
		joining = append(joining, func() error {
			return v.join(ctx, sockets, s.sockets()[0], v,
				&wire.Command{ID: connectCommand, Connect: &wire.ConnectRequest{}},
				&wire.Command{ID: subscribeCommand, Subscribe: &wire.SubscribeRequest{Channel: s.world.Channels()[0]}})
		})
	}
	if err := allOf(joining); err != nil {
		s.t.Fatal(err)
	}
	return l
}

// allOf calls all, some at the same time, and returns what went wrong.
func allOf(calls []func() error) error {
	errs := make([]error, joinersAtOnce)
	var callers sync.WaitGroup
	for first := range joinersAtOnce {
		callers.Go(func() {
			for i := first; i < len(calls) && errs[first] == nil; i += joinersAtOnce {
				errs[first] = calls[i]()
			}
		})
	}
	callers.Wait()
	return errors.Join(errs...)
}

// like has people like and unlike the post, whoever is free, at the times that
// the rate says, and waits for all answers.
func (l *likeStorm) like(rate float64, lasts time.Duration) tally {
	l.s.t.Helper()
	l.mu.Lock()
	l.sum = tally{}
	l.mu.Unlock()
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	begin, asked, missed, planned := time.Now(), 0, 0, int(rate*lasts.Seconds())
	for asked < planned {
		<-tick.C
		for due := min(planned, int(time.Since(begin).Seconds()*rate)); asked < due; asked++ {
			if !l.askSomebody() {
				missed++
			}
		}
	}
	if !l.await(func() bool { return l.waiting.Load() == 0 }) {
		l.s.t.Fatalf("%d likes were not answered within %s", l.waiting.Load(), patience)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := l.sum
	sum.planned, sum.missed, sum.took = planned, missed, l.last.Sub(begin)
	return sum
}

// askSomebody returns false if all wait for an answer.
func (l *likeStorm) askSomebody() bool {
	n := len(l.likers)
	if l.waiting.Load() == int64(n) {
		return false
	}
	first := l.rng.IntN(n)
	for i := range n {
		if l.likers[(first+i)%n].ask() {
			return true
		}
	}
	return false
}

// await returns false if it did not come true in time.
func (l *likeStorm) await(is func() bool) bool {
	deadline := time.After(patience)
	for !is() {
		select {
		case <-deadline:
			return false
		case <-time.After(pollEvery):
		}
	}
	return true
}

func (l *likeStorm) fault(format string, args ...any) {
	if l.faults.Add(1) <= shownFaults {
		l.s.t.Errorf(format, args...)
	}
}

func (l *likeStorm) lastDone() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Message implements swarm.Handler.
func (l *likeStorm) Message(c *swarm.Conn, frame []byte, at time.Time) {
	messages, err := wire.DecodeReplies(wire.JSON, frame)
	if err != nil {
		l.fault("undecodable: %v: %.200q", err, frame)
	}
	for _, m := range messages {
		switch to := c.Data.(type) {
		case *liker:
			to.take(c, m, at)
		case *viewer:
			to.take(c, m, at)
		}
	}
}

// Closed implements swarm.Handler.
func (l *likeStorm) Closed(_ *swarm.Conn, code int, reason string, err error) {
	if !errors.Is(err, swarm.ErrAborted) { // which is the end of the test
		l.fault("a socket was closed: %d %s, %v", code, reason, err)
	}
}

// socket is what likers and viewers have in common.
type socket struct {
	conn    *swarm.Conn   // set by join
	replies chan outcomes // to what join sends, one at a time
}

// outcomes is how a command ended.
type outcomes struct {
	command uint32
	err     *wire.Error
}

func newSocket() socket { return socket{replies: make(chan outcomes, subscribeCommand)} }

// join opens the socket and sends commands one after the other, each of which must succeed.
func (s *socket) join(ctx context.Context, w *swarm.Swarm, url string, data any, cmds ...*wire.Command) (err error) {
	if s.conn, err = w.Dial(ctx, swarm.Target{URL: url, Subprotocol: "centrifuge-json", Data: data}); err != nil {
		return err
	}
	for _, cmd := range cmds {
		if err := s.send(cmd); err != nil {
			return err
		}
		select {
		case r := <-s.replies:
			if r.command != cmd.ID || r.err != nil {
				return fmt.Errorf("command %d: answered %d, %+v", cmd.ID, r.command, r.err)
			}
		case <-ctx.Done():
			return fmt.Errorf("command %d: no answer: %w", cmd.ID, ctx.Err())
		}
	}
	return nil
}

func (s *socket) send(cmd *wire.Command) error {
	frame, err := wire.AppendCommand(nil, wire.JSON, cmd)
	if err != nil {
		return err
	}
	return s.conn.SendText(frame)
}

// common takes a message that is the same for all; false: it is something else.
func (s *socket) common(c *swarm.Conn, m wire.ServerMessage) bool {
	switch {
	case m.Ping:
		_ = c.SendText([]byte("{}")) // the pong; if it is lost, the server closes
	case m.Reply != nil && m.Reply.ID <= subscribeCommand:
		s.replies <- outcomes{m.Reply.ID, m.Reply.Error} // has room
	default:
		return false
	}
	return true
}

// liker is one who likes and unlikes in turn.
type liker struct {
	socket
	storm *likeStorm

	mu    sync.Mutex // guards what follows; taken before the storm's
	id    uint32     // of the last command
	asked bool       // and it is not answered
	liked bool       // as acknowledged last
}

func (p *liker) likes() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.liked
}

// ask sends the next like or unlike. It returns false if the last one is not answered.
func (p *liker) ask() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked {
		return false
	}
	method := "like"
	if p.liked {
		method = "unlike"
	}
	p.asked = true
	p.id++
	p.storm.waiting.Add(1)
	if err := p.send(&wire.Command{ID: p.id, RPC: &wire.RPCRequest{Method: method, Data: []byte(`{"post_id":"` + p.storm.post + `"}`)}}); err != nil {
		p.storm.fault("%s: %v", method, err)
	}
	return true
}

const refusedCode = 111 // with it nothing has changed

func (p *liker) take(c *swarm.Conn, m wire.ServerMessage, at time.Time) {
	if p.common(c, m) || m.Reply == nil {
		return
	}
	l := p.storm
	p.mu.Lock()
	defer p.mu.Unlock()
	if m.Reply.ID != p.id || !p.asked {
		l.fault("an answer to command %d, the last one is %d", m.Reply.ID, p.id)
		return
	}
	p.asked = false
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting.Add(-1)
	if e := m.Reply.Error; e != nil {
		l.sum.refused++
		if e.Code != refusedCode {
			l.fault("refused with %d %s", e.Code, e.Message)
		}
		return
	}
	var state struct{ Liked bool }
	if r := m.Reply.RPC; r == nil || json.Unmarshal(r.Data, &state) != nil || state.Liked == p.liked {
		l.fault("like or unlike while liked is %t: answered %+v", p.liked, r)
	}
	p.liked = state.Liked
	l.sum.done++
	l.last = at
}

// viewer is a guest who sees the counts.
type viewer struct {
	socket
	storm *likeStorm

	mu    sync.Mutex // guards what follows
	times []time.Time
	last  seenCounts
}

// seenCounts are what a viewer was told, and when.
type seenCounts struct {
	counts
	at time.Time
}

func (v *viewer) newest() seenCounts {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.last
}

// arrivals are when messages of counts came; only after the last one.
func (v *viewer) arrivals() []time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.times
}

func (v *viewer) take(c *swarm.Conn, m wire.ServerMessage, at time.Time) {
	if v.common(c, m) || m.Push == nil || m.Push.Pub == nil {
		return
	}
	is, ok := countsOf(sdkEvent{Event: "sub.publication", Data: m.Push.Pub.Data}, post{ID: v.storm.post})
	if !ok {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.times = append(v.times, at)
	if is.Version < v.last.Version {
		v.storm.fault("version %d follows %d", is.Version, v.last.Version)
	}
	if is.Version != v.last.Version {
		v.last = seenCounts{is, at}
	}
}
