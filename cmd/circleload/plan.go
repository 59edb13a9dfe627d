package main

import (
	"math"
	"strconv"
	"time"

	"lifecircle/cmd/circleload/player"
	"lifecircle/cmd/circleload/report"
	"lifecircle/cmd/circleload/scenario"
	"lifecircle/hub/wire"
)

// users is how many accounts the scenario needs on our server.
func users(s scenario.Scenario) int {
	if s.SignedIn {
		return s.Actors + s.Viewers
	}
	return s.Actors
}

const spareTips = 2 // times the tips that one actor is planned to give, for the unevenness of turns

// wallet is what each user must own for all tips, in fen.
func wallet(s scenario.Scenario) (fen int64) {
	for _, a := range s.Actions {
		if a.Kind == scenario.Tip {
			each := math.Ceil(a.Rate * s.Duration.Seconds() / float64(max(users(s), 1)))
			fen += spareTips * (int64(each) + 1) * a.Amount
		}
	}
	return fen
}

// plan makes of a scenario what the player plays against this target.
func (f *runFlags) plan(s scenario.Scenario, t target) player.Plan {
	p := player.Plan{
		Dial:      player.Dial{Protocol: f.Sockets.protocol(), Compress: f.Sockets.Compress, Sources: f.Sockets.Addresses},
		Duration:  s.Duration,
		Reconnect: player.Backoff{Min: s.Reconnect.Min, Max: s.Reconnect.Max, Immediate: s.Reconnect.Immediate},
		Seed:      f.Numbers.Seed,
	}
	viewers := player.Viewers{Count: s.Viewers, URLs: t.sockets, Rate: s.Connect, Channels: t.channels, Each: s.Each, Tokens: t.tokens}
	firstActor := 1 // the first user owns circles and posts, and nobody tips his own
	if t.api != "" && s.SignedIn {
		viewers.Tokens, firstActor = t.world.Tokens(1), 1+s.Viewers
	}
	if s.Viewers > 0 {
		p.Viewers = append(p.Viewers, viewers)
	}
	if s.Slow.Viewers > 0 {
		slow := viewers
		slow.Count, slow.Slow, slow.BytesPerSecond = s.Slow.Viewers, true, s.Slow.BytesPerSecond
		if t.api != "" {
			slow.Tokens = nil // guests: nothing that they do needs an account
		}
		p.Viewers = append(p.Viewers, slow)
	}
	if t.api != "" && len(s.Actions) > 0 {
		p.Actors = player.Actors{Count: s.Actors, URLs: t.sockets, API: t.api, Tokens: t.world.Tokens(firstActor)}
	}
	for _, a := range s.Actions {
		p.Actions = append(p.Actions, action(a, t))
	}
	for _, c := range s.Cuts {
		p.Cuts = append(p.Cuts, player.Cut{After: c.After, Share: c.Share, Rate: c.Rate, For: c.For})
	}
	return p
}

func action(a scenario.Action, t target) player.Action {
	out := player.Action{
		Kind: player.Kind(a.Kind), Over: player.Transport(a.Over), Rate: a.Rate, Poisson: a.Random, After: a.After, For: a.For,
		Circles: t.world.Circles, Posts: t.world.Posts, Bytes: a.Bytes, Amount: a.Amount,
	}
	if t.publish != nil {
		out.Kind, out.Over, out.Channels, out.Template = player.Publish, player.HTTP, t.channels, *t.publish
	}
	return out
}

func (f socketsFlags) protocol() wire.Protocol {
	if f.Protocol == "protobuf" {
		return wire.Protobuf
	}
	return wire.JSON
}

const (
	askTimeout     = 10 * time.Second // for one plain question
	prepareTimeout = 5 * time.Minute  // for users and circles to be made
	slack          = 3 * time.Minute  // for a run beyond its own times: connecting, settling, saying goodbye
)

// limit is when a run is ended, come what may. The player keeps its times; this
// is for the day on which it does not.
func limit(s scenario.Scenario) time.Duration {
	d := s.Duration + slack
	if s.Connect > 0 {
		d += time.Duration(float64(s.Viewers+s.Slow.Viewers+s.Actors) / s.Connect * float64(time.Second))
	}
	return d
}

// settings tell the scenario as it was run.
func settings(s scenario.Scenario, f *runFlags) (out []report.Setting) {
	add := func(name, value string) { out = append(out, report.Setting{Name: name, Value: value}) }
	add("duration", shortTime(s.Duration))
	watch := strconv.Itoa(s.Circles) + " circles, each viewer watches " + strconv.Itoa(s.Each)
	if s.Viewers > 0 {
		who := " guests"
		if s.SignedIn {
			who = " with accounts"
		}
		add("viewers", strconv.Itoa(s.Viewers)+who+", "+watch)
	}
	if s.Slow.Viewers > 0 {
		add("slow viewers", strconv.Itoa(s.Slow.Viewers)+", reading "+strconv.Itoa(s.Slow.BytesPerSecond)+" bytes a second")
	}
	if s.Actors > 0 {
		add("actors", strconv.Itoa(s.Actors))
	}
	add("connects", perSecond(s.Connect))
	for _, a := range s.Actions {
		add(string(a.Kind), perSecond(a.Rate)+", "+strconv.Itoa(a.Bytes)+" bytes, by "+a.Over+window(a.After, a.For))
	}
	for _, c := range s.Cuts {
		what := strconv.FormatFloat(c.Share*100, 'g', 3, 64) + " % at once"
		if c.Rate > 0 {
			what = perSecond(c.Rate)
		}
		add("cut", what+window(c.After, c.For))
	}
	if r := s.Reconnect; len(s.Cuts) > 0 {
		wait := "after " + shortTime(r.Min) + " to " + shortTime(r.Max)
		if r.Immediate {
			wait = "at once, after failures " + wait
		}
		add("reconnect", wait)
	}
	if f.Sockets.Compress {
		add("compression", "offered")
	}
	return out
}

func perSecond(rate float64) string {
	if rate == 0 {
		return "as fast as it goes"
	}
	return strconv.FormatFloat(rate, 'g', -1, 64) + " a second"
}

func window(after, length time.Duration) (s string) {
	if after > 0 {
		s += " from " + shortTime(after) + " on"
	}
	if length > 0 {
		s += " for " + shortTime(length)
	}
	return s
}

// shortTime writes an hour as 1h, not as 1h0m0s.
func shortTime(d time.Duration) string {
	s := d.String()
	if d >= time.Minute && d%time.Minute == 0 {
		s = s[:len(s)-len("0s")]
	}
	if d >= time.Hour && d%time.Hour == 0 {
		s = s[:len(s)-len("0m")]
	}
	return s
}
