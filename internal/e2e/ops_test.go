package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// What operators see of a server, and what its machine tells of its process.

// operators asks the server's own listener for them.
func (s *server) operators(ctx context.Context, path string) ([]byte, error) {
	address, err := os.ReadFile(s.dataDir + "/ops-address")
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+strings.TrimSpace(string(address))+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := web.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: status %d: %s", path, res.StatusCode, raw)
	}
	return raw, err
}

// metric reads one number of /metrics; name has its labels as they are written there.
func (s *server) metric(ctx context.Context, name string) (float64, error) {
	raw, err := s.operators(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("there is no metric %s", name)
}

// mustMetric is metric of a server that runs.
func (s *server) mustMetric(name string) float64 {
	s.t.Helper()
	v, err := s.metric(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// residentBytes is the memory of the server's process.
func (s *server) residentBytes() int64 {
	s.t.Helper()
	raw, err := os.ReadFile(s.proc("statm"))
	if err != nil {
		s.t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(raw))[1], 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// files are the file descriptors of the server's process.
func (s *server) files() int {
	s.t.Helper()
	list, err := os.ReadDir(s.proc("fd"))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(list)
}

func (s *server) proc(name string) string {
	return fmt.Sprintf("/proc/%d/%s", s.process.cmd.Process.Pid, name)
}
