// Package redisserver starts real Redis servers for tests, without persistence:
// one on a Unix socket in a folder of the test (Start), or three masters of a
// Cluster on ports of the loopback interface (cluster.go). A server ends with
// its test, by its process id; Kill and Restart lie in between. It refuses to
// run where no redis-server is installed: the test fails and says so.
package redisserver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const startTime = 10 * time.Second // until the server answers

// Server is one redis-server process.
type Server struct {
	t      testing.TB
	binary string
	dir    string
	args   []string  // besides those that every server gets
	cmd    *exec.Cmd // nil while it is killed
}

// Start starts a server that runs until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	s := newServer(t, "--port", "0")
	s.Restart()
	return s
}

// newServer is a server that is not started yet, and is gone when the test ends.
func newServer(t testing.TB, args ...string) *Server {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatalf("this test needs redis-server (apt-get install redis-server): %v", err)
	}
	dir, err := os.MkdirTemp("", "redis") // t.TempDir is too long for the name of a socket
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, binary: binary, dir: dir, args: args}
	t.Cleanup(func() {
		s.Kill()
		_ = os.RemoveAll(dir)
	})
	return s
}

// Socket is the path of the server's Unix socket. It stays the same when the server is restarted.
func (s *Server) Socket() string { return filepath.Join(s.dir, "redis.sock") }

// URL is the server's address as redis.ParseURL reads it.
func (s *Server) URL() string { return "unix://" + s.Socket() }

// Kill ends the server at once, as kill -9 does.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed
	s.cmd = nil
}

// Restart starts the server again, empty, and waits until it answers.
func (s *Server) Restart() {
	s.t.Helper()
	if err := s.restart(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *Server) restart() error {
	s.Kill()
	_ = os.Remove(s.Socket())
	args := []string{"--unixsocket", s.Socket(), "--save", "", "--appendonly", "no", "--dir", s.dir, "--logfile", filepath.Join(s.dir, "redis.log")}
	s.cmd = exec.Command(s.binary, append(args, s.args...)...)
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return fmt.Errorf("start redis-server: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	for {
		answer, err := s.do(ctx, "PING")
		if err == nil && answer == "+PONG" {
			return nil
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("redis-server does not answer: %w", err)
		}
	}
}

// Do sends one command, for what a test does behind the client's back (FLUSHALL, CLIENT KILL TYPE pubsub).
// It returns the text of a bulk string, and of any other answer the first line.
func (s *Server) Do(args ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	answer, err := s.do(ctx, args...)
	if err != nil || strings.HasPrefix(answer, "-") {
		s.t.Fatalf("redis %v: %s %v", args, answer, err)
	}
	return answer
}

func (s *Server) do(ctx context.Context, args ...string) (string, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", s.Socket())
	if err != nil {
		return "", fmt.Errorf("reach redis: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	request := "*" + strconv.Itoa(len(args)) + "\r\n"
	for _, a := range args {
		request += "$" + strconv.Itoa(len(a)) + "\r\n" + a + "\r\n"
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return "", fmt.Errorf("ask redis: %w", err)
	}
	answers := bufio.NewReader(conn)
	line, err := answers.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("read the answer of redis: %w", err)
	}
	line = strings.TrimSuffix(line, "\r\n")
	size, err := strconv.Atoi(strings.TrimPrefix(line, "$"))
	if err != nil || line[0] != '$' || size < 0 {
		return line, nil
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(answers, text); err != nil {
		return "", fmt.Errorf("read the answer of redis: %w", err)
	}
	return string(text), nil
}
