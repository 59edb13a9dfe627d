package pg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// MinMajor is the oldest major version of Postgres that is used.
const MinMajor = 15

const (
	dialTimeout       = 5 * time.Second  // one attempt to connect, greeting included
	openTimeout       = 15 * time.Second // everything that Open asks of the database
	statementTimeout  = 30 * time.Second // on the server, for each statement
	idleInTx          = 15 * time.Second // on the server: a node that vanished or froze must not hold its locks for long
	maxConnLifetime   = time.Hour
	healthCheckPeriod = 15 * time.Second
	preparedCache     = 512 // statements a connection
)

// A peer that has vanished without a word is noticed after about 25 s.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}

// Every statement of ours finds its rows by key. These settings keep the one
// plan that is right for any size of table, from the first row on: a plan made
// for empty tables would scan them whole when they have grown, until the next
// ANALYZE, and planning each call anew costs as much as running it.
var planning = map[string]string{
	"plan_cache_mode":  "force_generic_plan",
	"enable_seqscan":   "off",
	"enable_hashjoin":  "off",
	"enable_mergejoin": "off",
	"jit":              "off",
}

// Reasons why a database cannot be used; each error of Open wraps one and
// reads as a sentence for operators.
var (
	ErrUnreachable = errors.New("the database cannot be reached")
	ErrNotPostgres = errors.New("the address does not answer as a Postgres")
	ErrRefused     = errors.New("the database refuses us")
	ErrTooOld      = errors.New("the database is too old")
)

// Options of a pool. The zero value is fine.
type Options struct {
	AppName          string          // shown in pg_stat_activity; default "lifecircle"
	MaxConns         int32           // default 16, or pool_max_conns of the URL
	MinConns         int32           // kept open; default 0
	StatementTimeout time.Duration   // default 30 s; negative: none
	Tracer           pgx.QueryTracer // sees each statement; nil: nobody
}

// Open connects to the database at url and checks that it can be used. The
// caller closes the pool. Errors wrap one of the reasons above and never hold
// the password.
func Open(ctx context.Context, url string, o Options) (*pgxpool.Pool, error) {
	cfg, err := config(url, o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	weak, err := inspect(ctx, cfg.ConnConfig)
	if err != nil {
		return nil, err
	}
	if weak {
		cfg.ConnConfig.RuntimeParams["synchronous_commit"] = "on"
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open the pool: %w", err)
	}
	return pool, nil
}

func config(url string, o Options) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL is not an address of a Postgres: %w", err) // pgx hides the password
	}
	if o.MaxConns > 0 {
		cfg.MaxConns = o.MaxConns
	} else if cfg.MaxConns < 16 {
		cfg.MaxConns = 16
	}
	cfg.MinConns = o.MinConns
	cfg.MaxConnLifetime = maxConnLifetime
	cfg.MaxConnLifetimeJitter = maxConnLifetime / 10
	cfg.HealthCheckPeriod = healthCheckPeriod
	cfg.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		useInt8Arrays(conn)
		return nil
	}

	cc := cfg.ConnConfig
	cc.Tracer = o.Tracer
	if cc.ConnectTimeout == 0 || cc.ConnectTimeout > dialTimeout {
		cc.ConnectTimeout = dialTimeout
	}
	cc.DialFunc = (&net.Dialer{Timeout: cc.ConnectTimeout, KeepAliveConfig: keepAlive}).DialContext
	cc.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	cc.StatementCacheCapacity = preparedCache
	setDefault(cc.RuntimeParams, "application_name", or(o.AppName, "lifecircle"))
	cc.RuntimeParams["timezone"] = "UTC"
	cc.RuntimeParams["default_transaction_isolation"] = "read committed" // each statement sees what the locks before it guard
	for name, value := range planning {
		setDefault(cc.RuntimeParams, name, value)
	}
	setDefault(cc.RuntimeParams, "idle_in_transaction_session_timeout", millis(idleInTx))
	switch {
	case o.StatementTimeout == 0:
		setDefault(cc.RuntimeParams, "statement_timeout", millis(statementTimeout))
	case o.StatementTimeout > 0:
		cc.RuntimeParams["statement_timeout"] = millis(o.StatementTimeout)
	}
	return cfg, nil
}

// inspect connects once and looks at what is there. weak: commits would not
// wait for the disk unless each session asks for it.
func inspect(ctx context.Context, cfg *pgx.ConnConfig) (weak bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return false, explainConnect(cfg, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var version, commit string
	err = conn.QueryRow(ctx, "SELECT current_setting('server_version_num'), current_setting('synchronous_commit')").Scan(&version, &commit)
	if err != nil {
		return false, fmt.Errorf("%w: %s: %w", ErrNotPostgres, address(cfg), err)
	}
	if err := checkVersion(version); err != nil {
		return false, fmt.Errorf("%w: %s", err, address(cfg))
	}
	return commit == "off" || commit == "local", nil
}

// checkVersion judges what Postgres calls server_version_num, such as 150018.
func checkVersion(num string) error {
	n, err := strconv.Atoi(num)
	if err != nil {
		return fmt.Errorf("%w: it says it is version %q", ErrNotPostgres, num)
	}
	if major := n / 10000; major < MinMajor {
		return fmt.Errorf("%w: it is PostgreSQL %d, and version %d or newer is needed", ErrTooOld, major, MinMajor)
	}
	return nil
}

// explainConnect finds the reason in a failure to connect.
func explainConnect(cfg *pgx.ConnConfig, err error) error {
	var (
		pe  *pgconn.PgError
		dns *net.DNSError
		op  *net.OpError
	)
	switch {
	case errors.As(err, &pe) && isStarting(pe.Code):
		return fmt.Errorf("%w: %s: %s", ErrUnreachable, address(cfg), pe.Message)
	case errors.As(err, &pe):
		return fmt.Errorf("%w: %s: %s", ErrRefused, address(cfg), pe.Message)
	case errors.As(err, &dns):
		return fmt.Errorf("%w: %s: there is no host %s", ErrUnreachable, address(cfg), dns.Name)
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Errorf("%w: %s: %w", ErrUnreachable, address(cfg), op.Err)
	case pgconn.Timeout(err), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %s did not answer within %s", ErrUnreachable, address(cfg), cfg.ConnectTimeout)
	case errors.Is(err, context.Canceled):
		return err
	}
	return fmt.Errorf("%w: %s: %w", ErrNotPostgres, address(cfg), err)
}

func isStarting(code string) bool { return code == "57P03" || code == "53300" }

// address names the database without its password.
func address(cfg *pgx.ConnConfig) string {
	if cfg.Host != "" && cfg.Host[0] == '/' {
		return fmt.Sprintf("database %s at %s", cfg.Database, cfg.Host)
	}
	return fmt.Sprintf("database %s at %s", cfg.Database, net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port))))
}

func setDefault(m map[string]string, name, value string) {
	if _, ok := m[name]; !ok {
		m[name] = value
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
