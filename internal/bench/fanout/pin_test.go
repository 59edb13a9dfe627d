package fanout

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// processors are those that this process may use. The server has the first of
// them, the clients have the last.
type processors struct {
	all         unix.CPUSet
	first, last int
}

func (p *processors) read() error {
	if err := unix.SchedGetaffinity(0, &p.all); err != nil {
		return fmt.Errorf("read the processors of a thread: %w", err)
	}
	for p.first = 0; !p.all.IsSet(p.first); p.first++ {
	}
	p.last = p.first
	for i, left := p.first, p.all.Count(); left > 0; i++ {
		if p.all.IsSet(i) {
			p.last, left = i, left-1
		}
	}
	return nil
}

// startPinned starts cmd from a thread of the server's processor, which the process inherits.
func (p *processors) startPinned(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.SchedSetaffinity(0, only(p.first)); err != nil {
		return fmt.Errorf("keep a thread to a processor: %w", err)
	}
	err := cmd.Start()
	return errors.Join(err, unix.SchedSetaffinity(0, only(p.last)))
}

// pinClients keeps this process, and those it starts, to the clients' processor until the test ends.
func (p *processors) pinClients(tb testing.TB) {
	tb.Helper()
	procs := runtime.GOMAXPROCS(1)
	moveThreads(tb, only(p.last))
	tb.Cleanup(func() {
		moveThreads(tb, &p.all)
		runtime.GOMAXPROCS(procs)
	})
}

// moveThreads moves them all. New ones inherit it, but from a thread that may
// not be moved yet: hence the second time.
func moveThreads(tb testing.TB, to *unix.CPUSet) {
	tb.Helper()
	for range 2 {
		tasks, err := filepath.Glob("/proc/self/task/*")
		if err != nil {
			tb.Fatal(err)
		}
		for _, task := range tasks {
			thread, err := strconv.Atoi(filepath.Base(task))
			if err == nil {
				err = unix.SchedSetaffinity(thread, to)
			}
			if err != nil && !errors.Is(err, unix.ESRCH) {
				tb.Fatalf("keep a thread to a processor: %v", err)
			}
		}
	}
}

func only(processor int) *unix.CPUSet {
	set := new(unix.CPUSet)
	set.Set(processor)
	return set
}
