package localpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// findInstance looks for a postmaster that runs in d. Its pid file alone
// proves nothing after a crash: the process must work in the data directory.
func findInstance(d layout) (inst instance, running bool, err error) {
	raw, err := os.ReadFile(d.pidFile())
	if errors.Is(err, os.ErrNotExist) {
		return instance{}, false, nil
	}
	if err != nil {
		return instance{}, false, explainAccess(d.data(), err)
	}
	inst, ok := parsePidFile(string(raw))
	inst.data = d.data()
	if !inst.alive() {
		return instance{}, false, nil
	}
	if !ok {
		return inst, false, fmt.Errorf("a Postgres (process %d) that was started by hand without a socket runs in %s: stop it first", inst.pid, d.root)
	}
	return inst, true, nil
}

// parsePidFile reads postmaster.pid: pid, directory, start time, port, socket
// directory, and more that is not needed here. ok: it can be connected to.
func parsePidFile(text string) (inst instance, ok bool) {
	lines := strings.Split(text, "\n")
	inst.pid, _ = strconv.Atoi(strings.TrimSpace(lines[0]))
	if len(lines) < 5 {
		return inst, false
	}
	inst.port, _ = strconv.Atoi(strings.TrimSpace(lines[3]))
	inst.socket = strings.TrimSpace(lines[4])
	return inst, inst.port > 0 && filepath.IsAbs(inst.socket)
}

// clearOrphans waits for the processes that a killed postmaster left behind,
// then kills them: they would keep a new one from starting. Crash recovery
// follows in any case. With nobody left, the old pid file means nothing: its
// pid may belong to any process by now.
func (s *Server) clearOrphans(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*orphanPatience)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for started := time.Now(); ; {
		left := processesIn(s.dir.data())
		if len(left) == 0 {
			return removeIfThere(s.dir.pidFile())
		}
		if time.Since(started) > orphanPatience {
			for _, pid := range left {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("processes %v of an earlier Postgres do not end in %s: stop them first", left, s.dir.root)
		case <-tick.C:
		}
	}
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return explainAccess(path, err)
	}
	return nil
}

// processesIn returns who has dir as working directory and is a Postgres: an
// operator's shell in there is left alone.
func processesIn(dir string) (pids []int) {
	entries, _ := os.ReadDir("/proc") // nothing there: nothing found
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || !worksIn(pid, dir) {
			continue
		}
		if name, err := os.ReadFile(filepath.Join("/proc", e.Name(), "comm")); err == nil && strings.HasPrefix(string(name), "postgres") {
			pids = append(pids, pid)
		}
	}
	return pids
}

// alive tells whether the postmaster runs. It buries a child that has ended:
// nobody else waits for it, so there is no goroutine to end either.
func (i instance) alive() bool {
	if i.child {
		got, err := syscall.Wait4(i.pid, nil, syscall.WNOHANG, nil)
		if err == nil {
			return got == 0
		}
	}
	return worksIn(i.pid, i.data)
}

// worksIn tells whether process pid has dir as its working directory, as
// every process of Postgres has its data directory. A dead one has none.
func worksIn(pid int, dir string) bool {
	if pid <= 0 {
		return false
	}
	cwd, err := os.Stat(filepath.Join("/proc", strconv.Itoa(pid), "cwd"))
	if err != nil {
		return false
	}
	want, err := os.Stat(dir)
	return err == nil && os.SameFile(cwd, want)
}

// stop ends the postmaster and waits: a fast shutdown, which writes a
// checkpoint, and an immediate one when ctx ends before.
func (i instance) stop(ctx context.Context) error {
	if err := i.signal(syscall.SIGINT); err != nil {
		return err
	}
	err := i.waitEnd(ctx)
	if err == nil || ctx.Err() == nil {
		return err
	}
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), immediateStop)
	defer cancel()
	if err := i.signal(syscall.SIGQUIT); err != nil {
		return err
	}
	return i.waitEnd(hard)
}

// signal does nothing when the process has ended.
func (i instance) signal(sig syscall.Signal) error {
	if !i.alive() {
		return nil
	}
	if err := syscall.Kill(i.pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal process %d: %w", i.pid, err)
	}
	return nil
}

func (i instance) waitEnd(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for i.alive() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("process %d has not ended: %w", i.pid, ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// combinedOutput runs a command that was not made with a context, and kills
// it when ctx ends.
func combinedOutput(ctx context.Context, cmd *exec.Cmd) (string, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }) // its session's group
	defer stop()
	err := cmd.Wait()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return out.String(), err
}
