package report

import "lifecircle/cmd/circleload/player"

// plot is one diagram over the seconds of the run, as page.js reads it.
type plot struct {
	ID    string  `json:"id"`
	Title string  `json:"title"`
	Least float64 `json:"least"` // the axis reaches this far at least
	At    []int   `json:"at"`
	Lines []line  `json:"lines"`
}

type line struct {
	Label  string     `json:"label"`
	Unit   string     `json:"unit"`
	Values []*float64 `json:"values"` // nil: nothing was measured in that second
}

// measure takes one figure of a second, and says whether there was one.
type measure func(player.Second) (float64, bool)

func counted(of func(player.Second) int64) measure {
	return func(s player.Second) (float64, bool) { return float64(of(s)), true }
}

// plots are the diagrams that have something to show. Without two seconds
// there is no line to draw.
func (r Report) plots() []plot {
	if len(r.Result.Series) < 2 {
		return nil
	}
	usage := r.usage()
	all := []plot{
		{ID: "deliveries", Title: "Deliveries a second", Least: 1, Lines: []line{
			r.line("deliveries", "", counted(func(s player.Second) int64 { return s.Deliveries })),
			r.line("hints", "", counted(func(s player.Second) int64 { return s.Hints })),
		}},
		{ID: "latency", Title: "Latency of deliveries, ms", Least: 1, Lines: []line{
			r.line("p50", "ms", func(s player.Second) (float64, bool) { return s.P50, s.P50 > 0 }),
			r.line("p99", "ms", func(s player.Second) (float64, bool) { return s.P99, s.P50 > 0 }),
		}},
		{ID: "commands", Title: "Commands a second", Least: 1, Lines: []line{
			r.line("done", "", counted(func(s player.Second) int64 { return s.Commands })),
			r.line("refused or failed", "", counted(func(s player.Second) int64 { return s.Refused + s.Failed })),
		}},
		{ID: "command-latency", Title: "Latency of commands, ms", Least: 1, Lines: []line{
			r.line("p50", "ms", func(s player.Second) (float64, bool) { return s.CommandP50, s.Commands > 0 }),
			r.line("p99", "ms", func(s player.Second) (float64, bool) { return s.CommandP99, s.Commands > 0 }),
		}},
		{ID: "sockets", Title: "Sockets, and subscriptions that stand", Least: 1, Lines: []line{
			r.line("sockets", "", counted(func(s player.Second) int64 { return s.Open })),
			r.line("subscriptions", "", counted(func(s player.Second) int64 { return s.Subscribed })),
		}},
		{ID: "faults", Title: "Faults seen", Least: 1, Lines: []line{
			r.line("faults", "", func(s player.Second) (float64, bool) { return float64(s.Faults), r.Result.Faults() > 0 }),
		}},
		{ID: "cpu", Title: "CPU of the server, cores", Least: 0.1, Lines: []line{
			r.line("CPU", "cores", func(s player.Second) (float64, bool) { u, ok := usage[s.At]; return u.CPUCores, ok }),
		}},
		{ID: "memory", Title: "Resident memory of the server, MiB", Least: 1, Lines: []line{
			r.line("memory", "MiB", func(s player.Second) (float64, bool) { u, ok := usage[s.At]; return float64(u.Memory) / 1024, ok }),
		}},
	}
	at := make([]int, len(r.Result.Series))
	for i, s := range r.Result.Series {
		at[i] = s.At
	}
	kept := all[:0]
	for _, p := range all {
		if p.At = at; p.measured() {
			kept = append(kept, p)
		}
	}
	return kept
}

func (r Report) line(label, unit string, of measure) line {
	l := line{Label: label, Unit: unit, Values: make([]*float64, len(r.Result.Series))}
	for i, s := range r.Result.Series {
		if v, measured := of(s); measured {
			l.Values[i] = &v
		}
	}
	return l
}

func (p plot) measured() bool {
	for _, l := range p.Lines {
		for _, v := range l.Values {
			if v != nil {
				return true
			}
		}
	}
	return false
}
