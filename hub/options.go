package hub

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Options configure a Node. Only Handler is required; zero values take the defaults named.
type Options struct {
	Handler Handler
	Log     Log    // nil: no positioned channels and no history
	Broker  Broker // nil: NewMemoryBroker, for a single node
	Logger  *slog.Logger

	Name    string // of this node, distinct from all others; random if empty
	Version string // told to clients

	// Origins that browsers may connect from besides the server's own host: patterns of path.Match on the host, or
	// on scheme://host. "*" allows all.
	Origins []string
	// RemoteAddr finds a client's address. By default it is the peer's, without the port.
	RemoteAddr func(*http.Request) string

	// Limits without a default: 0 is no limit.
	MaxConnections        int // of this node; beyond it the handshake is answered 503
	MaxHandshakes         int // connections of this node that have not connected yet; beyond it 503
	MaxAddressConnections int // of one RemoteAddr, or of a /64 of IPv6; beyond it the handshake is answered 429
	MaxUserConnections    int // of one user to this node; beyond it 3504
	CommandRate           int // commands of one client a second, in the long run; beyond it error 111, far beyond 3013
	CommandBurst          int // of them at once, at least 1

	MaxSubscriptions int           // of one client, 128
	MaxMessageBytes  int64         // one frame from a client, 64 KiB; beyond it close 1009
	QueueBytes       int           // waiting for one client whose socket does not take it, 1 MiB; beyond it 3008
	SocketBuffer     int           // what the kernel may hold for one client beside that, 128 KiB; some kernels take it twice
	WriteTimeout     time.Duration // one write to a client, 5 s; then 3008
	ConnectTimeout   time.Duration // until the connect command, 10 s; then 3502
	CommandTimeout   time.Duration // one command in the Handler, 30 s
	PingInterval     time.Duration // 25 s, for a client that does not ask for another
	MinPingInterval  time.Duration // the shortest that a client may ask for, 10 s
	MaxPingInterval  time.Duration // the longest, 4 min
	PongTimeout      time.Duration // shorter than PingInterval, 8 s; then 3012
	ExpiryGrace      time.Duration // for the refresh after a connection expired, 25 s; then 3005

	// MaxBatchDelay is how long a busy channel lets events wait for each other, 100 ms.
	MaxBatchDelay time.Duration
	// Compression lets clients have messages compressed that ask for permessage-deflate.
	Compression bool

	GapWait      time.Duration // for a missing publication before the log is read, 50 ms
	HeadInterval time.Duration // between comparisons of all channels with the log, 1 s

	// Occupancy, if set, makes the publication that tells the subscribers of a channel how many clients are subscribed
	// to it on all nodes. It is called at most once an OccupancyInterval (2 s) for a channel, if the number changed. Its
	// result should have no offset; with a Key a newer one replaces an older one, and without Data nobody is told.
	Occupancy         func(channel string, clients int) Publication
	OccupancyInterval time.Duration

	// Overloaded, if set, tells whether RPCs are to be answered with error 111 before anything is done for them. It is
	// asked for each message of a client and must be cheap.
	Overloaded func() bool

	// Observe, if set, is told of every fan-out. It is called from many goroutines and must not block.
	Observe func(Fanout)
}

// Fanout is what became of publications that a channel's subscribers got together.
type Fanout struct {
	Events  int           // publications
	Clients int           // clients that got them
	Took    time.Duration // from their turn in the channel's order until the last client's bytes were with the kernel; those of slow clients excepted
	Age     time.Duration // from the oldest Publication.At until then; 0 if it is not known
}

const (
	maxChannelBytes = 255             // a channel's name
	channelLinger   = 5 * time.Second // a channel without subscribers stays known to the broker: people reload pages
	logTimeout      = 5 * time.Second // one read of the log
	brokerTimeout   = 5 * time.Second // one call to the broker; it should be far quicker
	closeTimeout    = 5 * time.Second // for the peer's answer to our close frame
)

func (o Options) withDefaults() (Options, error) {
	if o.Handler == nil {
		return o, errors.New("options need a handler")
	}
	if o.Broker == nil {
		o.Broker = NewMemoryBroker()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Name == "" {
		o.Name = rand.Text()
	}
	if o.RemoteAddr == nil {
		o.RemoteAddr = peerAddr
	}
	orDefault(&o.MaxSubscriptions, 128)
	orDefault(&o.MaxMessageBytes, 64<<10)
	orDefault(&o.QueueBytes, 1<<20)
	orDefault(&o.SocketBuffer, 128<<10)
	orDefault(&o.WriteTimeout, 5*time.Second)
	orDefault(&o.ConnectTimeout, 10*time.Second)
	orDefault(&o.CommandTimeout, 30*time.Second)
	orDefault(&o.PingInterval, 25*time.Second)
	orDefault(&o.MinPingInterval, min(10*time.Second, o.PingInterval))
	orDefault(&o.MaxPingInterval, max(4*time.Minute, o.PingInterval))
	orDefault(&o.MaxBatchDelay, 100*time.Millisecond)
	orDefault(&o.PongTimeout, 8*time.Second)
	orDefault(&o.ExpiryGrace, 25*time.Second)
	orDefault(&o.GapWait, 50*time.Millisecond)
	orDefault(&o.HeadInterval, time.Second)
	orDefault(&o.OccupancyInterval, 2*time.Second)
	if o.PongTimeout >= o.MinPingInterval || o.MinPingInterval > o.PingInterval || o.PingInterval > o.MaxPingInterval {
		return o, errors.New("of pong timeout, shortest, usual and longest ping interval each must be shorter than the next")
	}
	return o, nil
}

func orDefault[T int | int64 | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

func peerAddr(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
