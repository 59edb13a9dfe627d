package fanout

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The server's side of the measurement: a process that does one order after the
// other, read from its standard input as JSON, and ends with that input.

// order is what the test wants of the server; one field is set.
type order struct {
	Publish *schedule `json:"publish,omitempty"`
	Stats   bool      `json:"stats,omitempty"`
	Settle  bool      `json:"settle,omitempty"` // stats after a collection, unused memory returned
}

// report is the answer to an order. The first one, without order, brings the address.
type report struct {
	Addr  string `json:"addr,omitempty"`
	Stats stats  `json:"stats"`
	Error string `json:"error,omitempty"`
}

type stats struct {
	CPU      time.Duration `json:"cpu"`       // of the process so far, user and system
	Resident uint64        `json:"resident"`  // bytes of the process
	InUse    uint64        `json:"in_use"`    // bytes of Go's heap and stacks
	LogReads int           `json:"log_reads"` // so far
	Clients  int           `json:"clients"`   // that are subscribed
}

// service is what a role serves.
type service interface {
	publisher
	addr() string
	logReads() int
	clients() int
}

func serveRole(role string) error {
	if err := raiseFiles(); err != nil {
		return err
	}
	s, err := newService(role)
	if err != nil {
		return fmt.Errorf("begin to serve as %s: %w", role, err)
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(report{Addr: s.addr()}); err != nil {
		return fmt.Errorf("tell the address: %w", err)
	}
	for in := json.NewDecoder(os.Stdin); ; {
		var o order
		if err := in.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read an order: %w", err)
		}
		if err := out.Encode(obey(s, o)); err != nil {
			return fmt.Errorf("answer an order: %w", err)
		}
	}
}

func newService(role string) (service, error) {
	switch role {
	case "floor":
		return newFloor()
	case "upgrade":
		return newUpgrade()
	case "hub":
		return newHubService("")
	default:
		redis, ok := strings.CutPrefix(role, "redis ")
		if !ok {
			return nil, errors.New("there is no such role")
		}
		return newHubService(redis)
	}
}

func obey(s service, o order) report {
	var err error
	if o.Publish != nil {
		err = o.Publish.run(s)
	}
	if o.Settle {
		runtime.GC()
		debug.FreeOSMemory()
	}
	if err != nil {
		return report{Error: err.Error()}
	}
	st, err := measure(s)
	if err != nil {
		return report{Error: err.Error()}
	}
	return report{Stats: st}
}

func measure(s service) (stats, error) {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return stats{}, fmt.Errorf("read the time used: %w", err)
	}
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return stats{}, fmt.Errorf("read the memory used: %w", err)
	}
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return stats{}, fmt.Errorf("read the memory used: %q", statm)
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return stats{}, fmt.Errorf("read the memory used: %w", err)
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	return stats{
		CPU:      time.Duration(usage.Utime.Nano() + usage.Stime.Nano()),
		Resident: pages * uint64(os.Getpagesize()),
		InUse:    mem.HeapInuse + mem.StackInuse,
		LogReads: s.logReads(),
		Clients:  s.clients(),
	}, nil
}
