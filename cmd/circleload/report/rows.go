package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"lifecircle/cmd/circleload/player"
)

// The tables, as text: the page and the terminal say the same figures alike.

var countHead = []string{"what", "count", "note"}

// counts are what was counted over the whole run. What did not occur and is
// not missed is left out.
func (r Report) counts() [][]string {
	v := r.Result
	rows := [][]string{
		{"viewers", whole(v.Viewers), count(v.Subscriptions, "subscriptions") + unpositioned(v)},
		{"deliveries", whole(v.Deliveries), rate(v.Deliveries, v.Measured)},
		{"published", whole(v.Published), rate(v.Published, v.Measured)},
	}
	add := func(name string, n int64, notes ...string) {
		if n > 0 {
			notes = slices.DeleteFunc(notes, func(s string) bool { return s == "" })
			rows = append(rows, []string{name, whole(n), strings.Join(notes, "; ")})
		}
	}
	add("actors", v.Actors)
	add("hints", v.Hints, "counts and viewer numbers, "+rate(v.Hints, v.Measured))
	for _, kind := range slices.Sorted(maps.Keys(v.Commands)) {
		c := v.Commands[kind]
		add(kind+" done", c.Done, rate(c.Done, v.Measured)+" of "+rate(c.Planned, v.Measured)+" planned")
		add(kind+" refused", c.Refused, "the server defended itself")
		add(kind+" failed", c.Failed, codes(c.Codes))
	}
	add("cuts", v.Cuts, "by us")
	add("reconnects", v.Reconnects)
	add("recovered", v.Recovered, count(v.Replayed, "publications replayed"))
	add("unrecovered", v.Unrecovered, count(v.Skipped, "offsets skipped"))
	add("ended for good", v.Terminated)
	add("closes", total(v.Closes), codes(v.Closes))
	add("failed dials", total(v.DialErrors), codes(v.DialErrors))
	add("errors", total(v.Errors), codes(v.Errors))
	add("tokens refreshed", v.Refreshed)
	add("KiB received", v.BytesIn>>10, count(v.Frames, "frames"))
	return rows
}

func unpositioned(v player.Result) string {
	if v.Unpositioned == 0 {
		return ""
	}
	return ", " + whole(v.Unpositioned) + " of them without positions"
}

func count(n int64, what string) string { return whole(n) + " " + what }

func rate(n int64, seconds float64) string {
	if seconds <= 0 {
		return ""
	}
	return short(float64(n)/seconds) + "/s"
}

func total(by map[string]int64) (n int64) {
	for _, v := range by {
		n += v
	}
	return n
}

const maxCodes = 6 // shown of one table of codes, the commonest first

func codes(by map[string]int64) string {
	keys := slices.SortedFunc(maps.Keys(by), func(a, b string) int {
		return cmp.Or(cmp.Compare(by[b], by[a]), cmp.Compare(a, b))
	})
	var out []string
	for _, k := range keys[:min(len(keys), maxCodes)] {
		out = append(out, fmt.Sprintf("%s × %s", k, whole(by[k])))
	}
	if len(keys) > maxCodes {
		out = append(out, "...")
	}
	return strings.Join(out, ", ")
}

var latencyHead = []string{"latency, ms", "count", "p50", "p90", "p99", "p99.9", "max"}

func (r Report) latencies() [][]string {
	v := r.Result
	var rows [][]string
	add := func(name string, l player.Latency, always bool) {
		if l.Count > 0 {
			rows = append(rows, []string{name, whole(l.Count), short(l.P50), short(l.P90), short(l.P99), short(l.P999), short(l.Max)})
		} else if always {
			rows = append(rows, []string{name, "0", "-", "-", "-", "-", "-"})
		}
	}
	add("delivery", v.Delivery, true)
	for _, kind := range slices.Sorted(maps.Keys(v.Commands)) {
		add(kind, v.Commands[kind].Latency, true)
	}
	add("recovery", v.Recovery, v.Cuts > 0)
	add("connect", v.Connect, false)
	return rows
}

var processHead = []string{
	"process", "CPU s", "cores", "µs a delivery", "µs a command", "µs a reconnect", "MiB before", "MiB after", "MiB highest", "KiB a client",
}

// processes are the servers and this program, and what hindered to read them.
func (r Report) processes() (rows [][]string, notes []string) {
	for _, p := range r.Servers {
		if p.Problem != "" {
			notes = append(notes, fmt.Sprintf("No figures of process %d: %s.", p.PID, p.Problem))
			continue
		}
		rows = append(rows, p.cells(p.Name+" ("+strconv.Itoa(p.PID)+")"))
	}
	if r.Self.PID != 0 && r.Self.Problem == "" {
		own := Process{CPUSeconds: r.Self.CPUSeconds, CPUCores: r.Self.CPUCores, MemoryBefore: r.Self.MemoryBefore, MemoryAfter: r.Self.MemoryAfter, MemoryHighest: r.Self.MemoryHighest}
		rows = append(rows, own.cells("circleload itself"))
	}
	return rows, notes
}

func (p Process) cells(name string) []string {
	measured := func(f float64) string {
		if f <= 0 {
			return "-"
		}
		return short(f)
	}
	return []string{
		name, short(p.CPUSeconds), short(p.CPUCores), measured(p.PerDelivery), measured(p.PerCommand), measured(p.PerReconnect),
		mebibytes(p.MemoryBefore), mebibytes(p.MemoryAfter), mebibytes(p.MemoryHighest), measured(p.PerClient),
	}
}

var secondHead = []string{"second", "phase", "sockets", "deliveries", "hints", "p50 ms", "p99 ms", "commands", "p50 ms", "p99 ms", "refused", "failed", "faults", "CPU cores", "MiB"}

func (r Report) seconds() [][]string {
	usage := r.usage()
	rows := make([][]string, 0, len(r.Result.Series))
	for _, s := range r.Result.Series {
		cores, memory := "-", "-"
		if u, ok := usage[s.At]; ok {
			cores, memory = short(u.CPUCores), mebibytes(u.Memory)
		}
		ofAny := func(n int64, f float64) string {
			if n == 0 {
				return "-"
			}
			return short(f)
		}
		rows = append(rows, []string{
			strconv.Itoa(s.At), string(s.Phase), whole(s.Open), whole(s.Deliveries), whole(s.Hints), ofAny(s.Deliveries, s.P50), ofAny(s.Deliveries, s.P99),
			whole(s.Commands), ofAny(s.Commands, s.CommandP50), ofAny(s.Commands, s.CommandP99), whole(s.Refused), whole(s.Failed), whole(s.Faults), cores, memory,
		})
	}
	return rows
}

func (r Report) usage() map[int]Usage {
	by := make(map[int]Usage, len(r.Usage))
	for _, u := range r.Usage {
		by[u.At] = u
	}
	return by
}
