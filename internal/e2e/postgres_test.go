package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/localpg"
)

// databaseURL is the address of the server's own Postgres, from its pid file.
func (s *server) databaseURL() (string, error) {
	lines, err := s.pidFile()
	if err != nil {
		return "", err
	}
	if len(lines) < 5 {
		return "", fmt.Errorf("postmaster.pid has %d lines", len(lines))
	}
	q := url.Values{"host": {lines[4]}, "port": {lines[3]}, "user": {"lifecircle"}}
	return (&url.URL{Scheme: "postgres", Path: "/lifecircle", RawQuery: q.Encode()}).String(), nil
}

func (s *server) pidFile() ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(s.dataDir, "data", "postmaster.pid"))
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(raw), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return lines, nil
}

// query looks into the server's database.
func (s *server) query(read func(ctx context.Context, db *pgx.Conn) error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	address, err := s.databaseURL()
	if err != nil {
		s.t.Fatal(err)
	}
	db, err := pgx.Connect(ctx, address)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = db.Close(ctx) }()
	if err := read(ctx, db); err != nil {
		s.t.Fatal(err)
	}
}

// killPostgres ends all processes of the server's Postgres as kill -9 does.
// It does nothing when there are none.
func (s *server) killPostgres() error {
	lines, err := s.pidFile()
	if err != nil {
		return nil //nolint:nilerr // it has ended in good order, or was never there
	}
	pid, err := strconv.Atoi(lines[0])
	if err != nil || pid <= 1 {
		return fmt.Errorf("postmaster.pid names process %q", lines[0])
	}
	if !s.isPostgres(pid) {
		return nil
	}
	children := childrenOf(pid)
	for _, p := range append([]int{pid}, children...) {
		if err := syscall.Kill(p, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill process %d of Postgres: %w", p, err)
		}
	}
	return nil
}

// isPostgres tells whether pid works in the server's data directory: after a
// crash the pid file alone proves nothing.
func (s *server) isPostgres(pid int) bool {
	cwd, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "cwd"))
	return err == nil && cwd == filepath.Join(s.dataDir, "data")
}

func childrenOf(parent int) (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(raw), ") ")
		fields := strings.Fields(rest)
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// startDatabase runs a Postgres for several servers; it ends with the test.
func startDatabase(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lifecircle-e2e-pg-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // Postgres may run as another user
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	db, err := localpg.Start(ctx, localpg.Options{Dir: dir, BinDir: os.Getenv("LIFECIRCLE_POSTGRES_BIN"), EndWithProcess: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), endTime)
		defer cancel()
		if err := db.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return db.URL()
}
