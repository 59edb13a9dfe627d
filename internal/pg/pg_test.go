package pg_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/pg"
	"lifecircle/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func exec(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func show(t *testing.T, pool *pgxpool.Pool, setting string) (v string) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), "SHOW "+setting).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func open(t *testing.T, url string, o pg.Options) *pgxpool.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func TestOpenSetsUpEachConnection(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.Empty(t), pg.Options{AppName: "lc test", StatementTimeout: 2 * time.Second, MaxConns: 3})
	for setting, want := range map[string]string{
		"application_name": "lc test", "statement_timeout": "2s", "idle_in_transaction_session_timeout": "15s",
		"timezone": "UTC", "synchronous_commit": "on",
	} {
		if got := show(t, pool, setting); got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
	if got := pool.Config().MaxConns; got != 3 {
		t.Errorf("MaxConns %d", got)
	}
}

func TestStatementsSeeWhatIsCommittedWhateverTheDatabaseSays(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	exec(t, open(t, url, pg.Options{}), "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database()); END $$")
	if got := show(t, open(t, url, pg.Options{}), "transaction_isolation"); got != "read committed" {
		t.Errorf("isolation %s", got)
	}
}

func TestCommitsWaitForTheDiskWhateverTheDatabaseSays(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	admin := open(t, url, pg.Options{})
	exec(t, admin, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$")
	if got := show(t, open(t, url, pg.Options{}), "synchronous_commit"); got != "on" {
		t.Errorf("synchronous_commit = %s", got)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	closed := listen(t, nil)
	_ = closed.Close()
	web := listen(t, []byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"))
	mute := listen(t, nil)
	good := pgtest.Empty(t)
	for name, c := range map[string]struct {
		url  string
		want error
		text string
	}{
		"closed port":     {dsn(closed), pg.ErrUnreachable, "connection refused"},
		"no socket":       {"postgres:///x?host=" + t.TempDir(), pg.ErrUnreachable, "no such file"},
		"no host":         {"postgres://u:secret@host.invalid/x", pg.ErrUnreachable, "host.invalid"},
		"a web server":    {dsn(web), pg.ErrNotPostgres, closed.Addr().(*net.TCPAddr).IP.String()},
		"never an answer": {dsn(mute) + "&connect_timeout=1", pg.ErrUnreachable, "did not answer within 1s"},
		"no database":     {strings.Replace(good, "/test_", "/gone_", 1), pg.ErrRefused, "does not exist"},
		"not an address":  {"postgres://u:secret@h:port/x", nil, "DATABASE_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pg.Open(t.Context(), c.url, pg.Options{})
			if err == nil || (c.want != nil && !errors.Is(err, c.want)) || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("%v; want %v, with %q", err, c.want, c.text)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n") {
				t.Errorf("not fit for a log: %v", err)
			}
		})
	}
}

func dsn(l net.Listener) string {
	return fmt.Sprintf("postgres://u:secret@%s/x?sslmode=disable", l.Addr())
}

// listen accepts and says greeting to whoever has spoken; nil: nothing, ever.
func listen(t *testing.T, greeting []byte) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer func() { _ = c.Close() }()
			if greeting != nil {
				_, _ = c.Read(make([]byte, 64))
				_, _ = c.Write(greeting)
			}
		}
	}()
	return l
}

func TestMigrateTogether(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	pool := open(t, url, pg.Options{})
	if err := pg.CheckSchema(t.Context(), pool); !errors.Is(err, pg.ErrSchemaBehind) || !strings.Contains(err.Error(), "lifecircle migrate") {
		t.Fatalf("an empty database: %v", err)
	}
	const nodes = 4
	errs := make(chan error, nodes)
	for range nodes {
		node := open(t, url, pg.Options{StatementTimeout: time.Second})
		go func() { errs <- pg.Migrate(t.Context(), node) }()
	}
	for range nodes {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if err := pg.CheckSchema(t.Context(), pool); err != nil {
		t.Error(err)
	}
}

func TestNewerSchemaIsLeftAlone(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	exec(t, pool, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)")
	for name, f := range map[string]func(context.Context, *pgxpool.Pool) error{"check": pg.CheckSchema, "migrate": pg.Migrate} {
		if err := f(t.Context(), pool); !errors.Is(err, pg.ErrSchemaAhead) || !strings.Contains(err.Error(), "9999") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
