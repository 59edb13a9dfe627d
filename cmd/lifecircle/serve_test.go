package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	p := runToEnd(t, []string{"LIFECIRCLE_ANYTHING=x"}, "version")
	if p.status != 0 || !strings.HasPrefix(p.out.String(), "lifecircle 1.2.3-test") {
		t.Errorf("status %d, %s%s", p.status, &p.out, &p.errs)
	}
	p = runToEnd(t, nil, "serve", "--help")
	if p.status != 0 || !strings.Contains(p.out.String(), "--ops-listen") {
		t.Errorf("help: status %d, %s%s", p.status, &p.out, &p.errs)
	}
}

// TestAServersLife starts a server on nothing, uses it, works on its data with
// the other commands meanwhile, and ends it.
func TestAServersLife(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	p, url := serve(t, dir)
	for path, want := range map[string]int{"/readyz": 200, "/healthz": 200, "/v1/circles": 200, "/metrics": 404} {
		if got := get(t, url+path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if ops, err := os.ReadFile(filepath.Join(dir, "ops-address")); err != nil || get(t, "http://"+strings.TrimSpace(string(ops))+"/metrics") != 200 {
		t.Errorf("operators' address: %q, %v", ops, err)
	}

	refused(t, runToEnd(t, nil, "serve", "--listen=127.0.0.1:0", "--data-dir="+dir), dir, strconv.Itoa(p.cmd.Process.Pid))

	for _, c := range []struct{ args, want string }{
		{"migrate", "up to date"}, {"migrate --new-epoch", "new epoch"}, {"seed", "Done:"}, {"seed", "written before"}, {"keys rotate", "new key"},
	} {
		other := runToEnd(t, nil, append(strings.Fields(c.args), "--data-dir="+dir)...)
		if other.status != 0 || !strings.Contains(other.out.String(), c.want) {
			t.Errorf("%s beside the server: status %d\n%s%s", c.args, other.status, &other.out, &other.errs)
		}
	}
	if got := get(t, url+"/readyz"); got != 200 {
		t.Errorf("after the other commands: %d", got)
	}

	pid := postmaster(t, dir)
	p.signal(syscall.SIGTERM)
	if status := p.wait(t); status != 0 || strings.Contains(p.errs.String(), "ERROR") {
		t.Errorf("status %d after SIGTERM\n%s", status, &p.errs)
	}
	if syscall.Kill(pid, 0) == nil {
		t.Errorf("Postgres %d is left", pid)
	}
	if _, err := os.Stat(filepath.Join(dir, "ops-address")); err == nil {
		t.Error("ops-address is left")
	}

	_, url = serve(t, dir, "--demo")
	if got := get(t, url+"/v1/circles"); got != 200 {
		t.Errorf("after a restart: %d", got)
	}
}

func postmaster(t *testing.T, dir string) int {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// TestFirstStartWithTheDemo is ready only when the world is there.
func TestFirstStartWithTheDemo(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	p := begin(t, nil, "serve", "--listen=127.0.0.1:0", "--dev", "--demo", "--data-dir="+dir)
	url := p.address(t)
	said := p.out.String()
	for _, want := range []string{"Done:", "demo logins", "password circle-demo", dir, "Ctrl-C", "dev"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in what it says:\n%s", want, said)
		}
	}
	if lines := strings.Count(said, "\n"); lines > 15 {
		t.Errorf("says %d lines:\n%s", lines, said)
	}
	resp, err := http.Post(url+"/v1/auth/login", "application/json", strings.NewReader(`{"handle":"lin","password":"circle-demo"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("a demo login: %d", resp.StatusCode)
	}
	p.signal(os.Interrupt)
	if status := p.wait(t); status != 0 {
		t.Errorf("status %d after Ctrl-C\n%s", status, &p.errs)
	}
}

func TestANewerSchemaIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	if p := runToEnd(t, nil, "migrate", "--data-dir="+dir); p.status != 0 {
		t.Fatalf("migrate: %s", &p.errs)
	}
	p, _ := serve(t, dir)
	socket := postgresAddress(t, dir)
	conn, err := pgx.Connect(t.Context(), socket)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(t.Context())
	p.signal(syscall.SIGTERM)
	p.wait(t)
	refused(t, runToEnd(t, nil, "serve", "--listen=127.0.0.1:0", "--data-dir="+dir), "9999", "newer")
	refused(t, runToEnd(t, nil, "migrate", "--data-dir="+dir), "9999", "newer")
}

// postgresAddress reads where the local Postgres listens from its pid file.
func postgresAddress(t *testing.T, dir string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(raw), "\n")
	return "host=" + strings.TrimSpace(lines[4]) + " port=" + lines[3] + " user=lifecircle dbname=lifecircle"
}

func TestSignalsWhileStarting(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	p := begin(t, nil, "serve", "--listen=127.0.0.1:0", "--data-dir="+dir)
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) { // it has begun: there is its folder
		if _, err := os.Stat(dir); err == nil || time.Now().After(end) {
			break
		}
	}
	p.signal(syscall.SIGTERM)
	if status := p.wait(t); status != 0 {
		t.Errorf("told to end while starting: status %d\n%s", status, &p.errs)
	}
	_, url := serve(t, dir)
	if got := get(t, url+"/readyz"); got != 200 {
		t.Errorf("started again: %d", got)
	}
}

// TestTheSecondSignalEndsAtOnce holds a request open, for which the first
// signal waits.
func TestTheSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	p, url := serve(t, dir)
	address := strings.TrimPrefix(url, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\nExpect: 100-continue\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("answered %q, %v", line, err)
	}
	p.signal(syscall.SIGTERM)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		other, err := net.Dial("tcp", address)
		if err != nil { // the first signal is at work
			break
		}
		_ = other.Close()
	}
	begin := time.Now()
	p.signal(syscall.SIGTERM)
	if status := p.wait(t); status != 1 || time.Since(begin) > 3*time.Second {
		t.Errorf("status %d after %s\n%s", status, time.Since(begin), &p.errs)
	}
	serve(t, dir) // takes over the Postgres that is left
}

// TestWithoutRights serves as a user who owns nothing but the data directory.
func TestWithoutRights(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	if err := os.Mkdir(dir, 0o755); err != nil { //nolint:gosec // for another user
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	p := beginCommand(t, asNobody(t, "serve", "--listen=127.0.0.1:0", "--data-dir="+dir), nil)
	if got := get(t, p.address(t)+"/readyz"); got != 200 {
		t.Errorf("ready: %d", got)
	}
	p.signal(syscall.SIGTERM)
	if status := p.wait(t); status != 0 {
		t.Errorf("status %d\n%s", status, &p.errs)
	}
}
