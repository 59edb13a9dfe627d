package player

import (
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// troupe is the people who act.
type troupe struct {
	crowd   *Crowd
	plan    Actors
	sockets []*client
	persons []*person     // for HTTP
	slots   chan struct{} // full while plan.AtOnce requests are under way
	turn    atomic.Uint64
	keys    atomic.Uint64
	runID   string         // tells this run's idempotency keys from another's
	wg      sync.WaitGroup // HTTP requests
}

const actorsAtOnce = 256

// assemble makes the troupe. Its sockets come like viewers do, if an action needs them.
func assemble(c *Crowd, p Actors, actions []Action) (*troupe, error) {
	orDefault(&p.AtOnce, actorsAtOnce)
	t := &troupe{crowd: c, plan: p, slots: make(chan struct{}, p.AtOnce), runID: rand.Text()}
	if p.HTTP == nil {
		t.plan.HTTP = &http.Client{Transport: &http.Transport{
			MaxIdleConns: p.AtOnce, MaxIdleConnsPerHost: p.AtOnce, IdleConnTimeout: time.Minute,
		}, Timeout: c.opts.CommandTimeout}
	}
	var socket, overHTTP bool
	for _, a := range actions {
		if err := a.check(p); err != nil {
			return nil, err
		}
		socket = socket || a.Kind != Publish && a.Over != HTTP
		overHTTP = overHTTP || a.Kind != Publish && a.Over == HTTP
	}
	if err := t.gatherSockets(socket); err != nil {
		return nil, err
	}
	t.gatherPersons()
	if socket && len(t.sockets) == 0 || overHTTP && len(t.persons) == 0 {
		return nil, errors.New("there is nobody with a token to act")
	}
	return t, nil
}

func (t *troupe) gatherSockets(needed bool) (err error) {
	switch {
	case !needed:
	case t.plan.Count > 0:
		v := Viewers{Count: t.plan.Count, URLs: t.plan.URLs, Tokens: t.plan.Tokens}
		t.sockets, err = t.crowd.join(&group{actors: true, Viewers: v})
	default:
		for _, c := range t.crowd.list() {
			if c.group.Tokens != nil && !c.group.Slow {
				t.sockets = append(t.sockets, c)
			}
		}
	}
	return err
}

func (t *troupe) gatherPersons() {
	if t.plan.Count > 0 && t.plan.Tokens != nil {
		for i := range t.plan.Count {
			t.persons = append(t.persons, &person{index: i, source: t.plan.Tokens})
		}
		return
	}
	for _, c := range t.crowd.list() {
		if c.group.Tokens != nil && !c.group.Slow {
			t.persons = append(t.persons, &person{index: c.index, source: c.group.Tokens})
		}
	}
}

// people is how many can act.
func (t *troupe) people() uint64 {
	return uint64(max(len(t.sockets), len(t.persons), 1)) //nolint:gosec // a length
}

// play does one action until its schedule ends or ctx does. What has begun goes on until life ends.
func (t *troupe) play(ctx, life context.Context, a Action, start, end time.Time, seed uint64) {
	from, to := window(start, end, a.After, a.For)
	s := schedule{start: from, end: to, rate: a.Rate}
	if a.Poisson {
		s.rng = mathrand.New(mathrand.NewPCG(seed, 1)) //nolint:gosec // it can be repeated
	}
	for k := uint64(0); ; k++ {
		at, ok := s.next()
		if !ok {
			return
		}
		inTime := sleepUntil(ctx, at)
		if !inTime && at.After(time.Now()) {
			return // interrupted
		}
		e := t.errand(a, k, at)
		t.crowd.rec.planned(e.name)
		switch {
		case !inTime && (a.Kind == Publish || a.Over == HTTP): // it waited for a free slot until the end
			t.crowd.rec.answered(e.name, 0, outcome{code: "unsent"})
		case a.Kind == Publish:
			t.overHTTP(life, e.name, at, t.publication(a, k, at))
		case a.Over == HTTP:
			t.overHTTP(life, e.name, at, t.request(e))
		default:
			t.overSocket(e)
		}
	}
}

// overSocket gives the errand to the actor whose turn it is, or to the next who is connected.
func (t *troupe) overSocket(e errand) {
	n := uint64(len(t.sockets))
	data := e.rpc()
	for i := range n {
		if t.sockets[(e.actor+i)%n].call(e.name, e.name, data, e.planned) {
			return
		}
	}
	t.crowd.rec.answered(e.name, 0, outcome{code: "offline"})
}

// overHTTP does a request in a goroutine. While too many are under way it
// waits, and the time of waiting is a part of the latencies that follow.
func (t *troupe) overHTTP(life context.Context, name string, planned time.Time, do func(context.Context) outcome) {
	select {
	case t.slots <- struct{}{}:
	case <-life.Done():
		t.crowd.rec.answered(name, 0, outcome{code: "unsent"})
		return
	}
	t.wg.Go(func() {
		o := do(life)
		t.crowd.rec.answered(name, time.Since(planned), o)
		<-t.slots
	})
}

// answered waits for all answers, until ctx ends; what is missing then has failed.
func (t *troupe) answered(ctx context.Context) {
	_ = await(ctx, func() bool {
		for _, c := range t.sockets {
			c.mu.Lock()
			n := len(c.calls)
			c.mu.Unlock()
			if n > 0 {
				return false
			}
		}
		return len(t.slots) == 0
	})
	for _, c := range t.sockets {
		c.mu.Lock()
		c.failCallsLocked("timeout", time.Time{})
		c.mu.Unlock()
	}
}

// close waits for the requests; the life they were given must have ended.
func (t *troupe) close() {
	t.wg.Wait()
	t.plan.HTTP.CloseIdleConnections()
}
