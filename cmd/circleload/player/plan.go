package player

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"lifecircle/hub/wire"
)

// Plan is a whole run: who comes, what they do, and what is done to them.
type Plan struct {
	Dial      Dial
	Viewers   []Viewers // groups of viewers; they come one group after the other
	Actors    Actors
	Actions   []Action
	Cuts      []Cut
	Duration  time.Duration // of the measured part, from when all viewers are subscribed
	Reconnect Backoff

	ConnectTimeout time.Duration // for all viewers to be subscribed, 60 s and what their Rate needs
	SettleTimeout  time.Duration // after the end, for answers and for the last publications, 15 s
	Seed           uint64        // of everything random; 0: 1

	// OnPhase is called when a phase begins, before anything in it happens: the
	// place to read a process's CPU time. It may be nil.
	OnPhase func(Phase)
}

// Phase is a part of a run.
type Phase string

// The phases, in their order.
const (
	Connecting Phase = "connecting"
	Measuring  Phase = "measuring"
	Settling   Phase = "settling"
	Done       Phase = "done"
)

// Dial says how sockets are opened, for all alike.
type Dial struct {
	Protocol wire.Protocol
	Header   http.Header
	Compress bool         // offer permessage-deflate
	Sources  []netip.Addr // local addresses; none: chosen on loopback
	Loops    int          // goroutines that read; 0: GOMAXPROCS
	AtOnce   int          // handshakes under way at the same time, 512
}

// Viewers is a group of people who look on.
type Viewers struct {
	Count    int
	URLs     []string // ws://host:port/connection/websocket; spread over them evenly
	Rate     float64  // connects a second; 0: as fast as it goes
	Channels []string
	Each     int         // channels each viewer subscribes to, 1; the next Each of Channels, round and round; negative: all
	Tokens   TokenSource // nil: guests

	// Slow viewers read until they are subscribed and then BytesPerSecond only (0: nothing). Their latencies are not
	// recorded and what they miss is not lost: they are here for what they do to others.
	Slow           bool
	BytesPerSecond int
	ReceiveBytes   int // SO_RCVBUF; 0: the kernel's, for slow viewers 4096
}

// TokenSource gives the token of person number i, a fresh one at each call. It
// may block; an error is tried again with the connection's back-off.
type TokenSource func(ctx context.Context, i int) (string, error)

// Actors are the people who act. With Count 0 the viewers' own sockets act:
// those of groups that have Tokens and are not Slow.
type Actors struct {
	Count  int      // sockets without subscriptions
	URLs   []string // as of Viewers
	Tokens TokenSource
	API    string       // http://host:port, for actions over HTTP
	HTTP   *http.Client // nil: one with enough connections
	AtOnce int          // HTTP requests under way, 256; beyond it actions wait, and their waiting counts
}

// Kind is what an action does.
type Kind string

// The kinds. Like is a like and an unlike in turn for each actor and post.
const (
	Post    Kind = "post"
	Like    Kind = "like"
	Comment Kind = "comment"
	Tip     Kind = "tip"
	Publish Kind = "publish" // by Action.Template, for other servers
)

// Transport is the road of a command.
type Transport string

// The roads.
const (
	Socket Transport = "socket" // RPC
	HTTP   Transport = "http"
)

// Action is something done again and again, at times fixed beforehand.
type Action struct {
	Kind    Kind
	Over    Transport // Socket by default; Publish always goes over HTTP
	Rate    float64   // a second, by all actors together
	Poisson bool      // random distances instead of equal ones
	After   time.Duration
	For     time.Duration // 0: until the end

	Circles []string // ids, for Post, in turn; a channel's name without "circle:"
	Posts   []string // ids, for Like, Comment and Tip, in turn
	Bytes   int      // of a text; at least what the marker needs, about 60
	Amount  int64    // of a tip, in fen; 0: 100

	Channels []string // for Publish, in turn
	Template Template // for Publish
}

// Template is a request that publishes on a foreign server. {{channel}} and
// {{data}} stand for the channel's name (escaped for where it stands: in the
// URL as a path segment, in the body as a part of a JSON string) and for the
// JSON value to publish. Any status of 2xx is success; so that servers which
// answer an error with 200 are noticed, Refused, if set, is text that a success does not contain.
type Template struct {
	Method  string // POST
	URL     string
	Header  http.Header
	Body    string // {"channel":"{{channel}}","data":{{data}}}
	Refused string // `"error":`
}

// Cut is viewers losing their connections (RST), at random among those who are not Slow.
type Cut struct {
	After time.Duration // from the start of the measured part
	Share float64       // of all viewers at once, 0 to 1
	Rate  float64       // viewers a second from then on, besides
	For   time.Duration // of Rate; 0: until the end
}

// Backoff is the waiting before a client connects again: random, and up to
// twice as long after each failure in a row. Immediate skips it after a cut,
// but not after a failure.
type Backoff struct {
	Min, Max  time.Duration // 500 ms, 20 s
	Immediate bool
}
