package scenario

import "time"

// Scenario is who comes, what they do and what is done to them.
type Scenario struct {
	Name  string `yaml:"-"` // of the file, without its ending
	About string `yaml:"about"`

	Duration time.Duration `yaml:"duration"` // of the measured part: connecting and settling come besides
	Viewers  int           `yaml:"viewers"`
	SignedIn bool          `yaml:"signed_in"`    // viewers have accounts; else they are guests
	Circles  int           `yaml:"circles"`      // 1; channels on other servers
	Each     int           `yaml:"each"`         // circles that one viewer watches, 1
	Connect  float64       `yaml:"connect_rate"` // sockets a second; 0: as fast as it goes
	Slow     Slow          `yaml:"slow"`

	Actors  int      `yaml:"actors"` // people with accounts who act, on sockets of their own
	Actions []Action `yaml:"actions"`

	Cuts      []Cut     `yaml:"cuts"`
	Reconnect Reconnect `yaml:"reconnect"`
}

// Slow are viewers besides the others, who hardly read.
type Slow struct {
	Viewers        int `yaml:"viewers"`
	BytesPerSecond int `yaml:"bytes_per_second"` // 0: they read nothing
}

// Kind is what an action does.
type Kind string

// The kinds. On a server other than ours a post is a publish, and the others cannot be played.
const (
	Post    Kind = "post"
	Like    Kind = "like" // and unlike, in turn
	Comment Kind = "comment"
	Tip     Kind = "tip"
)

// The roads of an action.
const (
	Socket = "socket"
	HTTP   = "http"
)

// Action is done again and again, at times that are fixed beforehand.
type Action struct {
	Kind   Kind          `yaml:"kind"`
	Rate   float64       `yaml:"rate"`   // a second, by all actors together
	Over   string        `yaml:"over"`   // socket (as RPC) or http; socket by default
	Bytes  int           `yaml:"bytes"`  // of a text, 300; of a tip's message, 80 and at most 200
	Amount int64         `yaml:"amount"` // of a tip, fen, 100
	Random bool          `yaml:"random"` // distances as of a Poisson process instead of equal ones
	After  time.Duration `yaml:"after"`  // from the start of the measured part
	For    time.Duration `yaml:"for"`    // 0: until the end
}

// Cut is viewers losing their connections without a word.
type Cut struct {
	After time.Duration `yaml:"after"`
	Share float64       `yaml:"share"` // of all viewers at once, 0 to 1
	Rate  float64       `yaml:"rate"`  // viewers a second from then on
	For   time.Duration `yaml:"for"`   // of the rate; 0: until the end
}

// Reconnect is how long clients wait before they come back: random, and twice
// as long after each failure in a row, from min (500 ms) to max (20 s).
type Reconnect struct {
	Min       time.Duration `yaml:"min"`
	Max       time.Duration `yaml:"max"`
	Immediate bool          `yaml:"immediate"` // after a cut, not after a failure
}

const (
	defaultBytes   = 300 // of a text
	defaultMessage = 80  // bytes, of a tip's message
	defaultAmount  = 100 // fen

	// Before a client comes back, as the SDKs do.
	defaultMinWait = 500 * time.Millisecond
	defaultMaxWait = 20 * time.Second
)

// defaults fills in what a file may leave out.
func (s *Scenario) defaults() {
	s.Circles = max(s.Circles, 1)
	if s.Each == 0 {
		s.Each = 1
	}
	r := &s.Reconnect
	if r.Max == 0 {
		r.Max = max(defaultMaxWait, r.Min)
	}
	if r.Min == 0 {
		r.Min = min(defaultMinWait, r.Max)
	}
	for i := range s.Actions {
		a := &s.Actions[i]
		if a.Over == "" {
			a.Over = Socket
		}
		if a.Bytes == 0 && a.Kind == Tip {
			a.Bytes = defaultMessage
		}
		if a.Bytes == 0 {
			a.Bytes = defaultBytes
		}
		if a.Amount == 0 {
			a.Amount = defaultAmount
		}
	}
}
