package main

import (
	"os"
	"sync"
	"time"

	"lifecircle/cmd/circleload/player"
	"lifecircle/cmd/circleload/report"
)

// meter reads what processes use: where phases of a run begin, and once a second.
type meter struct {
	mu      sync.Mutex // guards all below; /proc is read under it, by two callers at most
	servers []probe
	self    probe
	usage   []report.Usage
}

// probe is one process and what was read of it.
type probe struct {
	pid                           int
	name                          string
	before, measuring, done, last usageNow
	err                           error // the first; nothing is read any more
}

// newMeter fails for a process that is not there.
func newMeter(pids []int) (*meter, error) {
	m := &meter{self: probe{pid: os.Getpid(), name: "circleload"}}
	for _, pid := range pids {
		if _, err := readUsage(pid); err != nil {
			return nil, err
		}
		m.servers = append(m.servers, probe{pid: pid, name: programName(pid)})
	}
	return m, nil
}

// phase is told the phases of a run.
func (m *meter) phase(p player.Phase) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read()
	for _, pr := range m.all() {
		switch p {
		case player.Connecting:
			pr.before = pr.last
		case player.Measuring:
			pr.measuring = pr.last
		case player.Done:
			pr.done = pr.last
		default:
		}
	}
}

func (m *meter) all() []*probe {
	all := []*probe{&m.self}
	for i := range m.servers {
		all = append(all, &m.servers[i])
	}
	return all
}

func (m *meter) read() {
	for _, p := range m.all() {
		if p.err != nil {
			continue
		}
		u, err := readUsage(p.pid)
		if err != nil {
			p.err = err
			continue
		}
		p.last = u
	}
}

// second is told the seconds of a run.
func (m *meter) second(at int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := make([]usageNow, len(m.servers))
	for i, p := range m.servers {
		was[i] = p.last
	}
	m.read()
	u, known := report.Usage{At: at}, false
	for i, p := range m.servers {
		if p.err == nil && !was[i].at.IsZero() {
			known = true
			u.CPUCores += cores(was[i], p.last)
			u.Memory += p.last.memory
		}
	}
	if known {
		m.usage = append(m.usage, u)
	}
}

func cores(from, to usageNow) float64 {
	took := to.at.Sub(from.at)
	if took <= 0 {
		return 0
	}
	return float64(to.cpu-from.cpu) / float64(took)
}

// into writes what was read into the report, divided by what the run brought.
func (m *meter) into(r *report.Report) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.Usage, r.Self = m.usage, m.self.process(r.Result)
	for _, p := range m.servers {
		r.Servers = append(r.Servers, p.process(r.Result))
	}
}

func (p probe) process(v player.Result) report.Process {
	out := report.Process{PID: p.pid, Name: p.name}
	switch {
	case p.err != nil:
		out.Problem = p.err.Error()
		return out
	case p.measuring.at.IsZero() || p.done.at.IsZero():
		out.Problem = "the measured part never came"
		return out
	}
	cpu := p.done.cpu - p.measuring.cpu
	out.CPUSeconds, out.CPUCores = cpu.Seconds(), cores(p.measuring, p.done)
	out.PerDelivery = each(cpu, v.Deliveries+v.Hints)
	out.PerReconnect = each(cpu, v.Reconnects)
	var commands int64
	for _, c := range v.Commands {
		commands += c.Done
	}
	out.PerCommand = each(cpu, commands)
	out.MemoryBefore, out.MemoryAfter, out.MemoryHighest = p.before.memory, p.measuring.memory, p.done.highest
	if clients := v.Viewers + v.Actors; clients > 0 {
		out.PerClient = float64(p.measuring.memory-p.before.memory) / float64(clients)
	}
	return out
}

// each is microseconds for one of so many.
func each(cpu time.Duration, n int64) float64 {
	if n <= 0 {
		return 0
	}
	return float64(cpu.Nanoseconds()) / 1e3 / float64(n)
}
