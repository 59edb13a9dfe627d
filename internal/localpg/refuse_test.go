package localpg

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestRefusesDataOfAnotherMajorVersion(t *testing.T) {
	t.Parallel()
	for _, major := range []int{13, 99} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "data", "PG_VERSION"), strconv.Itoa(major)+"\n", 0o600)
		_, err := Start(t.Context(), Options{Dir: dir, BinDir: os.Getenv(binSetting)})
		var me *MajorError
		if !errors.As(err, &me) || me.Data != major || me.Found < MinMajor {
			t.Fatalf("version %d: %v", major, err)
		}
		if !strings.Contains(err.Error(), dir) {
			t.Errorf("%v does not name the directory", err)
		}
	}
}

func TestSaysHowToGetBinaries(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Start(t.Context(), Options{Dir: t.TempDir(), system: filepath.Join(t.TempDir(), "*")})
	if !errors.Is(err, ErrNoBinaries) || !strings.Contains(err.Error(), "need-postgres") {
		t.Fatalf("no binaries anywhere: %v", err)
	}
	empty := t.TempDir()
	_, err = Start(t.Context(), Options{Dir: t.TempDir(), BinDir: empty})
	if !errors.Is(err, ErrNoBinaries) || !strings.Contains(err.Error(), empty) {
		t.Fatalf("none in the given directory: %v", err)
	}
}

func TestRefusesOldBinaries(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	places := t.TempDir()
	fake(t, filepath.Join(places, "14", "bin"), "postgres (PostgreSQL) 14.9")
	_, err := Start(t.Context(), Options{Dir: t.TempDir(), system: filepath.Join(places, "*", "bin")})
	if !errors.Is(err, ErrNoBinaries) || !strings.Contains(err.Error(), "PostgreSQL 14, older than 15") {
		t.Fatalf("only version 14: %v", err)
	}
}

func TestPicksBinaries(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	places := t.TempDir()
	for _, v := range []string{"9", "15", "17", "16"} {
		fake(t, filepath.Join(places, v, "bin"), "postgres (PostgreSQL) "+v+".1 (Debian)")
	}
	o := Options{system: filepath.Join(places, "*", "bin")}
	fresh := layout{root: t.TempDir()}
	old := layout{root: t.TempDir()}
	write(t, filepath.Join(old.data(), "PG_VERSION"), "16\n", 0o600)
	pick := func(o Options, d layout) int {
		b, err := findBinaries(t.Context(), o, d)
		if err != nil {
			t.Fatal(err)
		}
		return b.major
	}
	if got := pick(o, fresh); got != 17 {
		t.Errorf("for a new directory: %d, want the newest", got)
	}
	if got := pick(o, old); got != 16 {
		t.Errorf("for data of 16: %d", got)
	}
	o.BinDir = filepath.Join(places, "15", "bin")
	if got := pick(o, fresh); got != 15 {
		t.Errorf("explicit 15: %d", got)
	}
	if got := pick(o, old); got != 16 {
		t.Errorf("explicit 15, data of 16: %d", got)
	}
}

func TestRefusesAFileInPlaceOfTheDirectory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "", 0o600)
	_, err := Start(t.Context(), Options{Dir: filepath.Join(file, "pg")})
	if err == nil || !strings.Contains(err.Error(), "a file in its place") {
		t.Fatal(err)
	}
}

// As another user: only root can arrange that.
func TestWithoutRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("the whole package runs without root already")
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip(err)
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	cred := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}

	t.Run("starts and stops", func(t *testing.T) {
		t.Parallel()
		dir := openDir(t)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		p := startHelper(t, "plain", dir, cred)
		if p.err != "" {
			t.Fatal(p.err)
		}
		st, err := os.Stat(filepath.Join("/proc", strconv.Itoa(p.pid)))
		if err != nil {
			t.Fatal(err)
		}
		if owner, _ := ownerOf(st); owner != uid {
			t.Errorf("Postgres runs as %d", owner)
		}
		asRoot := start(t, Options{Dir: dir}) // root attaches to what another user runs
		_ = query(t, asRoot.URL(), "SELECT 'x'")
		p.end()
		stop(t, asRoot)
		if n := len(processesIn(filepath.Join(dir, "data"))); n != 0 {
			t.Errorf("%d processes left", n)
		}
		again := start(t, Options{Dir: dir}) // and runs it as the owner of the data
		if st, err = os.Stat(filepath.Join("/proc", strconv.Itoa(again.PID()))); err != nil {
			t.Fatal(err)
		}
		if owner, _ := ownerOf(st); owner != uid {
			t.Errorf("Postgres of root runs as %d, want the owner of the data", owner)
		}
	})
	t.Run("refuses what it may not write", func(t *testing.T) {
		t.Parallel()
		p := startHelper(t, "plain", filepath.Join(openDir(t), "pg"), cred)
		if !strings.Contains(p.err, "not writable by user nobody") {
			t.Fatal(p.err)
		}
	})
	t.Run("refuses data of another user", func(t *testing.T) {
		t.Parallel()
		dir := openDir(t)
		write(t, filepath.Join(dir, "data", "PG_VERSION"), "15\n", 0o600)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		p := startHelper(t, "plain", dir, cred)
		if !strings.Contains(p.err, "belongs to user root") {
			t.Fatal(p.err)
		}
	})
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// fake puts programs into dir that only know their version.
func fake(t *testing.T, dir, version string) {
	t.Helper()
	for _, program := range []string{"postgres", "initdb"} {
		write(t, filepath.Join(dir, program), "#!/bin/sh\necho '"+version+"'\n", 0o755)
	}
}
