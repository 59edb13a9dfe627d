package e2e

import (
	"testing"
	"time"

	"lifecircle/cmd/circleload/player"
)

// Every subscriber sees every event of its circle once, in order, however often
// connections end.
func TestPromiseOrder(t *testing.T) {
	t.Parallel()
	size := sized(
		orderSize{viewers: 200, circles: 10, events: 50, cuts: 20, lasts: 10 * time.Second},
		orderSize{viewers: 2_000, circles: 100, events: 200, cuts: 1_000. / 60, lasts: 10 * time.Minute})
	r := startRedis(t)
	s := newStage(t, actors, size.circles, startNodes(t, 2, settings{redisURL: r.URL()})...)
	p := s.plan(size.viewers, size.events, size.lasts)
	p.Cuts = []player.Cut{{Rate: size.cuts}}
	res := s.play(p, nil)
	s.wantAllDelivered(res)
	if want := int64(size.cuts * size.lasts.Seconds() * 9 / 10); res.Cuts < want || res.Unrecovered > 0 {
		t.Errorf("%d connections were cut, want %d; %d subscriptions began anew", res.Cuts, want, res.Unrecovered)
	}
}

type orderSize struct {
	viewers, circles int
	events, cuts     float64 // a second, in all
	lasts            time.Duration
}
