package player

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	defaultConnectTimeout = time.Minute
	defaultSettleTimeout  = 15 * time.Second
)

// Run plays the plan. progress, which may be nil, is called once a second, never
// twice at once. When ctx ends the run stops early, settles, and the Result
// says "interrupted". An error means that the plan could not be carried out:
// nobody could connect, or it makes no sense; the Result is what there is.
func Run(ctx context.Context, p Plan, progress func(Snapshot)) (Result, error) {
	if p.Duration <= 0 || len(p.Viewers) == 0 && p.Actors.Count == 0 {
		return Result{}, errors.New("a plan needs a duration, and viewers or actors")
	}
	crowd, err := NewCrowd(CrowdOptions{Dial: p.Dial, Reconnect: p.Reconnect, Seed: p.Seed})
	if err != nil {
		return Result{}, err
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	r := &run{plan: p, crowd: crowd, sampler: newSampler(crowd, progress), life: life, end: end}
	if p.OnPhase == nil {
		r.plan.OnPhase = func(Phase) {}
	}
	return r.play(ctx)
}

// run is one Run.
type run struct {
	plan    Plan
	crowd   *Crowd
	troupe  *troupe
	sampler *sampler
	life    context.Context // of what has begun when the run is interrupted
	end     context.CancelFunc
	heads   map[string]Head
	began   time.Time // of the measured part
	ended   time.Time
	bytes   int64 // read within it
}

func (r *run) phase(p Phase) {
	r.plan.OnPhase(p)
	r.sampler.phase(p, r.began.Add(r.plan.Duration))
}

func (r *run) play(ctx context.Context) (Result, error) {
	r.phase(Connecting)
	r.sampler.start()
	err := r.gather(ctx)
	if err == nil {
		r.measure(ctx)
		err = r.settle(context.WithoutCancel(ctx))
	}
	r.phase(Done)
	r.end()
	if r.troupe != nil {
		r.troupe.close()
	}
	series := r.sampler.stop()
	result := r.crowd.Close(r.heads) //nolint:contextcheck // an interrupted run says goodbye too
	result.Series = series
	result.StartedAt, result.MeasuredBytes = r.began, r.bytes
	result.Measured = r.ended.Sub(r.began).Seconds()
	result.Ended = "as planned"
	if ctx.Err() != nil {
		result.Ended = "interrupted"
	}
	return result, err
}

// gather lets everybody come.
func (r *run) gather(ctx context.Context) (err error) {
	for _, v := range r.plan.Viewers {
		if err := r.crowd.Join(v); err != nil {
			return err
		}
	}
	if r.troupe, err = assemble(r.crowd, r.plan.Actors, r.plan.Actions); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, r.connectTimeout())
	defer cancel()
	if err := r.crowd.Ready(ctx); err != nil {
		return fmt.Errorf("connect: %w%s", err, r.reasons())
	}
	if r.crowd.swarm.Stats().Open == 0 {
		return fmt.Errorf("connect: everybody was sent away%s", r.reasons())
	}
	return nil
}

// reasons tell why people could not come.
func (r *run) reasons() string {
	rec := r.crowd.rec
	rec.mu.Lock()
	defer rec.mu.Unlock()
	s := ""
	for what, counts := range map[string]map[string]int64{"dialling": rec.dialErrors, "errors": rec.errors, "closed with": rec.closes} {
		if len(counts) > 0 {
			s += fmt.Sprintf("; %s: %v", what, counts)
		}
	}
	return s
}

func (r *run) connectTimeout() time.Duration {
	if r.plan.ConnectTimeout > 0 {
		return r.plan.ConnectTimeout
	}
	d := defaultConnectTimeout
	for _, v := range r.plan.Viewers {
		if v.Rate > 0 {
			d += time.Duration(float64(v.Count) / v.Rate * float64(time.Second))
		}
	}
	return d
}

// measure is the measured part.
func (r *run) measure(ctx context.Context) {
	r.began = time.Now()
	before := r.crowd.swarm.Stats().BytesIn
	r.phase(Measuring)
	end := r.began.Add(r.plan.Duration)
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	var wg sync.WaitGroup
	for i, a := range r.plan.Actions {
		wg.Go(func() { r.troupe.play(ctx, r.life, a, r.began, end, r.plan.Seed+uint64(i)) }) //nolint:gosec // few actions
	}
	for _, cut := range r.plan.Cuts {
		wg.Go(func() { r.crowd.cutting(ctx, cut, r.began, end) })
	}
	<-ctx.Done()
	r.ended = time.Now()
	r.bytes = r.crowd.swarm.Stats().BytesIn - before
	r.phase(Settling)
	stuck := time.AfterFunc(r.settleTimeout(), r.end) // actions that wait for a free slot
	wg.Wait()
	stuck.Stop()
}

func (r *run) settleTimeout() time.Duration {
	if r.plan.SettleTimeout > 0 {
		return r.plan.SettleTimeout
	}
	return defaultSettleTimeout
}

// settle waits for answers and for the last publications. Viewers who do not
// get them are no error: they will be judged.
func (r *run) settle(ctx context.Context) error {
	answering, cancel := context.WithTimeout(ctx, r.settleTimeout())
	defer cancel()
	r.troupe.answered(answering)
	if len(r.plan.Viewers) == 0 {
		return nil
	}
	asking, stop := context.WithTimeout(ctx, r.settleTimeout())
	defer stop()
	var err error
	if r.heads, err = r.crowd.Heads(asking); err != nil {
		return err
	}
	settling, done := context.WithTimeout(ctx, r.settleTimeout())
	defer done()
	_ = r.crowd.Settle(settling, r.heads)
	return nil
}
