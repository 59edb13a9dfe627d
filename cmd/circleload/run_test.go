package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"lifecircle/cmd/circleload/report"
	"lifecircle/hub"
	"lifecircle/hub/hubtest"
)

func small(more ...string) []string {
	return append([]string{"run", "viewers", "--viewers=20", "--circles=4", "--rate=40", "--duration=2s"}, more...)
}

// TestViewers plays viewers against a hub, and looks at everything it writes.
func TestViewers(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"json", "protobuf"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			server, dir := honest(t), t.TempDir()
			written, page := filepath.Join(dir, "out.json"), filepath.Join(dir, "out.html")
			args := small("--protocol="+protocol, "--pid="+strconv.Itoa(os.Getpid()), "--json="+written, "--html="+page, "--seed=9")
			runs(t, 0, []string{"No faults", "delivery", "measuring", "circleload itself"}, append(args, against(server)...)...)

			var r report.Report
			file, err := os.ReadFile(written)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(file, &r); err != nil {
				t.Fatal(err)
			}
			v := r.Result
			if v.Viewers != 20 || v.Subscriptions != 20 || v.Published < 70 || v.Deliveries != 5*v.Published || v.Delivery.Count == 0 || r.Seed != 9 || r.Protocol != protocol {
				t.Errorf("the report is %+v", r)
			}
			if len(r.Servers) != 1 || r.Servers[0].CPUSeconds <= 0 || r.Servers[0].PerDelivery <= 0 || r.Servers[0].MemoryAfter == 0 {
				t.Errorf("of the server it says %+v", r.Servers)
			}
			html, err := os.ReadFile(page)
			if err != nil || !strings.Contains(string(html), "No faults: nothing lost") {
				t.Errorf("the page is %d bytes (%v)", len(html), err)
			}
		})
	}
}

// TestFaultsFailTheRun holds what the tool is for.
func TestFaultsFailTheRun(t *testing.T) {
	t.Parallel()
	truth := func(n uint64) []uint64 { return []uint64{n} }
	runs(t, 0, []string{"No faults"}, append(small(), against(dishonest(t, truth))...)...)
	for name, lie := range map[string]func(uint64) []uint64{
		"lost": func(n uint64) []uint64 {
			if n == 3 {
				return nil
			}
			return []uint64{n}
		},
		"doubled": func(n uint64) []uint64 {
			if n == 3 {
				return []uint64{3, 3}
			}
			return []uint64{n}
		},
		"disordered": func(n uint64) []uint64 {
			switch n {
			case 3:
				return nil
			case 4:
				return []uint64{4, 3}
			}
			return []uint64{n}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := runs(t, 1, []string{"FAULTS"}, append(small(), against(dishonest(t, lie))...)...)
			if strings.Contains(p.out.String(), " 0 "+name) {
				t.Errorf("not seen as %s:\n%s", name, &p.out)
			}
		})
	}
}

// TestInterrupted ends early and tells what there is until then.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	p := begin(t, append(small("--duration=10m"), against(honest(t))...)...)
	p.said(t, "measuring")
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	p.wait(t)
	if p.status != 0 || !strings.Contains(p.out.String(), "until it was interrupted") {
		t.Errorf("ended with %d and said\n%s%s", p.status, &p.out, &p.errs)
	}
}

// TestASecondSignalEndsAtOnce, without a report.
func TestASecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	p := begin(t, append(small("--duration=10m"), against(honest(t))...)...)
	p.said(t, "measuring")
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		if err := p.cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	p.wait(t)
	if p.status != exitNotCarried || !strings.Contains(p.errs.String(), "at once") {
		t.Errorf("ended with %d and said\n%s%s", p.status, &p.out, &p.errs)
	}
}

// TestNobodyIsLetIn: silence of a server that refuses everybody is no success.
func TestNobodyIsLetIn(t *testing.T) {
	t.Parallel()
	node := hubtest.RunNode(t, hub.Options{Handler: hub.Closed{}, Log: hubtest.NewLog("1")})
	server := serve(t, node, func(context.Context, publication) error { return nil })
	runs(t, 3, []string{"0 of 20 subscriptions", "subscribe 102"}, append(small(), against(server)...)...)
}

// TestWhatIsRefusedIsNotCarriedOut: a scenario whose posts all fail has told nothing.
func TestWhatIsRefusedIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	args := append(small(), against(honest(t))...)
	runs(t, 3, []string{"none of", "400"}, append(args, "--publish-body=nonsense")...)
}
