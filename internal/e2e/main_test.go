package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	_ "lifecircle/internal/app" // so that Go runs these tests again when the server has changed
)

const repository = "../.." // from the folder in which Go runs these tests

// ignored are goroutines that the libraries of the tests leave for a moment.
var ignored = []goleak.Option{goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"), goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop")}

func TestMain(m *testing.M) {
	if nodes := os.Getenv(balanceVariable); nodes != "" {
		if err := balance(strings.Split(nodes, ",")); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: balancer:", err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	for _, end := range []func() error{shared.stop, program.remove} {
		if err := end(); err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			code = max(code, 1)
		}
	}
	if code == 0 {
		if err := goleak.Find(ignored...); err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// program is the server that is tested, built when it is first needed.
var program builtProgram

type builtProgram struct {
	once sync.Once
	dir  string
	path string
	err  error
}

func (p *builtProgram) find(t testing.TB) string {
	t.Helper()
	p.once.Do(func() { p.path, p.err = p.build() })
	if p.err != nil {
		t.Fatal(p.err)
	}
	return p.path
}

func (p *builtProgram) build() (string, error) {
	if path := os.Getenv("LIFECIRCLE_BIN"); path != "" {
		return filepath.Abs(path)
	}
	var err error
	if p.dir, err = os.MkdirTemp("", "lifecircle-e2e-bin-"); err != nil {
		return "", err
	}
	path := filepath.Join(p.dir, "lifecircle")
	build := exec.Command("go", "build", "-o", path, "./cmd/lifecircle")
	build.Dir = repository
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/lifecircle: %w\n%s", err, out)
	}
	return path, nil
}

func (p *builtProgram) remove() error {
	if p.dir == "" {
		return nil
	}
	return os.RemoveAll(p.dir)
}

// needTool fails the test where a program is not installed.
func needTool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("this test needs %s: run make tools", name)
	}
	return path
}

// needModule fails the test where an npm package is not installed.
func needModule(t testing.TB, name string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(repository, "static/node_modules", name)); err != nil {
		t.Fatalf("this test needs the npm package %s: run make tools", name)
	}
}

// environment is ours without the settings of a server that somebody else runs.
func environment(add ...string) []string {
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		ours := strings.HasPrefix(name, "LIFECIRCLE_") && name != "LIFECIRCLE_POSTGRES_BIN"
		if !ours && name != "DATABASE_URL" && name != "REDIS_URL" {
			env = append(env, v)
		}
	}
	return append(env, add...)
}

// sharedServer is for tests that neither stop nor fill their server; each
// works in circles of its own.
type sharedServer struct {
	once sync.Once
	s    *server
	err  error
}

var shared sharedServer

func (h *sharedServer) get(t testing.TB) *server {
	t.Helper()
	path := program.find(t)
	h.once.Do(func() { h.s, h.err = launch(path, settings{}) })
	if h.err != nil {
		t.Fatal(h.err)
	}
	return h.s.as(t)
}

func (h *sharedServer) stop() error {
	if h.s == nil {
		return nil
	}
	return errors.Join(h.s.terminate(), h.s.logFault(), h.s.clean())
}
