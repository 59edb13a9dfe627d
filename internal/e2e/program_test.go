package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	startTime = 60 * time.Second // from the start of the process to ready, on a loaded machine
	endTime   = 60 * time.Second // from SIGTERM to the end
	pollEvery = 20 * time.Millisecond
)

// settings are how a server is run, beside --dev.
type settings struct {
	databaseURL, redisURL string
	drain                 time.Duration // 0: 1 s
	args                  []string
	core                  string // number of the one that it and its Postgres may use; "": all
}

// server is one server process, with a data directory and an address that it
// keeps when it is started again.
type server struct {
	t        testing.TB // nil for the shared one
	settings settings
	path     string // the program
	dataDir  string
	address  string // host:port
	process  *process
}

// process is a started server.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // of Wait; set before done is closed
}

// start runs a server that ends with the test.
func start(t testing.TB, c settings) *server {
	t.Helper()
	s, err := launch(program.find(t), c)
	if err != nil {
		t.Fatal(err)
	}
	s.t = t
	t.Cleanup(func() {
		s.t = t // a subtest's may have ended
		if err := s.terminate(); err != nil {
			t.Error(err)
		}
		if err := s.logFault(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the end of the server's log:\n%s", s.logTail())
		}
		if err := s.clean(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func launch(path string, c settings) (*server, error) {
	dir, err := os.MkdirTemp("", "lifecircle-e2e-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // Postgres may run as another user
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &server{settings: c, path: path, dataDir: dir, address: fmt.Sprintf("127.0.0.1:%d", port)}
	if err := s.run(); err != nil {
		return nil, errors.Join(err, s.kill(), s.clean())
	}
	return s, nil
}

// as lets t use the server and fail for it.
func (s *server) as(t testing.TB) *server {
	mine := *s
	mine.t = t
	return &mine
}

// run starts the process and waits until it is ready.
func (s *server) run() error {
	if err := s.spawn(); err != nil {
		return err
	}
	return s.awaitReady()
}

func (s *server) spawn() error {
	drain := s.settings.drain
	if drain == 0 {
		drain = time.Second
	}
	args := append([]string{"serve", "--dev", "--listen=" + s.address, "--data-dir=" + s.dataDir, "--drain=" + drain.String()}, s.settings.args...)
	cmd := exec.Command(s.path, args...)
	if s.settings.core != "" {
		cmd = exec.Command("taskset", append([]string{"-c", s.settings.core, s.path}, args...)...) // which becomes it
	}
	cmd.Env = environment()
	if s.settings.databaseURL != "" {
		cmd.Env = append(cmd.Env, "DATABASE_URL="+s.settings.databaseURL)
	}
	if s.settings.redisURL != "" {
		cmd.Env = append(cmd.Env, "REDIS_URL="+s.settings.redisURL)
	}
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd.Stdout, cmd.Stderr = log, log
	// If the tests are killed, the server ends in good order, its Postgres with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() { // ends with the process, which clean waits for
		p.err = cmd.Wait()
		close(p.done)
	}()
	s.process = p
	return nil
}

// awaitReady waits until /readyz answers 200.
func (s *server) awaitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	for {
		status, err := s.readiness(ctx)
		if err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-s.process.done:
			return fmt.Errorf("the server ended while starting: %w\n%s", s.process.err, s.logTail())
		case <-ctx.Done():
			return fmt.Errorf("the server did not become ready: status %d, %w\n%s", status, err, s.logTail())
		case <-time.After(pollEvery):
		}
	}
}

func (s *server) readiness(ctx context.Context) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url()+"/readyz", nil)
	if err != nil {
		return 0, err
	}
	res, err := web.Do(req)
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode, res.Body.Close()
}

func (s *server) url() string       { return "http://" + s.address }
func (s *server) socketURL() string { return "ws://" + s.address + "/connection/websocket" }
func (s *server) logFile() string   { return filepath.Join(s.dataDir, "e2e-server.log") }

// terminate sends SIGTERM and waits; the exit status must be 0.
func (s *server) terminate() error {
	if s.process == nil {
		return nil
	}
	if err := s.process.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return s.awaitEnd()
}

// awaitEnd waits for a server that was told to end.
func (s *server) awaitEnd() error {
	p := s.process
	select {
	case <-p.done:
		s.process = nil
		if p.err != nil {
			return fmt.Errorf("the server was told to end, and ended with: %w\n%s", p.err, s.logTail())
		}
		return nil
	case <-time.After(endTime):
		return errors.Join(fmt.Errorf("the server does not end within %s\n%s", endTime, s.logTail()), s.kill())
	}
}

// kill ends the process as kill -9 does. Its Postgres goes on.
func (s *server) kill() error {
	if s.process == nil {
		return nil
	}
	err := s.process.cmd.Process.Kill()
	<-s.process.done
	s.process = nil
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// clean removes what the server leaves.
func (s *server) clean() error {
	web.CloseIdleConnections()
	return errors.Join(s.kill(), s.killPostgres(), os.RemoveAll(s.dataDir))
}

func (s *server) logTail() string {
	const tail = 12 << 10
	raw, _ := os.ReadFile(s.logFile())
	return string(raw[max(0, len(raw)-tail):])
}

// logFault looks for what must never be in a log.
func (s *server) logFault() error {
	raw, err := os.ReadFile(s.logFile())
	if err != nil {
		return err
	}
	for line := range bytes.Lines(raw) {
		for _, never := range []string{"panic: ", "panic=", "DATA RACE", "fatal error: "} {
			if bytes.Contains(line, []byte(never)) {
				return fmt.Errorf("in the server's log: %s", line)
			}
		}
	}
	return nil
}

// opsAddress reads where the server's operators look.
func (s *server) opsAddress() string {
	s.t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.dataDir, "ops-address"))
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

// freePort finds a port below those that the kernel gives to connections, so
// that it is still free when the server is started again.
func freePort() (int, error) {
	for range 200 {
		port := 20_000 + rand.IntN(12_000)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no free port was found")
}
