package bench

import (
	"bytes"
	"context"
	"net/url"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

const tpcbDatabase = "tpcb"

// tpcb measures pgbench's tpcb-like transaction on the same server, in a
// database of its own that is made once.
func (s *stage) tpcb(tb testing.TB) float64 {
	tb.Helper()
	at, err := url.Parse(s.server.URL())
	if err != nil {
		tb.Fatal(err)
	}
	at.Path = "/" + tpcbDatabase
	var there bool
	if err := s.pool.QueryRow(context.Background(), `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, tpcbDatabase).Scan(&there); err != nil {
		tb.Fatal(err)
	}
	if !there {
		if _, err := s.pool.Exec(context.Background(), `CREATE DATABASE `+tpcbDatabase); err != nil {
			tb.Fatal(err)
		}
		s.runPgbench(tb, "-i", "-q", "-s", strconv.Itoa(tpcbScale), at.String())
	}
	return tps(tb, s.runPgbench(tb, "-n", "-M", "prepared", "-c", strconv.Itoa(floorClients), "-j", "2", "-T", strconv.Itoa(floorSeconds), at.String()))
}

// tps is what pgbench says it has done.
func tps(tb testing.TB, out string) float64 {
	tb.Helper()
	m := regexp.MustCompile(`tps = ([0-9.]+)`).FindStringSubmatch(out)
	if m == nil {
		tb.Fatalf("pgbench said\n%s", out)
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

func (s *stage) runPgbench(tb testing.TB, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(context.Background(), s.pgbench(tb), args...) //nolint:gosec // our own arguments
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		tb.Fatalf("pgbench: %v\n%s", err, out.String())
	}
	return out.String()
}
