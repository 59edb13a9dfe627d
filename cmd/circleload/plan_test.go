package main

import (
	"io"
	"testing"
	"time"

	"lifecircle/cmd/circleload/player"
	"lifecircle/cmd/circleload/scenario"
	"lifecircle/hub/wire"
)

func parsed(t *testing.T, args ...string) *runFlags {
	t.Helper()
	asked, err := parse(append([]string{"run"}, args...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return asked.run
}

func TestFlagsReplaceTheNumbers(t *testing.T) {
	t.Parallel()
	f := parsed(t, "slow-clients", "--viewers=7", "--slow-viewers=3", "--circles=5", "--each=2", "--actors=1", "--duration=3s", "--rate=2.5", "--bytes=99", "--connect-rate=0")
	s, err := f.scenario()
	if err != nil {
		t.Fatal(err)
	}
	a := s.Actions[0]
	if s.Viewers != 7 || s.Slow.Viewers != 3 || s.Circles != 5 || s.Each != 2 || s.Actors != 1 || s.Duration != 3*time.Second || a.Rate != 2.5 || a.Bytes != 99 || s.Connect != 0 {
		t.Errorf("got %+v", s)
	}
	if s, err = parsed(t, "viewers", "--rate=0").scenario(); err != nil || len(s.Actions) != 0 {
		t.Errorf("without its first action: %+v, %v", s.Actions, err)
	}
}

// TestPlanOfOurs: who is signed in, and with whose account.
func TestPlanOfOurs(t *testing.T) {
	t.Parallel()
	f := parsed(t, "soak", "--protocol=protobuf", "--seed=3", "--source-addresses=127.0.0.2,127.0.0.3")
	s, err := f.scenario()
	if err != nil {
		t.Fatal(err)
	}
	s.Slow.Viewers = 4
	world := player.World{Circles: []string{"a", "b"}, Posts: []string{"p"}, Users: make([]player.User, users(s))}
	p := f.plan(s, target{api: "http://x", sockets: []string{"ws://x"}, channels: []string{"circle:a", "circle:b"}, world: world})
	if p.Dial.Protocol != wire.Protobuf || len(p.Dial.Sources) != 2 || p.Seed != 3 || p.Duration != time.Hour {
		t.Errorf("dial %+v, seed %d, duration %s", p.Dial, p.Seed, p.Duration)
	}
	if len(p.Viewers) != 2 || p.Viewers[0].Count != 2000 || p.Viewers[0].Each != 3 || p.Viewers[0].Rate != 200 || p.Viewers[0].Slow || !p.Viewers[1].Slow || p.Viewers[1].Count != 4 {
		t.Errorf("viewers %+v", p.Viewers)
	}
	if users(s) != 2200 || p.Actors.Count != 200 || p.Actors.API != "http://x" {
		t.Errorf("%d users, actors %+v", users(s), p.Actors)
	}
	if a := p.Actions; len(a) != 3 || a[0].Kind != player.Post || a[0].Over != player.HTTP || !a[0].Poisson || a[1].Kind != player.Like || a[1].Over != player.Socket || a[1].Posts[0] != "p" {
		t.Errorf("actions %+v", a)
	}
	if len(p.Cuts) != 1 || p.Cuts[0].Rate != 5 {
		t.Errorf("cuts %+v", p.Cuts)
	}
}

// TestPlanOfOthers: posts become publications, and nobody needs an account.
func TestPlanOfOthers(t *testing.T) {
	t.Parallel()
	f := parsed(t, "viewers", "--socket-url=ws://127.0.0.1:1/c", "--publish-url=http://127.0.0.1:2/p", "--publish-header=X-API-Key: a:b, c", "--channel=news:{{n}}", "--circles=2")
	s, err := f.scenario()
	if err != nil {
		t.Fatal(err)
	}
	to, err := f.Target.other(s)
	if err != nil {
		t.Fatal(err)
	}
	p := f.plan(s, to)
	a := p.Actions[0]
	if a.Kind != player.Publish || len(a.Channels) != 2 || a.Channels[1] != "news:2" || a.Template.Header.Get("X-API-Key") != "a:b, c" || a.Template.Body == "" {
		t.Errorf("action %+v", a)
	}
	if p.Actors.Count != 0 || p.Viewers[0].Tokens != nil || p.Viewers[0].Channels[0] != "news:1" {
		t.Errorf("actors %+v, viewers %+v", p.Actors, p.Viewers)
	}
}

func TestWalletsAreFilledForAllTips(t *testing.T) {
	t.Parallel()
	s := scenario.Scenario{Duration: 10 * time.Second, Actors: 10, Actions: []scenario.Action{{Kind: scenario.Tip, Rate: 30, Amount: 50}}}
	if got, planned := wallet(s), int64(30*10*50/10); got < planned || got > 3*planned {
		t.Errorf("%d fen for %d that are planned", got, planned)
	}
	if got := wallet(scenario.Scenario{Actors: 1, Actions: []scenario.Action{{Kind: scenario.Like, Rate: 1}}}); got != 0 {
		t.Errorf("%d fen for likes", got)
	}
}

func TestEveryRunHasALimit(t *testing.T) {
	t.Parallel()
	s := scenario.Scenario{Duration: time.Minute, Viewers: 1000, Connect: 10}
	if got := limit(s); got < time.Minute+100*time.Second || got > 10*time.Minute {
		t.Errorf("the limit is %s", got)
	}
}

func TestShortTime(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{time.Hour: "1h", 90 * time.Second: "1m30s", time.Minute: "1m", 30 * time.Second: "30s", 61 * time.Minute: "1h1m", 500 * time.Millisecond: "500ms"} {
		if got := shortTime(d); got != want {
			t.Errorf("shortTime(%v) = %s, want %s", d, got, want)
		}
	}
}
