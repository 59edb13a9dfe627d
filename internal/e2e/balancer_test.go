package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A balancer stands before the nodes as load balancers do: it asks each of them
// whether it is ready and gives new connections to those that are, in turn. It
// is a process of its own, because of the number of files that one may have.
const (
	balanceVariable = "E2E_BALANCE"          // addresses of nodes; with it this program is a balancer
	balanced        = 4_000                  // connections of one balancer, of two files each
	readyEvery      = 100 * time.Millisecond // asked
	readyTime       = time.Second            // for the answer
	balancerBuffer  = 4 << 10
	reachTime       = 5 * time.Second // until a node must be ready
)

// startBalancers runs as many as so many connections need, and returns their addresses.
func startBalancers(t testing.TB, connections int, nodes ...*server) (addresses []string) {
	t.Helper()
	list := make([]string, len(nodes))
	for i, n := range nodes {
		list[i] = n.address
	}
	for range (connections + balanced - 1) / balanced {
		addresses = append(addresses, startBalancer(t, strings.Join(list, ",")))
	}
	return addresses
}

func startBalancer(t testing.TB, nodes string) (address string) {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Env = environment(balanceVariable + "=" + nodes)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // then it ends
		if err := cmd.Wait(); err != nil {
			t.Errorf("a balancer ended with %v", err)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// balancer is the process's side.
type balancer struct {
	nodes []string
	ready []atomic.Bool
	turn  atomic.Uint64
}

// balance is the program's main function as a balancer: it ends with stdin.
func balance(nodes []string) error {
	b := &balancer{nodes: nodes, ready: make([]atomic.Bool, len(nodes))}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	for i := range nodes {
		go b.watch(i) // until the process ends, as all that follows
	}
	go func() {
		for {
			if conn, err := l.Accept(); err == nil {
				go b.serve(conn)
			}
		}
	}()
	fmt.Println(l.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// watch asks a node again and again.
func (b *balancer) watch(i int) {
	client := &http.Client{Timeout: readyTime}
	for {
		res, err := client.Get("http://" + b.nodes[i] + "/readyz")
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		b.ready[i].Store(err == nil && res.StatusCode == http.StatusOK)
		time.Sleep(readyEvery)
	}
}

// serve carries a connection until either side ends.
func (b *balancer) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	node := b.reach()
	if node == nil {
		return
	}
	defer func() { _ = node.Close() }()
	var wg sync.WaitGroup
	wg.Go(func() { carryAll(node, client) })
	carryAll(client, node)
	wg.Wait()
}

// reach connects to a node that is ready; nil if there is none for long.
func (b *balancer) reach() net.Conn {
	ctx, cancel := context.WithTimeout(context.Background(), reachTime)
	defer cancel()
	for ctx.Err() == nil {
		i := int(b.turn.Add(1) % uint64(len(b.nodes)))
		if b.ready[i].Load() {
			if conn, err := new(net.Dialer).DialContext(ctx, "tcp", b.nodes[i]); err == nil {
				return conn
			}
			b.ready[i].Store(false)
		}
		if b.turn.Load()%uint64(len(b.nodes)) == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

// carryAll copies with a small buffer of its own: io.Copy between sockets would
// take two more files for each.
func carryAll(to, from net.Conn) {
	_, _ = io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, balancerBuffer))
	if tcp, ok := to.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
}
