package localpg

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// account is the user that Postgres runs as.
type account struct {
	uid, gid int
	other    bool // not the user of this process, which is root then
}

// accountFor returns who runs Postgres in d: this process's user, or, as
// Postgres refuses root, the owner of the data, postgres or nobody.
func accountFor(d layout) (account, error) {
	self := account{uid: os.Geteuid(), gid: os.Getegid()}
	owner := self
	if st, err := os.Stat(d.data()); err == nil {
		owner.uid, owner.gid = ownerOf(st)
	}
	switch {
	case self.uid != 0 && owner.uid != self.uid:
		return account{}, fmt.Errorf("data directory %s belongs to user %s, and this is %s: run as that user or as root, or choose another data directory",
			d.root, userName(owner.uid), userName(self.uid))
	case self.uid != 0:
		return self, nil
	case owner.uid != 0:
		owner.other = true
		return owner, nil
	}
	return unprivileged()
}

func unprivileged() (account, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil && uid != 0 {
			return account{uid: uid, gid: gid, other: true}, nil
		}
	}
	return account{}, errors.New("postgres does not run as root, and there is neither a user postgres nor a user nobody: run as an ordinary user")
}

// command prepares a program to run as the account, away from this process's
// terminal and with a clean environment: no PG* variable reaches Postgres.
func (a account) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...) // Postgres outlives any context of ours
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if a.other {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)} //nolint:gosec // ids of the system's
	}
	return cmd
}

// own gives path to the account.
func (a account) own(path string) error {
	if !a.other {
		return nil
	}
	if err := os.Lchown(path, a.uid, a.gid); err != nil {
		return fmt.Errorf("give %s to user %s: %w", path, userName(a.uid), err)
	}
	return nil
}

// canEnter tells whether the account reaches dir: no parent is closed to it.
func (a account) canEnter(dir string) bool {
	if !a.other {
		return true
	}
	probe := a.command("/bin/true")
	probe.Dir = dir
	return probe.Run() == nil
}

// canRun tells whether the account may start the program and its libraries.
func (a account) canRun(program string) bool {
	return !a.other || a.command(program, "--version").Run() == nil
}

// place hands the data directory dir to a command: by its path, or as an open
// directory where a parent is closed to the account (a checkout in /root).
// The returned file stays open until the command has started.
func (a account) place(cmd *exec.Cmd, dir string) (path string, f *os.File, err error) {
	if a.canEnter(dir) {
		return dir, nil, nil
	}
	if f, err = os.Open(dir); err != nil {
		return "", nil, explainAccess(dir, err)
	}
	cmd.ExtraFiles = []*os.File{f}
	return "/proc/self/fd/3", f, nil // ExtraFiles begin at 3
}
