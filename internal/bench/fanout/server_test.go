package fanout

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"time"
)

// server is a child process that serves a role, on the first processor.
type server struct {
	tb   *stage
	addr string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *json.Decoder
}

const stopTime = 20 * time.Second // for a server to end when its orders do

// startServer starts one. stop ends it.
func startServer(tb *stage, role string) *server {
	tb.Helper()
	s := &server{tb: tb, cmd: exec.Command(os.Args[0])}
	s.cmd.Env = append(os.Environ(), roleEnv+"="+role, "GOMAXPROCS=1", "GORACE=atexit_sleep_ms=0")
	s.cmd.Stderr = os.Stderr
	in, inErr := s.cmd.StdinPipe()
	out, outErr := s.cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr, tb.processors.startPinned(s.cmd)); err != nil {
		tb.Fatalf("start a server: %v", err)
	}
	s.in, s.out = in, json.NewDecoder(out)
	s.addr = s.read().Addr
	return s
}

func (s *server) read() report {
	s.tb.Helper()
	var r report
	if err := s.out.Decode(&r); err != nil {
		s.tb.Fatalf("the server said nothing: %v", err)
	}
	if r.Error != "" {
		s.tb.Fatalf("the server said: %s", r.Error)
	}
	return r
}

// do gives an order and waits until it is done.
func (s *server) do(o order) stats {
	s.tb.Helper()
	if err := json.NewEncoder(s.in).Encode(o); err != nil {
		s.tb.Fatalf("give an order: %v", err)
	}
	return s.read().Stats
}

// await waits until the server has so many clients.
func (s *server) await(clients int) stats {
	s.tb.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(tick) {
		st := s.do(order{})
		if st.Clients == clients {
			return st
		}
		if time.Now().After(deadline) {
			s.tb.Fatalf("the server has %d clients instead of %d", st.Clients, clients)
		}
	}
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
