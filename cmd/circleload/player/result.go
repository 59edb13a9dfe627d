package player

import "time"

// Result is everything that a run brought. Times are in milliseconds.
type Result struct {
	StartedAt time.Time `json:"started_at"`       // of the measured part
	Measured  float64   `json:"measured_seconds"` // without connecting and settling
	Ended     string    `json:"ended"`            // "as planned" or "interrupted"

	// Faults: any of them fails the run.
	Lost       int64    `json:"lost"`       // published while subscribed, never delivered
	Doubled    int64    `json:"doubled"`    // delivered before
	Disordered int64    `json:"disordered"` // delivered after a later one
	Stranded   int64    `json:"stranded"`   // subscriptions that should stand at the end and do not, though nobody closed them for good
	Examples   []string `json:"examples,omitempty"`

	Viewers       int64 `json:"viewers"`
	Subscriptions int64 `json:"subscriptions"`
	Unpositioned  int64 `json:"unpositioned"` // subscriptions that nothing can be said about
	Actors        int64 `json:"actors"`

	Deliveries    int64 `json:"deliveries"`     // publications with an offset, or of an unpositioned channel
	Hints         int64 `json:"hints"`          // publications without an offset on positioned channels: counts, viewer numbers
	Replayed      int64 `json:"replayed"`       // publications within recoveries
	Published     int64 `json:"published"`      // events that the server accepted: posts, comments, tips, publishes
	BytesIn       int64 `json:"bytes_in"`       // on the wire, over the whole run
	BytesOut      int64 `json:"bytes_out"`      //
	MeasuredBytes int64 `json:"measured_bytes"` // in, within the measured part
	Frames        int64 `json:"frames"`         // WebSocket messages in

	Cuts        int64            `json:"cuts"`        // by us
	Reconnects  int64            `json:"reconnects"`  // after cuts and closes
	Recovered   int64            `json:"recovered"`   // subscriptions, with everything missed
	Unrecovered int64            `json:"unrecovered"` // subscriptions that began anew
	Skipped     int64            `json:"skipped"`     // offsets passed over by those, as far as the epoch stayed
	Terminated  int64            `json:"terminated"`  // closed or refused for good
	Refreshed   int64            `json:"refreshed"`   // tokens
	Closes      map[string]int64 `json:"closes,omitempty"`
	DialErrors  map[string]int64 `json:"dial_errors,omitempty"`
	Errors      map[string]int64 `json:"errors,omitempty"` // of connect, subscribe and refresh, by code

	Delivery Latency            `json:"delivery"` // planned time of a post until a viewer had it
	Recovery Latency            `json:"recovery"` // cut or close until all channels of the viewer had recovered
	Connect  Latency            `json:"connect"`  // first dial until subscribed
	Commands map[string]Command `json:"commands,omitempty"`

	Series []Second `json:"series"`
}

// Faults is how many promises the server broke. A run with any has failed.
func (r Result) Faults() int {
	return int(r.Lost + r.Doubled + r.Disordered + r.Stranded)
}

// Latency is a distribution in milliseconds.
type Latency struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean_ms"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms"`
	Max   float64 `json:"max_ms"`
}

// Command is what became of the actions of one kind (like and unlike apart).
type Command struct {
	Planned int64            `json:"planned"`
	Done    int64            `json:"done"`
	Refused int64            `json:"refused"`         // 111 and 429: the server defends itself
	Failed  int64            `json:"failed"`          // everything else
	Codes   map[string]int64 `json:"codes,omitempty"` // of Refused and Failed: "111", "http 503", "closed", "timeout", "offline"
	Latency Latency          `json:"latency"`         // of Done, from the planned time
}

// Second is one second of a run, from the first connect on.
type Second struct {
	At         int     `json:"at"` // seconds since the first connect
	Phase      Phase   `json:"phase"`
	Open       int64   `json:"open"`       // sockets
	Subscribed int64   `json:"subscribed"` // subscriptions that stand
	Deliveries int64   `json:"deliveries"`
	Hints      int64   `json:"hints"`
	P50        float64 `json:"p50_ms"` // of delivery
	P99        float64 `json:"p99_ms"`
	Commands   int64   `json:"commands"` // answered with success
	CommandP50 float64 `json:"command_p50_ms"`
	CommandP99 float64 `json:"command_p99_ms"`
	Refused    int64   `json:"refused"`
	Failed     int64   `json:"failed"`
	Cuts       int64   `json:"cuts"`
	Recovered  int64   `json:"recovered"`
	Faults     int64   `json:"faults"` // seen in it: doubled, disordered, gaps
	BytesIn    int64   `json:"bytes_in"`
}

// Snapshot is how a run stands, once a second.
type Snapshot struct {
	Second
	Elapsed time.Duration // since the first connect
	// Of the whole run until now.
	Viewers, TotalDeliveries, TotalCommands, TotalRefused, TotalFailed int64
	Doubled, Disordered, Missing                                       int64 // Missing may still come
	Remaining                                                          time.Duration
}
