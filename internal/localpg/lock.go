package localpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrServed is returned by Start for Options.Exclusive when another exclusive
// user of the directory is alive.
var ErrServed = errors.New("data directory is in use")

const lockRetry = 10 * time.Millisecond // flock has no deadline of its own

const (
	exclusive = syscall.LOCK_EX
	shared    = syscall.LOCK_SH
)

// lock is a flock(2) on a file. The kernel drops it with its process.
type lock struct{ f *os.File }

// lockFile waits for the lock until ctx ends.
func lockFile(ctx context.Context, path string, how int) (*lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, explainAccess(path, err)
	}
	tick := time.NewTicker(lockRetry)
	defer tick.Stop()
	l := &lock{f: f}
	for {
		ok, err := l.try(how)
		if ok {
			return l, nil
		}
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("wait for %s: %w", path, ctx.Err()), l.Close())
		case <-tick.C:
		}
	}
}

func (l *lock) try(how int) (bool, error) {
	err := syscall.Flock(int(l.f.Fd()), how|syscall.LOCK_NB)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, syscall.EWOULDBLOCK), errors.Is(err, syscall.EINTR):
		return false, nil
	}
	return false, fmt.Errorf("lock %s: %w", l.f.Name(), err)
}

// upgrade makes a shared lock exclusive if nobody else shares it.
func (l *lock) upgrade() (bool, error) { return l.try(exclusive) }

// Close drops the lock; a nil lock is closed already.
func (l *lock) Close() error {
	if l == nil {
		return nil
	}
	return l.f.Close()
}

// joinUsers takes the shared lock of those who use the directory; alone says
// that nobody else does. It needs the gate, which keeps the two steps together.
func joinUsers(ctx context.Context, d layout) (l *lock, alone bool, err error) {
	if l, err = lockFile(ctx, d.usersLock(), shared); err != nil {
		return nil, false, err
	}
	if alone, err = l.upgrade(); err == nil {
		// A failed upgrade may have dropped the shared lock, see flock(2).
		_, err = l.try(shared)
	}
	if err != nil {
		return nil, false, errors.Join(err, l.Close())
	}
	return l, alone, nil
}

// serveLock marks the directory as served by this process.
func serveLock(d layout) (*lock, error) {
	f, err := os.OpenFile(d.serveLock(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, explainAccess(d.serveLock(), err)
	}
	l := &lock{f: f}
	ok, err := l.try(exclusive)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if !ok {
		pid, _ := io.ReadAll(io.LimitReader(f, 32))
		_ = l.Close()
		return nil, fmt.Errorf("%w: %s is served by process %s; stop that one or choose another directory",
			ErrServed, d.root, strings.TrimSpace(string(pid)))
	}
	if err := errors.Join(f.Truncate(0), writePid(f)); err != nil {
		return nil, errors.Join(fmt.Errorf("write %s: %w", f.Name(), err), l.Close())
	}
	return l, nil
}

func writePid(f *os.File) error {
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}
