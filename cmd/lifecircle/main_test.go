package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "lifecircle-cmd-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // other users run it in a test
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	binary = filepath.Join(dir, "lifecircle")
	//nolint:gosec // our own program
	if out, err := exec.Command("go", "build", "-o", binary, "-ldflags", "-X main.release=1.2.3-test", ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

const patience = 60 * time.Second // for a program to do anything, on a busy machine

// output gathers what a program writes, and can be looked at meanwhile.
type output struct {
	more chan struct{} // has one when something was written since it was looked at; nil: nobody waits
	mu   sync.Mutex    // guards buf
	buf  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer func() {
		select {
		case o.more <- struct{}{}:
		default:
		}
	}()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// process is the program at work.
type process struct {
	cmd    *exec.Cmd
	out    output
	errs   output
	ended  chan struct{}
	status int // once it ended
}

// begin starts the program with the environment of the test, plus env.
func begin(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	return beginCommand(t, exec.Command(binary, args...), env) //nolint:gosec // our own program
}

func beginCommand(t *testing.T, cmd *exec.Cmd, env []string) *process {
	t.Helper()
	p := &process{cmd: cmd, out: output{more: make(chan struct{}, 1)}, ended: make(chan struct{})}
	p.cmd.Env = append(plainEnvironment(), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.errs
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		var exit *exec.ExitError
		if err := p.cmd.Wait(); errors.As(err, &exit) {
			p.status = exit.ExitCode()
		}
	}()
	t.Cleanup(func() {
		p.signal(syscall.SIGTERM)
		select {
		case <-p.ended:
		case <-time.After(patience):
			_ = p.cmd.Process.Kill()
			<-p.ended
			t.Errorf("had to be killed; it said:\n%s%s", &p.out, &p.errs)
		}
	})
	return p
}

// plainEnvironment is the test's own without settings of the program, but for
// where Postgres is.
func plainEnvironment() (env []string) {
	for _, line := range os.Environ() {
		name, _, _ := strings.Cut(line, "=")
		if name == "DATABASE_URL" || name == "REDIS_URL" || strings.HasPrefix(name, "LIFECIRCLE_") && name != "LIFECIRCLE_POSTGRES_BIN" {
			continue
		}
		env = append(env, line)
	}
	return env
}

func (p *process) signal(s os.Signal) { _ = p.cmd.Process.Signal(s) } // it may have ended

// wait waits for the end and returns the exit status.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.status
	case <-time.After(patience):
		t.Fatalf("does not end; it said:\n%s%s", &p.out, &p.errs)
		return -1
	}
}

// runToEnd runs a command to its end.
func runToEnd(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	p := begin(t, env, args...)
	p.wait(t)
	return p
}

var readyLine = regexp.MustCompile(`Life Circle is ready:\s+(http://\S+)`)

// address waits until the server is ready.
func (p *process) address(t *testing.T) string {
	t.Helper()
	end := time.After(patience)
	for {
		if m := readyLine.FindStringSubmatch(p.out.String()); m != nil {
			return m[1]
		}
		select {
		case <-p.out.more:
		case <-p.ended:
			t.Fatalf("ended with %d instead of serving:\n%s%s", p.status, &p.out, &p.errs)
		case <-end:
			t.Fatalf("is not ready:\n%s%s", &p.out, &p.errs)
		}
	}
}

// serve starts a server on a free port and waits until it is ready.
func serve(t *testing.T, dir string, args ...string) (p *process, url string) {
	t.Helper()
	p = begin(t, nil, append([]string{"serve", "--listen=127.0.0.1:0", "--drain=200ms", "--data-dir=" + dir}, args...)...)
	return p, p.address(t)
}

// dataDir is a folder that an unprivileged Postgres can enter.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lifecircle-data-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // see above
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "data")
}

// refused checks that the program ended with status 1 and one sentence.
func refused(t *testing.T, p *process, words ...string) {
	t.Helper()
	said := p.errs.String()
	last := said[strings.LastIndex(strings.TrimSuffix(said, "\n"), "\n")+1:]
	if p.status != 1 || !strings.HasPrefix(last, "lifecircle: ") {
		t.Errorf("status %d, said %q", p.status, said)
	}
	for _, w := range words {
		if !strings.Contains(last, w) {
			t.Errorf("said %q, want %q in it", last, w)
		}
	}
	if strings.Contains(said, "goroutine ") || strings.Contains(said, "panic") {
		t.Errorf("a stack trace:\n%s", said)
	}
}

func get(t *testing.T, url string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func taken(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}
