package redisserver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	masters      = 3
	slots        = 16384
	nodeTimeout  = "1000"           // ms of silence after which masters hold one for dead
	clusterTime  = 20 * time.Second // until all masters agree
	portAttempts = 20
	lowestPort   = 15_000 // below 32768: the kernel gives none of these to somebody who dials,
	highestPort  = 32_000 // so a killed master finds its own again
)

// Cluster is a Redis Cluster of three masters without replicas. The slots are
// theirs in three equal ranges. When one is away the others go on.
type Cluster struct {
	t     testing.TB
	nodes []*Server
	addrs []string
	ids   []string
}

// StartCluster starts a Cluster that runs until the test ends. It takes about
// two seconds, which a new master waits before it serves.
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{t: t, nodes: make([]*Server, masters), addrs: make([]string, masters), ids: make([]string, masters)}
	for i := range masters {
		c.startMaster(i)
	}
	for i := range masters {
		first, last := i*slots/masters, (i+1)*slots/masters-1
		c.Do(i, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(last))
		c.Do(i, "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		c.ids[i] = c.Do(i, "CLUSTER", "MYID")
	}
	for i := 1; i < masters; i++ {
		port, bus := c.ports(i)
		c.Do(0, "CLUSTER", "MEET", "127.0.0.1", port, bus)
	}
	c.AwaitOK()
	return c
}

// startMaster tries ports until two are free.
func (c *Cluster) startMaster(i int) {
	c.t.Helper()
	var err error
	for range portAttempts {
		port, bus := freePort(c.t), freePort(c.t)
		s := newServer(c.t, "--bind", "127.0.0.1", "--port", port, "--cluster-enabled", "yes", "--cluster-port", bus,
			"--cluster-node-timeout", nodeTimeout, "--cluster-require-full-coverage", "no")
		if err = s.restart(); err == nil {
			c.nodes[i], c.addrs[i] = s, net.JoinHostPort("127.0.0.1", port)
			return
		}
		s.Kill()
	}
	c.t.Fatalf("start a master: %v", err)
}

func freePort(t testing.TB) string {
	t.Helper()
	for range portAttempts {
		port := strconv.Itoa(lowestPort + rand.IntN(highestPort-lowestPort))
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", port))
		if err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no free port was found")
	return ""
}

// ports are those of a master, for clients and for the other masters.
func (c *Cluster) ports(i int) (port, bus string) {
	return c.nodes[i].args[3], c.nodes[i].args[7]
}

// Addrs are the addresses of the masters. They stay the same when masters are restarted.
func (c *Cluster) Addrs() []string { return c.addrs }

// URL is the Cluster's address as settings have it.
func (c *Cluster) URL() string { return "redis+cluster://" + strings.Join(c.addrs, ",") }

// Kill ends a master at once.
func (c *Cluster) Kill(i int) { c.nodes[i].Kill() }

// Restart starts a master again; it remembers the Cluster and its slots. It
// does not wait until the others know.
func (c *Cluster) Restart(i int) {
	c.t.Helper()
	c.nodes[i].Restart()
}

// Do sends one command to a master.
func (c *Cluster) Do(i int, args ...string) string {
	c.t.Helper()
	return c.nodes[i].Do(args...)
}

// MoveSlots gives slots to another master and tells all that run.
func (c *Cluster) MoveSlots(to int, moved ...int) {
	c.t.Helper()
	for i := range masters {
		at := (to + i) % masters // its new owner must know first
		if c.nodes[at].cmd == nil {
			continue
		}
		for _, slot := range moved {
			c.Do(at, "CLUSTER", "SETSLOT", strconv.Itoa(slot), "NODE", c.ids[to])
		}
	}
}

// AwaitOK waits until all masters that run say that the Cluster works.
func (c *Cluster) AwaitOK() {
	c.t.Helper()
	deadline := time.Now().Add(clusterTime)
	var all sync.WaitGroup
	for _, s := range c.nodes {
		if s.cmd != nil {
			all.Go(func() { s.awaitOK(deadline) })
		}
	}
	all.Wait()
}

func (s *Server) awaitOK(deadline time.Time) {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	want := []string{"cluster_state:ok", fmt.Sprint("cluster_known_nodes:", masters), fmt.Sprint("cluster_slots_assigned:", slots)}
	for {
		info, err := s.do(ctx, "CLUSTER", "INFO")
		ok := err == nil
		for _, w := range want {
			ok = ok && strings.Contains(info, w)
		}
		if ok {
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			s.t.Errorf("the Cluster is not ready: %s %v", info, err)
			return
		}
	}
}
