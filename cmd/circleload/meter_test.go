package main

import (
	"bytes"
	"math"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"lifecircle/cmd/circleload/player"
	"lifecircle/cmd/circleload/report"
)

// TestReadUsage burns time and takes memory, and finds both.
func TestReadUsage(t *testing.T) {
	debug.FreeOSMemory() // of an earlier round: it would be used again
	before, err := readUsage(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	user, system := spent(t)
	taken := bytes.Repeat([]byte{1}, 64<<20)
	sum := 0
	for now := user; now < user+200*time.Millisecond; now, _ = spent(t) {
		for _, b := range taken[:1<<20] {
			sum += int(b)
		}
	}
	after, err := readUsage(os.Getpid())
	if err != nil || sum == 0 {
		t.Fatal(err)
	}
	userNow, systemNow := spent(t)
	took, want := after.cpu-before.cpu, userNow-user+systemNow-system
	if took < want-4*tick || took > want+4*tick {
		t.Errorf("%s of CPU, the kernel says %s user and %s system", took, userNow-user, systemNow-system)
	}
	if more := after.memory - before.memory; more < 32<<10 || after.highest < after.memory {
		t.Errorf("64 MiB are %d KiB; the highest is %d, now %d", more, after.highest, after.memory)
	}
	if _, err := readUsage(math.MaxInt32); err == nil || !strings.Contains(err.Error(), "no process") {
		t.Errorf("a process that is not there: %v", err)
	}
	if taken[len(taken)-1] != 1 {
		t.Error("the memory was not kept")
	}
}

// spent is what this process used, asked in the other way.
func spent(t *testing.T) (user, system time.Duration) {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano()), time.Duration(r.Stime.Nano())
}

func TestFiguresOfAProcess(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := probe{
		pid: 1, name: "server", before: usageNow{at: now, memory: 1000},
		measuring: usageNow{at: now.Add(time.Second), cpu: time.Second, memory: 2000},
		done:      usageNow{at: now.Add(5 * time.Second), cpu: 3 * time.Second, memory: 3000, highest: 4000},
	}
	got := p.process(player.Result{
		Viewers: 90, Actors: 10, Deliveries: 9000, Hints: 1000, Reconnects: 400,
		Commands: map[string]player.Command{"like": {Done: 150}, "unlike": {Done: 50}},
	})
	want := report.Process{
		PID: 1, Name: "server", CPUSeconds: 2, CPUCores: 0.5, PerDelivery: 200, PerCommand: 10000, PerReconnect: 5000,
		MemoryBefore: 1000, MemoryAfter: 2000, MemoryHighest: 4000, PerClient: 10,
	}
	if got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	p.done = usageNow{}
	if got := p.process(player.Result{}); got.Problem == "" {
		t.Errorf("never measured: %+v", got)
	}
}

func TestSecondsOfAProcess(t *testing.T) {
	t.Parallel()
	m, err := newMeter([]int{os.Getpid()})
	if err != nil {
		t.Fatal(err)
	}
	m.second(0) // nothing to compare with
	m.phase(player.Connecting)
	m.second(1)
	m.second(2)
	var r report.Report
	m.into(&r)
	if len(r.Usage) != 2 || r.Usage[0].At != 1 || r.Usage[1].Memory == 0 {
		t.Errorf("got %+v", r.Usage)
	}
}

func TestProgressLines(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := newProgress(&b)
	s := player.Snapshot{Second: player.Second{At: 3, Phase: player.Connecting, Open: 10}}
	p.show(s)
	p.show(s) // too soon for another line
	s.Phase, s.Deliveries, s.P50, s.P99, s.Doubled, s.TotalRefused = player.Measuring, 500, 1.25, 9.5, 2, 4
	p.show(s)
	p.end()
	want := []string{"connecting 3s  10 sockets  0 msgs/s", "measuring 3s  10 sockets  500 msgs/s  faults 2  refused 4  p50 1.2 p99 9.5 ms"}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != len(want) || !strings.HasPrefix(lines[0], want[0]) || !strings.HasPrefix(lines[1], want[1]) {
		t.Errorf("got %q", lines)
	}
}

func TestProgressRewritesOneLine(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := &progress{out: &b, terminal: true, width: 20}
	for range 2 {
		p.show(player.Snapshot{Second: player.Second{Phase: player.Measuring, Open: 1000}})
	}
	p.end()
	if got := b.String(); strings.Count(got, "\n") != 1 || strings.Count(got, "\r") != 2 || strings.Contains(got, "msgs") {
		t.Errorf("got %q", got)
	}
}
