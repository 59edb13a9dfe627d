package fanout

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lifecircle/hub/hubtest/redisserver"
)

// server is a child process that serves a role, on the first processor.
type server struct {
	tb   testing.TB
	addr string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *json.Decoder
}

const stopTime = 20 * time.Second // for a server to end when its orders do

// startServer starts one. stop ends it. A Redis that it needs ends with the test.
func startServer(tb testing.TB, role string) *server {
	tb.Helper()
	if role == "redis" {
		role += " " + redisserver.Start(tb).URL()
	}
	s := &server{tb: tb, cmd: exec.Command(os.Args[0])}
	s.cmd.Env = append(os.Environ(), roleEnv+"="+role, "GOMAXPROCS=1")
	s.cmd.Stderr = os.Stderr
	in, inErr := s.cmd.StdinPipe()
	out, outErr := s.cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr, startPinned(s.cmd)); err != nil {
		tb.Fatalf("start a server: %v", err)
	}
	s.in, s.out = in, json.NewDecoder(out)
	r, err := s.read()
	if err != nil {
		tb.Fatal(err)
	}
	s.addr = r.Addr
	return s
}

func (s *server) read() (report, error) {
	var r report
	if err := s.out.Decode(&r); err != nil {
		return r, fmt.Errorf("the server said nothing: %w", err)
	}
	if r.Error != "" {
		return r, fmt.Errorf("the server said: %s", r.Error)
	}
	return r, nil
}

// begin gives an order; the function it returns waits until it is done.
func (s *server) begin(o order) (end func() stats) {
	s.tb.Helper()
	if err := json.NewEncoder(s.in).Encode(o); err != nil {
		s.tb.Fatalf("give an order: %v", err)
	}
	return func() stats {
		s.tb.Helper()
		r, err := s.read()
		if err != nil {
			s.tb.Fatal(err)
		}
		return r.Stats
	}
}

// do gives an order and waits until it is done.
func (s *server) do(o order) stats {
	s.tb.Helper()
	return s.begin(o)()
}

// stop ends the server and waits until it is gone.
func (s *server) stop() {
	_ = s.in.Close()
	kill := time.AfterFunc(stopTime, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	if err := s.cmd.Wait(); err != nil {
		s.tb.Errorf("the server ended: %v", err)
	}
}

// startPinned starts cmd from a thread of the first processor, of which the process's threads inherit it.
func startPinned(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("read the processors of a thread: %w", err)
	}
	if err := unix.SchedSetaffinity(0, only(0)); err != nil {
		return fmt.Errorf("keep a thread to a processor: %w", err)
	}
	err := cmd.Start()
	return errors.Join(err, unix.SchedSetaffinity(0, &before))
}

// pinClients keeps this process, and those it starts, to the last processor until the test ends.
func pinClients(tb testing.TB) {
	tb.Helper()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		tb.Fatal(err)
	}
	procs := runtime.GOMAXPROCS(1)
	moveThreads(tb, only(runtime.NumCPU()-1))
	tb.Cleanup(func() {
		moveThreads(tb, &before)
		runtime.GOMAXPROCS(procs)
	})
}

// moveThreads moves those there are; new ones inherit it from one of them.
func moveThreads(tb testing.TB, to *unix.CPUSet) {
	tb.Helper()
	tasks, err := filepath.Glob("/proc/self/task/*")
	if err != nil {
		tb.Fatal(err)
	}
	for _, task := range tasks {
		thread, err := strconv.Atoi(filepath.Base(task))
		if err != nil {
			tb.Fatal(err)
		}
		if err := unix.SchedSetaffinity(thread, to); err != nil && !errors.Is(err, unix.ESRCH) {
			tb.Fatalf("keep a thread to a processor: %v", err)
		}
	}
}

func only(processor int) *unix.CPUSet {
	set := new(unix.CPUSet)
	set.Set(processor)
	return set
}
