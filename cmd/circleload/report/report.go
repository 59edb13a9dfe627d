package report

import (
	"encoding/json"
	"fmt"
	"io"

	"lifecircle/cmd/circleload/player"
)

// Report is one run: what was asked for, what came of it, what it cost.
type Report struct {
	Scenario string    `json:"scenario"`
	About    string    `json:"about"`
	Target   string    `json:"target"`
	Protocol string    `json:"protocol"`
	Seed     uint64    `json:"seed"`
	Settings []Setting `json:"settings"`

	Problem string        `json:"problem,omitempty"` // why the scenario was not carried out, or only in part
	Result  player.Result `json:"result"`

	Servers []Process `json:"servers,omitempty"`
	Self    Process   `json:"circleload"` // this program: near a core for each of its loops it measures itself
	Usage   []Usage   `json:"usage,omitempty"`
}

// Setting is one number or choice of the scenario as it was run.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Process is what a program spent. CPU is user and system time from the start
// of the measured part until all was delivered, and is divided by each of the
// three counts as if that were all there was to do; 0 where there were none.
type Process struct {
	PID           int     `json:"pid"`
	Name          string  `json:"name"`
	CPUSeconds    float64 `json:"cpu_seconds"`
	CPUCores      float64 `json:"cpu_cores"` // on average
	PerDelivery   float64 `json:"cpu_us_per_delivery,omitempty"`
	PerCommand    float64 `json:"cpu_us_per_command,omitempty"`
	PerReconnect  float64 `json:"cpu_us_per_reconnect,omitempty"`
	MemoryBefore  int64   `json:"memory_before_kib"` // resident, before anybody connected
	MemoryAfter   int64   `json:"memory_after_kib"`  // when all were subscribed
	MemoryHighest int64   `json:"memory_highest_kib"`
	PerClient     float64 `json:"memory_kib_per_client,omitempty"` // what was added, by sockets
	Problem       string  `json:"problem,omitempty"`               // why figures are missing
}

// Usage is what all servers together used in one second of the result's series.
type Usage struct {
	At       int     `json:"at"`
	CPUCores float64 `json:"cpu_cores"`
	Memory   int64   `json:"memory_kib"`
}

// WriteJSON writes all of it for programs.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write the report as JSON: %w", err)
	}
	return nil
}

// verdict is the first thing that a reader wants to know, and whether it is good.
func (r Report) verdict() (string, bool) {
	v := r.Result
	switch {
	case r.Judged() && v.Faults() > 0:
		return fmt.Sprintf("FAULTS: %s lost, %s doubled, %s disordered, %s stranded",
			whole(v.Lost), whole(v.Doubled), whole(v.Disordered), whole(v.Stranded)), false
	case r.Problem != "":
		return "Not carried out: " + r.Problem, false
	case v.Subscriptions > 0 && v.Unpositioned == v.Subscriptions:
		return "No fault could be seen: the channels have no positions, nothing is known of losses", false
	case v.Ended == Interrupted:
		return "No faults until it was interrupted: nothing lost, doubled or disordered", true
	}
	return "No faults: nothing lost, doubled or disordered", true
}

// examples are some of the faults.
func (r Report) examples() []string {
	if !r.Judged() {
		return nil
	}
	return r.Result.Examples
}

// besides is a problem that the verdict does not name, because there are faults.
func (r Report) besides() string {
	if r.Judged() && r.Result.Faults() > 0 {
		return r.Problem
	}
	return ""
}

// Judged says whether faults count: who never had his subscription, because
// nobody could connect, has lost nothing.
func (r Report) Judged() bool { return r.Result.Measured > 0 }

// took says how long it was measured, and how that ended.
func (r Report) took() string {
	if r.Result.Measured == 0 {
		return "nothing measured"
	}
	return short(r.Result.Measured) + " s measured, ended " + r.Result.Ended
}

// Interrupted is how the result of a run says that it was ended early.
const Interrupted = "interrupted"
