package config

import (
	"log/slog"
	"net/netip"
	"net/url"
	"time"
)

// Command names what the program was asked to do.
type Command string

// The commands.
const (
	Serve       Command = "serve"
	Migrate     Command = "migrate"
	Seed        Command = "seed"
	Audit       Command = "audit"
	Reconcile   Command = "reconcile"
	PlaceHold   Command = "hold place"
	ReleaseHold Command = "hold release"
	RotateKeys  Command = "keys rotate"

	ListAppeals   Command = "appeals list"
	UpholdAppeal  Command = "appeals uphold <appeal>"
	DismissAppeal Command = "appeals dismiss <appeal>"
	AddIssuer     Command = "score issuer"
	Fairness      Command = "score fairness"
	AddSeed       Command = "score seed"

	StaffAdd      Command = "staff add <handle>"
	StaffRemove   Command = "staff remove <handle>"
	StaffList     Command = "staff list"
	StaffPending  Command = "staff pending"
	StaffShow     Command = "staff show <case>"
	StaffApprove  Command = "staff approve <case>"
	StaffRefuse   Command = "staff refuse <case>"
	StaffRevoke   Command = "staff revoke-identity <user>"
	DomainsAdd    Command = "staff domains add <domain>"
	DomainsRemove Command = "staff domains remove <domain>"
	DomainsList   Command = "staff domains list"

	PendingPhotos Command = "photos pending"
	ApprovePhoto  Command = "photos pass <photo>"
	ClearPhoto    Command = "photos clear <photo>"
	FlagPhoto     Command = "photos flag <photo>"

	Version Command = "version"
)

// Config is every setting of one run. Parts that do not belong to the command
// are zero.
type Config struct {
	Command     Command
	Database    Database
	Server      Server
	Books       Books
	Hold        Hold
	Desk        Desk
	Staff       Staff
	PhotoReview PhotoReview
	NewEpoch    bool // migrate: give every circle's log a new name
}

// Database says where the data lives: in URL's database, or if that is empty
// in a Postgres of our own under DataDir.
type Database struct {
	URL         Secret `name:"database-url" env:"DATABASE_URL" placeholder:"postgres://..." help:"Postgres 15 or newer; without it a private one is started in the data directory."`
	DataDir     string `name:"data-dir" env:"LIFECIRCLE_DATA_DIR" default:"./.lifecircle" type:"path" help:"Where the private Postgres and the ops-address file live."`
	PostgresBin string `name:"postgres-bin" env:"LIFECIRCLE_POSTGRES_BIN" placeholder:"DIR" help:"Folder with initdb, postgres and pg_ctl for the private Postgres."`
	LogLevel    Level  `name:"log-level" env:"LIFECIRCLE_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"debug, info, warn or error."`
}

// Local tells whether the private Postgres is used.
func (d Database) Local() bool { return d.URL == "" }

// Play tells whether all is play: on the private Postgres, and without real
// money. Nobody proves his age to himself where money is real.
func (c Config) Play() bool {
	return c.Database.Local() && !c.Server.Alipay.Used() && !c.Server.Stripe.Used()
}

// Server holds the settings of serve.
type Server struct {
	RedisURL       Secret         `name:"redis-url" env:"REDIS_URL" placeholder:"redis://..." help:"Carries news between several nodes: redis://host:6379, rediss:// with TLS, or redis+cluster://a:6379,b:6379,c:6379. Without it there is one node."`
	Listen         string         `name:"listen" env:"LIFECIRCLE_LISTEN" default:"127.0.0.1:8080" help:"Address for people: pages, API and sockets."`
	OpsListen      string         `name:"ops-listen" env:"LIFECIRCLE_OPS_LISTEN" default:"127.0.0.1:0" help:"Address for operators: /metrics and /debug/pprof."`
	Dev            bool           `name:"dev" env:"LIFECIRCLE_DEV" help:"Open the doors that tests need (/v1/dev) and lift rate limits."`
	Demo           bool           `name:"demo" env:"LIFECIRCLE_DEMO" help:"Seed the demo world on first start and keep a few demo people busy."`
	Drain          time.Duration  `name:"drain" env:"LIFECIRCLE_DRAIN" default:"10s" help:"Time over which many sockets are closed when the server ends."`
	TrustedProxy   []string       `name:"trusted-proxy" env:"LIFECIRCLE_TRUSTED_PROXY" placeholder:"CIDR" help:"Proxies whose X-Forwarded-For is believed; may be repeated."`
	AllowedOrigin  []string       `name:"allowed-origin" env:"LIFECIRCLE_ALLOWED_ORIGIN" placeholder:"ORIGIN" help:"Other sites whose pages may open sockets; may be repeated."`
	TrustedProxies []netip.Prefix `kong:"-"` // TrustedProxy, read
	AdultTips      bool           `name:"adult-tips" env:"LIFECIRCLE_ADULT_TIPS" default:"true" negatable:"" help:"Tips take a verified adult, of 18 years; on by default."`
	Tracing        `embed:""`
	Limits         `embed:""`
	Payments       `embed:""`
	Identity       `embed:""`
	Photos         `embed:""`
}

// Secret is a setting that may hold a password. It prints as *** wherever it
// is formatted or logged; Reveal is the one way to its text.
type Secret string

// Reveal returns the text itself.
func (s Secret) Reveal() string { return string(s) }

// String hides everything but whether it is set.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString hides the text from %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the text from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Place returns host and path of a URL, what may be shown of it.
func (s Secret) Place() string {
	if _, hosts, ok := redisCluster(s); ok {
		return hosts
	}
	u, err := url.Parse(string(s))
	if err != nil || u.Host == "" && u.Scheme != "unix" {
		return "***"
	}
	return u.Host + u.Path
}

// Level is a log level by name.
type Level string

// Slog returns the level for slog.
func (l Level) Slog() slog.Level {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l)) // an enum of the names that it knows
	return level
}
