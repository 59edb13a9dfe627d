package localpg

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
)

const (
	patience   = time.Minute // for anything a test waits for; a loaded machine
	helper     = "LOCALPG_TEST_HELPER"
	binSetting = "LIFECIRCLE_POSTGRES_BIN" // as make sets it where the machine has no Postgres
)

func TestMain(m *testing.M) {
	if os.Getenv(helper) != "" {
		os.Exit(helperMain())
	}
	goleak.VerifyTestMain(m)
}

// helperMain is another process that uses a local Postgres: it prints its pid
// and URL, or the error, and stops when its input ends.
func helperMain() int {
	s, err := Start(context.Background(), Options{Dir: os.Args[1], BinDir: os.Getenv(binSetting), Volatile: os.Getenv(helper) == "volatile"})
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println("ok", s.PID(), s.URL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := s.Stop(context.Background()); err != nil {
		fmt.Println("error", err)
		return 1
	}
	return 0
}

// process is a running helper.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	pid   int // of its Postgres
	url   string
	err   string // what it failed with; pid and url are empty then
}

func startHelper(t *testing.T, mode, dir string, cred *syscall.Credential) *process {
	t.Helper()
	bin := os.Getenv(binSetting)
	if bin != "" && cred != nil { // it may be closed to that user
		b, err := examine(t.Context(), resolved(bin))
		if err == nil {
			b, err = b.reachable(account{uid: int(cred.Uid), gid: int(cred.Gid), other: true}, copiesAt)
		}
		if err != nil {
			t.Fatal(err)
		}
		bin = b.dir
	}
	cmd := exec.Command("/proc/self/exe", dir) // reaches the test binary whoever runs it
	cmd.Env = append(os.Environ(), helper+"="+mode, binSetting+"="+bin)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, stdin: stdin}
	t.Cleanup(func() { p.end() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("helper said %q: %v", line, err)
	}
	if _, err := fmt.Sscanf(line, "ok %d %s", &p.pid, &p.url); err != nil {
		p.err = strings.TrimSpace(line)
	}
	return p
}

func (p *process) kill() { _ = p.cmd.Process.Kill(); _ = p.cmd.Wait() }
func (p *process) end()  { _ = p.stdin.Close(); _ = p.cmd.Wait() }

func start(t *testing.T, o Options) *Server {
	t.Helper()
	o.BinDir = cmp.Or(o.BinDir, os.Getenv(binSetting))
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// openDir returns a directory that everybody can reach; t.TempDir is closed to
// other users.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "localpg-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// query returns the one text value of a statement.
func query(t *testing.T, url, sql string) string {
	t.Helper()
	v, err := tryQuery(t.Context(), url, sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func tryQuery(ctx context.Context, url, sql string) (v string, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	err = conn.QueryRow(ctx, sql).Scan(&v)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return v, err
}

// eventually waits until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}
