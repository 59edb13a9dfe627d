package swarm_test

import (
	"bufio"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lifecircle/cmd/circleload/swarm"
)

// gate holds its loop back when the message of one connection comes.
type gate struct {
	in, pass chan struct{}
	got      atomic.Int64
}

func (g *gate) Message(c *swarm.Conn, _ []byte, _ time.Time) {
	if c.Data != nil {
		g.in <- struct{}{}
		<-g.pass
		return
	}
	g.got.Add(1)
}

func (g *gate) Closed(*swarm.Conn, int, string, error) {}

// BenchmarkRead is the cost of a message of 300 bytes to one of 1,000
// connections: of epoll, read(2) and the frame, without that of who writes it.
// cpu-ns is what counts: the machine may be busy with other things.
func BenchmarkRead(b *testing.B) {
	const count = 1000
	peers := make(chan net.Conn, count+1)
	url := raw(b, "", func(c net.Conn, r *bufio.Reader) {
		peers <- c
		hold(c, r)
	})
	g := &gate{in: make(chan struct{}), pass: make(chan struct{})}
	s, err := swarm.New(swarm.Options{Handler: g, Loops: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	dial := func(data any) net.Conn {
		if _, err := s.Dial(b.Context(), swarm.Target{URL: url, Data: data}); err != nil {
			b.Fatal(err)
		}
		return <-peers
	}
	stopper := dial("stopper")
	conns := make([]net.Conn, count)
	for i := range conns {
		conns[i] = dial(nil)
	}
	message := frame(0x81, make([]byte, 300))
	b.ResetTimer()
	b.StopTimer()
	var spent time.Duration
	done := 0
	for ; done < b.N; done += count {
		_, _ = stopper.Write(message)
		<-g.in
		for _, c := range conns {
			_, _ = c.Write(message)
		}
		before := cpuTime(b)
		b.StartTimer()
		g.pass <- struct{}{}
		for g.got.Load() < int64(done+count) {
			time.Sleep(100 * time.Microsecond)
		}
		b.StopTimer()
		spent += cpuTime(b) - before
	}
	b.ReportMetric(float64(spent.Nanoseconds())/float64(done), "cpu-ns/op")
}

// cpuTime is that of this process.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkDial is the cost of a connection with its handshake, the server's (net/http's reader) included.
func BenchmarkDial(b *testing.B) {
	url := raw(b, "", hold)
	s, err := swarm.New(swarm.Options{Handler: &gate{}, Loops: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	slots := make(chan struct{}, 256)
	for b.Loop() {
		slots <- struct{}{}
		s.Open(swarm.Target{URL: url}, func(c *swarm.Conn, err error) {
			if err != nil {
				b.Error(err)
			} else {
				c.Abort()
			}
			<-slots
		})
	}
	for range cap(slots) {
		slots <- struct{}{}
	}
}
