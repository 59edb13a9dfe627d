// Package redisserver starts real Redis servers for tests: on a Unix socket in
// a folder of the test, without persistence. A server ends with its test, by
// its process id; Kill and Restart lie in between. It refuses to run where no
// redis-server is installed: the test fails and says so.
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
	cmd    *exec.Cmd // nil while it is killed
}

// Start starts a server that runs until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatalf("this test needs redis-server (apt-get install redis-server): %v", err)
	}
	dir, err := os.MkdirTemp("", "redis") // t.TempDir is too long for the name of a socket
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, binary: binary, dir: dir}
	t.Cleanup(func() {
		s.Kill()
		_ = os.RemoveAll(dir)
	})
	s.Restart()
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
	s.Kill()
	_ = os.Remove(s.Socket())

	s.cmd = exec.Command(s.binary, "--port", "0", "--unixsocket", s.Socket(), "--save", "", "--appendonly", "no",
		"--dir", s.dir, "--logfile", filepath.Join(s.dir, "redis.log"))
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("start redis-server: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	for {
		answer, err := s.do(ctx, "PING")
		if err == nil && answer == "+PONG" {
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			s.t.Fatalf("redis-server does not answer: %v", err)
		}
	}
}

// Do sends one command, for what a test does behind the client's back (FLUSHALL, CLIENT KILL TYPE pubsub).
// It returns the first line of the answer.
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
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("read the answer of redis: %w", err)
	}
	return strings.TrimSuffix(line, "\r\n"), nil
}
