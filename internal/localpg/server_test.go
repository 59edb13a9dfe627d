package localpg

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestStartsFromNothingAndKeepsItsData(t *testing.T) {
	t.Parallel()
	o := Options{Dir: filepath.Join(openDir(t), "new", "pg")}
	s := start(t, o)
	for setting, want := range map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "data_checksums": "on",
		"listen_addresses": "", "server_encoding": "UTF8",
	} {
		if got := query(t, s.URL(), "SHOW "+setting); got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
	if got := query(t, s.URL(), "SELECT datcollate || ' ' || datctype FROM pg_database WHERE datname = current_database()"); got != "C C.UTF-8" {
		t.Errorf("locale %q", got)
	}
	_ = query(t, s.URL(), "CREATE TABLE kept AS SELECT 'here' AS v")
	checkPrivate(t, s)
	first := s.PID()
	stop(t, s)
	if worksIn(first, filepath.Join(o.Dir, "data")) {
		t.Error("Postgres runs on after Stop")
	}
	again := start(t, o)
	if got := query(t, again.URL(), "SELECT v FROM kept"); got != "here" || again.PID() == first {
		t.Errorf("after a second start: %q", got)
	}
}

// checkPrivate: not root, not in our session, and a socket for its owner only.
func checkPrivate(t *testing.T, s *Server) {
	t.Helper()
	st, err := os.Stat(filepath.Join("/proc", strconv.Itoa(s.PID())))
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := ownerOf(st)
	if uid == 0 {
		t.Error("Postgres runs as root")
	}
	sid, _, errno := syscall.Syscall(syscall.SYS_GETSID, uintptr(s.PID()), 0, 0)
	if errno != 0 || int(sid) != s.PID() {
		t.Errorf("session %d of process %d: Ctrl-C would reach it", sid, s.PID())
	}
	sock, err := os.Stat(s.inst.socket)
	if err != nil {
		t.Fatal(err)
	}
	if owner, _ := ownerOf(sock); owner != uid || sock.Mode().Perm() != 0o700 {
		t.Errorf("socket directory %s: owner %d, mode %s", s.inst.socket, owner, sock.Mode())
	}
}

func TestUsersShareOnePostgresAndTheLastStopsIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := start(t, Options{Dir: dir}), start(t, Options{Dir: dir})
	other := startHelper(t, "plain", dir, nil)
	if a.PID() != b.PID() || other.pid != a.PID() || other.url != a.URL() {
		t.Fatalf("three users, processes %d %d %d %s", a.PID(), b.PID(), other.pid, other.err)
	}
	stop(t, a)
	other.end()
	if _, err := tryQuery(t.Context(), b.URL(), "SELECT 'x'"); err != nil {
		t.Fatalf("stopped under the last user: %v", err)
	}
	stop(t, b)
	if a.inst.alive() || b.inst.alive() {
		t.Error("nobody stopped it")
	}
}

func TestAdoptsWhatAKilledServerLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := startHelper(t, "plain", dir, nil)
	if p.err != "" {
		t.Fatal(p.err)
	}
	p.kill()
	s := start(t, Options{Dir: dir, Exclusive: true})
	if s.PID() != p.pid {
		t.Fatalf("process %d, want %d", s.PID(), p.pid)
	}
	_ = query(t, s.URL(), "SELECT 'x'")
	stop(t, s)
	if worksIn(p.pid, s.dir.data()) {
		t.Error("the adopted Postgres runs on after Stop")
	}
}

func TestVolatileDiesWithItsProcess(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	p := startHelper(t, "volatile", dir, nil)
	if p.err != "" {
		t.Fatal(p.err)
	}
	p.kill()
	eventually(t, "the end of Postgres", func() bool { return len(processesIn(filepath.Join(dir, "data"))) == 0 })
}

func TestRunStartsAKilledPostgresAgain(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Dir: t.TempDir()})
	_ = query(t, s.URL(), "CREATE TABLE kept AS SELECT 'here' AS v")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	for range 2 {
		old := s.PID()
		if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, "another Postgres", func() bool { return s.PID() != old })
		if got := query(t, s.URL(), "SELECT v FROM kept"); got != "here" {
			t.Fatalf("after a kill: %q", got)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestTheLastUserStopsWhatAnotherStartedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := start(t, Options{Dir: dir}), start(t, Options{Dir: dir})
	old := b.PID()
	if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of Postgres", func() bool { return !a.inst.alive() })
	if _, err := a.revive(t.Context()); err != nil || a.PID() == old {
		t.Fatalf("process %d, %v", a.PID(), err)
	}
	stop(t, a)
	stop(t, b) // has not looked since
	if left := processesIn(filepath.Join(dir, "data")); len(left) != 0 {
		t.Errorf("processes %v are left", left)
	}
}

func TestStopsAtOnceWhenTimeIsUp(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Dir: t.TempDir()})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if s.inst.alive() {
		t.Error("runs on")
	}
}

func TestExclusiveUsersAreOne(t *testing.T) {
	t.Parallel()
	o := Options{Dir: t.TempDir(), Exclusive: true}
	s := start(t, o)
	_, err := Start(t.Context(), o)
	if !errors.Is(err, ErrServed) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Fatalf("a second server: %v", err)
	}
	command := start(t, Options{Dir: o.Dir}) // commands attach all the same
	if command.PID() != s.PID() {
		t.Error("a command did not attach")
	}
}

func TestLeftoversOfAnUncleanEndAreNoObstacle(t *testing.T) {
	t.Parallel()
	o := Options{Dir: t.TempDir()}
	stop(t, start(t, o))
	d := layout{root: o.Dir}
	// After a restart of the machine the pid of a dead postmaster may belong to
	// anybody; worst to another process of the same user.
	acct, err := accountFor(d)
	if err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(start(t, Options{Dir: t.TempDir()}).PID()) + "\n" + d.data() + "\n1\n5432\n/tmp\n\n"
	if err := makeSocketDir(d.socketDir(acct), acct); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{d.pidFile(), socketFile(d.socketDir(acct)) + ".lock"} {
		write(t, path, pid, 0o600)
		if err := acct.own(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(d.unborn(), "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := start(t, o)
	_ = query(t, s.URL(), "SELECT 'x'")
}

func TestLongPathsGetAShortSocket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), strings.Repeat("long/", 30))
	s := start(t, Options{Dir: dir})
	if len(socketFile(s.inst.socket)) > maxSocketPath {
		t.Fatal(s.inst.socket)
	}
	checkPrivate(t, s)
	short := s.inst.socket
	stop(t, s)
	if _, err := os.Stat(short); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", short, err)
	}
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond) // inside initdb
	defer cancel()
	if s, err := Start(ctx, Options{Dir: dir, BinDir: os.Getenv(binSetting)}); err == nil {
		stop(t, s)
		t.Skip("faster than the deadline")
	}
	s := start(t, Options{Dir: dir})
	_ = query(t, s.URL(), "SELECT 'x'")
}
