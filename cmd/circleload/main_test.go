package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "circleload-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "circleload")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

const patience = 60 * time.Second // for a short run to end, on a busy machine

// gathered is what a program wrote; it can be looked at meanwhile.
type gathered struct {
	more chan struct{} // has one when something was written since it was looked at; nil: nobody waits
	mu   sync.Mutex    // guards buf
	buf  bytes.Buffer
}

func (o *gathered) Write(p []byte) (int, error) {
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

func (o *gathered) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// process is the program at work.
type process struct {
	cmd    *exec.Cmd
	out    gathered
	errs   gathered
	ended  chan struct{}
	status int // once it ended
}

func begin(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary, args...), errs: gathered{more: make(chan struct{}, 1)}, ended: make(chan struct{})}
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
		_ = p.cmd.Process.Kill() // it has ended, where the test went well
		<-p.ended
	})
	return p
}

func (p *process) wait(t *testing.T) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("does not end; it said:\n%s%s", &p.out, &p.errs)
	}
}

// said waits until the program wrote something.
func (p *process) said(t *testing.T, words string) {
	t.Helper()
	end := time.After(patience)
	for !strings.Contains(p.errs.String(), words) {
		select {
		case <-p.errs.more:
		case <-p.ended:
			t.Fatalf("ended with %d before it said %q:\n%s%s", p.status, words, &p.out, &p.errs)
		case <-end:
			t.Fatalf("never says %q:\n%s%s", words, &p.out, &p.errs)
		}
	}
}

// runs checks the exit status and words that were written anywhere.
func runs(t *testing.T, status int, words []string, args ...string) *process {
	t.Helper()
	p := begin(t, args...)
	p.wait(t)
	said := p.out.String() + p.errs.String()
	if p.status != status {
		t.Errorf("circleload %s ended with %d, want %d; it said:\n%s", strings.Join(args, " "), p.status, status, said)
	}
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("circleload %s said\n%swant %q in it", strings.Join(args, " "), said, w)
		}
	}
	if strings.Contains(said, "goroutine ") {
		t.Errorf("a stack trace:\n%s", said)
	}
	return p
}
