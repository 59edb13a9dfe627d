package fanout

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// roleEnv names what a process that this binary starts is to serve; unset in the test itself.
const roleEnv = "LIFECIRCLE_FANOUT_ROLE"

var (
	flagClients     = flag.Int("fanout.clients", 10_000, "clients of one channel, idle clients, and clients of a storm")
	flagSubscribers = flag.Int("fanout.subscribers", 1_000, "clients where publications are written together")
	flagCircles     = flag.Int("fanout.circles", 1_000, "channels of 10 subscribers each")
	flagSeconds     = flag.Float64("fanout.seconds", 5, "how long a measurement publishes")
	flagRounds      = flag.Int("fanout.rounds", 3, "turns of floor and hub, of which the medians are reported")
	flagRedis       = flag.Bool("fanout.redis", true, "also measure a hub with Redis")
	flagRaw         = flag.Bool("fanout.raw", false, "the floor writes past Go's scheduler, which other programs in Go cannot")
	flagMissed      = flag.Int("fanout.missed", 20, "publications that each client of a storm has to recover")
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleEnv); role != "" {
		if err := serveRole(role); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// size is what a measurement is made with.
type size struct {
	clients, subscribers, circles int
	rounds, missed                int
	redis, raw                    bool
	length                        time.Duration
}

func sizeOfFlags() size {
	return size{
		clients: *flagClients, subscribers: *flagSubscribers, circles: *flagCircles,
		rounds: *flagRounds, missed: *flagMissed, redis: *flagRedis, raw: *flagRaw,
		length: time.Duration(*flagSeconds * float64(time.Second)),
	}
}

// raiseFiles allows as many sockets as the system lets this process have.
func raiseFiles() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raise the limit of open files: %w", err)
	}
	return nil
}
