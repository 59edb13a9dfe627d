package fanout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The server's side of the measurement: a process that does one order after the
// other, read from its standard input as JSON, and ends with that input.

// order is what the test wants of the server. The answer has what it used until then.
type order struct {
	Publish *schedule `json:"publish,omitempty"` // and answer when it is done
	Begin   *schedule `json:"begin,omitempty"`   // to publish, and answer at once
	Halt    bool      `json:"halt,omitempty"`    // what was begun
	Settle  bool      `json:"settle,omitempty"`  // collect, and return unused memory
}

// report is the answer to an order. The first one, without order, brings the address.
type report struct {
	Addr  string `json:"addr,omitempty"`
	Stats stats  `json:"stats"`
	Error string `json:"error,omitempty"`
}

type stats struct {
	CPU       time.Duration `json:"cpu"`       // of the process so far, user and system
	Resident  uint64        `json:"resident"`  // bytes of the process that are not of files
	InUse     uint64        `json:"in_use"`    // bytes of Go's heap and stacks
	LogReads  int           `json:"log_reads"` // so far
	Clients   int           `json:"clients"`   // that are subscribed
	Published int           `json:"published"` // between Begin and Halt
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
	c := &child{service: s}
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
		if err := out.Encode(c.obey(o)); err != nil {
			return fmt.Errorf("answer an order: %w", err)
		}
	}
}

func newService(role string) (service, error) {
	switch role {
	case "floor":
		return newFloor(unix.Write)
	case "floor raw":
		return newFloor(rawWrite)
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

// child is the server process.
type child struct {
	service
	halt  chan struct{} // closed to end what was begun
	ended chan error    // what became of it
	made  int           // publications of it, once it ended
}

func (c *child) obey(o order) report {
	var st stats
	err := c.act(o)
	if err == nil {
		st, err = measure(c)
	}
	if err != nil {
		return report{Error: err.Error()}
	}
	if o.Halt {
		st.Published = c.made
	}
	return report{Stats: st}
}

func (c *child) act(o order) error {
	switch {
	case o.Publish != nil:
		_, err := o.Publish.run(c, nil)
		return err
	case o.Begin != nil:
		c.halt, c.ended = make(chan struct{}), make(chan error, 1)
		go func() {
			made, err := o.Begin.run(c, c.halt)
			c.made = made
			c.ended <- err
		}()
	case o.Halt:
		close(c.halt)
		return <-c.ended
	case o.Settle:
		settle()
	}
	return nil
}

// settle frees what can be freed. Stacks shrink by half with each collection.
func settle() {
	const collections = 4
	for range collections {
		runtime.GC()
	}
	debug.FreeOSMemory()
}

func measure(s service) (stats, error) {
	cpu, err := processTime()
	if err != nil {
		return stats{}, err
	}
	resident, err := anonymousMemory()
	if err != nil {
		return stats{}, err
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	return stats{
		CPU:      cpu,
		Resident: resident,
		InUse:    mem.HeapInuse + mem.StackInuse,
		LogReads: s.logReads(),
		Clients:  s.clients(),
	}, nil
}

// processTime is what this process has used of processors, user and system.
func processTime() (time.Duration, error) {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("read the time used: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

func anonymousMemory() (uint64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("read the memory used: %w", err)
	}
	kib, _, ok := number(bytes.ReplaceAll(status, []byte(" "), nil), "RssAnon:\t")
	if !ok {
		return 0, errors.New("read the memory used: the kernel does not tell")
	}
	return kib << 10, nil
}
