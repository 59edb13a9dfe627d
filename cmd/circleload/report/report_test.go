package report

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"lifecircle/cmd/circleload/player"
)

// hostile is text as an evil server would choose it.
const hostile = "</script><script>alert(1)</script>\x1b[31m\"'&"

// sample is a run with everything in it.
func sample() Report {
	r := Report{
		Scenario: "viewers", About: "many screens, few posters", Target: "http://127.0.0.1:8080", Protocol: "json", Seed: 7,
		Settings: []Setting{{"viewers", "1,000"}, {"rate", "20/s"}},
		Servers: []Process{
			{
				PID: 42, Name: "lifecircle", CPUSeconds: 12.3, CPUCores: 0.41, PerDelivery: 20.5,
				MemoryBefore: 30 << 10, MemoryAfter: 40 << 10, MemoryHighest: 45 << 10, PerClient: 10.24,
			},
			{PID: 43, Problem: "it ended"},
		},
		Self: Process{PID: 1, CPUSeconds: 3, CPUCores: 0.1, MemoryBefore: 10 << 10, MemoryAfter: 20 << 10, MemoryHighest: 20 << 10},
		Result: player.Result{
			StartedAt: time.Date(2026, 11, 23, 7, 30, 0, 0, time.UTC), Measured: 30, Ended: "as planned",
			Viewers: 1000, Subscriptions: 2000, Deliveries: 1234567, Published: 600, Hints: 12,
			Closes:   map[string]int64{"1006": 3, "3008": 10},
			Delivery: player.Latency{Count: 600000, P50: 3.214, P90: 8.1, P99: 21.75, P999: 1500.4, Max: 2000},
			Cuts:     5,
			Commands: map[string]player.Command{
				"post": {Planned: 600, Done: 590, Failed: 10, Codes: map[string]int64{"http 503": 10}, Latency: player.Latency{Count: 590, P50: 2, P90: 3, P99: 4, P999: 5, Max: 6}},
			},
		},
	}
	for i := range 40 {
		s := player.Second{
			At: i, Phase: player.Measuring, Open: 1000, Subscribed: 2000, Deliveries: int64(20000 + 1500*(i%7)), P50: 3 + float64(i%3), P99: 15 + float64(i%11),
			Commands: int64(20 + i%5), CommandP50: 2, CommandP99: 4 + float64(i%3),
		}
		if i < 3 {
			s = player.Second{At: i, Phase: player.Connecting, Open: int64(i * 300), Subscribed: int64(i * 550)}
		}
		r.Result.Series = append(r.Result.Series, s)
		r.Usage = append(r.Usage, Usage{At: i, CPUCores: 0.4 + float64(i%4)/50, Memory: int64(30<<10 + i*256)})
	}
	return r
}

func TestTheTextTellsTheFigures(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := sample().WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`(?m)^viewers +1,000  2,000 subscriptions$`, `(?m)^deliveries +1,234,567  41,152/s$`, `(?m)^post failed +10  http 503 × 10$`,
		`(?m)^closes +13  3008 × 10, 1006 × 3$`,
		`(?m)^latency, ms +count +p50 +p90 +p99 +p99\.9 +max$`, `(?m)^delivery +600,000 +3\.21 +8\.10 +21\.8 +1,500 +2,000$`,
		`(?m)^recovery +0 +- +- +- +- +-$`,
		`(?m)^lifecircle \(42\) +12\.3 +0\.41 +20\.5 +- +- +30\.0 +40\.0 +45\.0 +10\.2$`, `(?m)^circleload itself +3\.00 +0\.10 +- `, `process 43: it ended`,
		`(?m)^No faults: nothing lost, doubled or disordered$`,
	} {
		if !regexp.MustCompile(want).MatchString(b.String()) {
			t.Errorf("no %s in\n%s", want, &b)
		}
	}
}

func TestFaultsAreNotOverlooked(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Result.Lost, r.Result.Doubled, r.Result.Disordered, r.Result.Stranded = 1200, 2, 1, 4
	r.Result.Examples = []string{"circle:x: viewer 3 never saw 17"}
	r.Problem = "no like was accepted"
	var text, html bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteHTML(&html); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{text.String(), html.String()} {
		for _, want := range []string{"FAULTS: 1,200 lost, 2 doubled, 1 disordered, 4 stranded", "viewer 3 never saw 17", "Not carried out: no like was accepted"} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
	}
	if !strings.Contains(html.String(), `class="verdict bad"`) {
		t.Error("the page shows faults as good news")
	}
}

