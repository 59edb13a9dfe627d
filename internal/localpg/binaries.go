package localpg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ErrNoBinaries is returned by Start when the machine has no usable Postgres.
var ErrNoBinaries = errors.New("no PostgreSQL binaries found")

const systemBinaries = "/usr/lib/postgresql/*/bin" // Debian's place

// binaries are the programs of one Postgres.
type binaries struct {
	dir   string
	major int
}

func (b binaries) postgres() string { return filepath.Join(b.dir, "postgres") }
func (b binaries) initdb() string   { return filepath.Join(b.dir, "initdb") }

// findBinaries returns the first Postgres of o.BinDir, PATH and the system's
// places, newest first. When d has data already, their major version decides.
func findBinaries(ctx context.Context, o Options, d layout) (binaries, error) {
	explicit := o.BinDir
	found, rejected := candidates(ctx, explicit, cmp.Or(o.system, systemBinaries))
	if explicit != "" && (len(found) == 0 || found[0].dir != resolved(explicit)) {
		return binaries{}, fmt.Errorf("%w in %s: %s", ErrNoBinaries, explicit, strings.Join(rejected, "; "))
	}
	if len(found) == 0 {
		return binaries{}, fmt.Errorf("%w (%d or newer): run scripts/need-postgres.sh, install the package postgresql, or set DATABASE_URL%s",
			ErrNoBinaries, MinMajor, inBrackets(rejected))
	}
	if !d.hasData() {
		return found[0], nil
	}
	want, err := dataMajor(d)
	if err != nil {
		return binaries{}, err
	}
	if i := slices.IndexFunc(found, func(b binaries) bool { return b.major == want }); i >= 0 {
		return found[i], nil
	}
	return binaries{}, &MajorError{Dir: d.root, Data: want, Found: found[0].major, BinDir: found[0].dir}
}

// MajorError says that the data are of a major version for which there are no binaries.
type MajorError struct {
	Dir    string
	Data   int // major version that made the data
	Found  int // major version that is here
	BinDir string
}

func (e *MajorError) Error() string {
	return fmt.Sprintf("the data directory %s was made by PostgreSQL %d, and only PostgreSQL %d is here (%s): install version %d, or use another data directory",
		e.Dir, e.Data, e.Found, e.BinDir, e.Data)
}

// candidates lists the usable binaries, best first, and why others are not.
func candidates(ctx context.Context, explicit, pattern string) (found []binaries, rejected []string) {
	dirs := []string{}
	if explicit != "" {
		dirs = append(dirs, explicit)
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(resolved(path)))
	}
	system, _ := filepath.Glob(pattern) // it is well formed
	slices.SortFunc(system, func(a, b string) int { return pathMajor(b) - pathMajor(a) })
	for _, dir := range append(dirs, system...) {
		b, err := examine(ctx, resolved(dir))
		if err != nil {
			rejected = append(rejected, err.Error())
		} else if !slices.Contains(found, b) {
			found = append(found, b)
		}
	}
	return found, rejected
}

func examine(ctx context.Context, dir string) (binaries, error) {
	b := binaries{dir: dir}
	for _, program := range []string{b.postgres(), b.initdb()} {
		if _, err := exec.LookPath(program); err != nil {
			return b, fmt.Errorf("no program %s", program)
		}
	}
	if err := linkLibraries(dir); err != nil {
		return b, err
	}
	out, err := exec.CommandContext(ctx, b.postgres(), "--version").CombinedOutput()
	if err != nil {
		return b, fmt.Errorf("%s does not run: %s", b.postgres(), firstLine(string(out), err))
	}
	if b.major = majorOf(string(out)); b.major < MinMajor {
		return b, fmt.Errorf("%s is PostgreSQL %d, older than %d", b.postgres(), b.major, MinMajor)
	}
	return b, nil
}

var versionNumber = regexp.MustCompile(`\d+`)

// majorOf reads "postgres (PostgreSQL) 15.18 (Debian ...)"; 0 if it says nothing of the kind.
func majorOf(version string) int {
	n, _ := strconv.Atoi(versionNumber.FindString(version))
	return n
}

func pathMajor(dir string) int { return majorOf(filepath.Base(filepath.Dir(dir))) }

func dataMajor(d layout) (int, error) {
	path := filepath.Join(d.data(), "PG_VERSION")
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, explainAccess(path, err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0, fmt.Errorf("%s does not hold a version of PostgreSQL", path)
	}
	return n, nil
}

// resolved follows links, so that one Postgres found by two roads is one.
func resolved(path string) string {
	if p, err := filepath.EvalSymlinks(path); err == nil {
		path = p
	}
	if p, err := filepath.Abs(path); err == nil {
		path = p
	}
	return path
}

func inBrackets(reasons []string) string {
	if len(reasons) == 0 {
		return ""
	}
	return " (" + strings.Join(reasons, "; ") + ")"
}

func firstLine(out string, err error) string {
	if line, _, _ := strings.Cut(strings.TrimSpace(out), "\n"); line != "" {
		return line
	}
	return err.Error()
}
