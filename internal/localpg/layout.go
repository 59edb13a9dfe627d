package localpg

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// maxSocketPath is what sockaddr_un holds without its final zero byte.
const maxSocketPath = 107

// layout names the files of one data directory.
type layout struct{ root string }

func (d layout) data() string      { return filepath.Join(d.root, "data") }
func (d layout) unborn() string    { return filepath.Join(d.root, "data.unfinished") } // initdb works here
func (d layout) logFile() string   { return filepath.Join(d.root, "postgres.log") }
func (d layout) gateLock() string  { return filepath.Join(d.root, "gate.lock") }  // held while starting and stopping
func (d layout) usersLock() string { return filepath.Join(d.root, "users.lock") } // shared by all users
func (d layout) serveLock() string { return filepath.Join(d.root, "serve.lock") } // held by an exclusive user
func (d layout) pidFile() string   { return filepath.Join(d.data(), "postmaster.pid") }

func (d layout) hasPidFile() bool { _, err := os.Stat(d.pidFile()); return err == nil }
func (d layout) hasData() bool {
	_, err := os.Stat(filepath.Join(d.data(), "PG_VERSION"))
	return !errors.Is(err, fs.ErrNotExist)
}

// openLayout makes the directory if it is missing and finds its real path.
func openLayout(dir string) (layout, error) {
	if dir == "" {
		return layout{}, errors.New("local Postgres: no data directory given")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return layout{}, fmt.Errorf("data directory %s: %w", dir, err)
	}
	// Postgres has to pass through when it runs as another user; its own data are 0700.
	if err := os.MkdirAll(abs, 0o755); err != nil { //nolint:gosec // see above
		return layout{}, explainAccess(abs, err)
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return layout{}, explainAccess(dir, err)
	}
	return layout{root: abs}, nil
}

// explainAccess turns a failure to write into a sentence for people.
func explainAccess(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s is not writable by user %s: choose another data directory or run as its owner (%w)", path, userName(os.Geteuid()), err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s is on a read-only file system: choose another data directory (%w)", path, err)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s cannot be a data directory: there is a file in its place (%w)", path, err)
	}
	return fmt.Errorf("data directory: %w", err)
}

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}

// socketDir returns where the socket goes: beside the data where the path is
// short and a can reach it, else a directory under /tmp named after d.
func (d layout) socketDir(a account) string {
	dir := filepath.Join(d.root, "socket")
	if len(socketFile(dir)) <= maxSocketPath && a.canEnter(d.root) {
		return dir
	}
	return d.shortSocketDir()
}

func (d layout) shortSocketDir() string {
	sum := sha256.Sum256([]byte(d.root))
	return "/tmp/lifecircle-" + hex.EncodeToString(sum[:6])
}

func socketFile(dir string) string { return filepath.Join(dir, ".s.PGSQL."+strconv.Itoa(port)) }

// makeSocketDir makes dir for a alone. In a place where everybody may write,
// somebody else may have been faster: then it fails.
func makeSocketDir(dir string, a account) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return explainAccess(dir, err)
	}
	st, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("socket directory: %w", err)
	}
	owner, _ := ownerOf(st)
	if !st.IsDir() || (owner != os.Geteuid() && owner != a.uid) {
		return fmt.Errorf("socket directory %s belongs to user %s: remove it", dir, userName(owner))
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a directory
		return fmt.Errorf("socket directory: %w", err)
	}
	return a.own(dir)
}

// removeSocketDir removes the directory under /tmp, if there is one and it is empty.
func (d layout) removeSocketDir() { _ = os.Remove(d.shortSocketDir()) }

func ownerOf(st fs.FileInfo) (uid, gid int) {
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return -1, -1
	}
	return int(sys.Uid), int(sys.Gid)
}