func TestWhatWasNotCarriedOutIsNoSuccess(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Problem, r.Result.Measured, r.Result.Stranded = "no socket came up", 0, 1000 // they never had a subscription to lose
	var b bytes.Buffer
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if out := b.String(); !strings.Contains(out, "Not carried out: no socket came up") || strings.Contains(out, "FAULTS") || strings.Contains(out, "No faults") {
		t.Errorf("it says\n%s", out)
	}
}

// TestSilenceIsNoProof: without positions nothing is known of losses.
func TestSilenceIsNoProof(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Result.Unpositioned = r.Result.Subscriptions
	if said, good := r.verdict(); good || !strings.Contains(said, "nothing is known of losses") {
		t.Errorf("it says %q", said)
	}
	r = sample()
	r.Result.Ended = Interrupted
	if said, _ := r.verdict(); !strings.Contains(said, "interrupted") {
		t.Errorf("it says %q", said)
	}
}

func TestJSONKeepsAllOfIt(t *testing.T) {
	t.Parallel()
	want := sample()
	var b bytes.Buffer
	if err := want.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got Report
	d := json.NewDecoder(&b)
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read back\n%+v\nwant\n%+v", got, want)
	}
}

func TestNothingIsReadAsMarkup(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Scenario, r.About, r.Target, r.Protocol, r.Problem = hostile, hostile, hostile, hostile, hostile
	r.Settings[0] = Setting{hostile, hostile}
	r.Servers[0].Name, r.Servers[1].Problem = hostile, hostile
	r.Result.Lost, r.Result.Examples, r.Result.Ended = 1, []string{hostile}, hostile
	r.Result.Closes[hostile] = 1
	r.Result.Commands[hostile] = r.Result.Commands["post"]
	r.Result.Series[0].Phase = hostile
	var html, text bytes.Buffer
	if err := r.WriteHTML(&html); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(html.String(), "<script>alert") {
		t.Error("the page runs what a server said")
	}
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text.String(), "\x1b") {
		t.Error("the terminal obeys what a server said")
	}
}

// TestThePageAsksForNothing looks for addresses that a browser would fetch.
func TestThePageAsksForNothing(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := sample().WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	for _, fetch := range []string{`\ssrc=`, `<link`, `@import`, `url\(\s*['"]?http`, `fetch\(`, `XMLHttpRequest`} {
		if found := regexp.MustCompile(`(?i)` + fetch).FindString(b.String()); found != "" {
			t.Errorf("the page has %q", found)
		}
	}
	if !strings.Contains(b.String(), `content="default-src 'none'`) {
		t.Error("nothing forbids the page to ask")
	}
}

// TestThePageHasItsTables holds with and without the plotting library.
func TestThePageHasItsTables(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := sample().WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{
		`<html lang="en">`, `<h1>viewers</h1>`, `<th scope="row">delivery</th><td>600,000</td>`, `<h2 id="seconds">`, `<summary>40 rows</summary>`,
		`<th scope="row">39</th>`, `<dt>delivery p99</dt><dd>21.8 ms</dd>`, `data-plot="latency"`, `data-plot="memory"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in the page", want)
		}
	}
	_, err := os.Stat("assets/uPlot.iife.min.js")
	if there := err == nil; there != strings.Contains(page, "(v1.6.32)") || there == strings.Contains(page, "make web build") {
		t.Errorf("the library is there: %t; the page says something else", there)
	}
}

func TestAShortRunHasNoPlots(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Servers, r.Result = nil, player.Result{Series: r.Result.Series[:1]}
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "data-plot") {
		t.Error("a plot of one second")
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 100000: "100,000"} {
		if got := whole(n); got != want {
			t.Errorf("whole(%d) = %s", n, got)
		}
	}
	for f, want := range map[float64]string{0: "0", 0.123: "0.12", 9.876: "9.88", 12.34: "12.3", 123.4: "123", 1234.5: "1,235"} {
		if got := short(f); got != want {
			t.Errorf("short(%v) = %s, want %s", f, got, want)
		}
	}
}
