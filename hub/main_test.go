package hub_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// setup is a node with its log, and a way to it.
type setup struct {
	*hub.Node
	log    *hubtest.Log
	server *hubtest.Server
}

// start runs a node on which everything is allowed, but for what change changes.
func start(t *testing.T, change func(*hub.Options)) setup {
	t.Helper()
	log := hubtest.NewLog("e")
	o := hub.Options{Handler: hubtest.Open{}, Log: log, Logger: slog.New(slog.DiscardHandler), Name: "n1", Version: "v1"}
	if change != nil {
		change(&o)
	}
	n := hubtest.RunNode(t, o)
	return setup{Node: n, log: log, server: hubtest.Listen(t, n)}
}

// patient makes a node compare heads only when it must.
func patient(o *hub.Options) { o.HeadInterval = time.Hour }

func (s setup) dial(ctx context.Context, t *testing.T, p wire.Protocol) *hubtest.Client {
	t.Helper()
	return s.server.Dial(ctx, t, hubtest.DialOptions{Protocol: p})
}

// connected is a client after its connect command.
func (s setup) connected(ctx context.Context, t *testing.T, p wire.Protocol, token string) *hubtest.Client {
	t.Helper()
	c := s.dial(ctx, t, p)
	if _, err := c.Connect(ctx, token); err != nil {
		t.Fatal(err)
	}
	return c
}

// subscribed is a client that is subscribed to the channel.
func (s setup) subscribed(ctx context.Context, t *testing.T, p wire.Protocol, channel string) *hubtest.Client {
	t.Helper()
	c := s.connected(ctx, t, p, "")
	if _, err := c.Subscribe(ctx, channel); err != nil {
		t.Fatal(err)
	}
	return c
}

// append adds to the log and tells the subscribers.
func (s setup) append(ctx context.Context, t *testing.T, channel, data string) {
	t.Helper()
	if err := s.Publish(ctx, channel, s.log.Append(channel, data)); err != nil {
		t.Fatal(err)
	}
}

const testTime = 20 * time.Second // for a test that hangs

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testTime)
	t.Cleanup(cancel)
	return ctx
}

// eachProtocol runs the test in both encodings.
func eachProtocol(t *testing.T, test func(*testing.T, wire.Protocol)) {
	t.Helper()
	for p, name := range map[wire.Protocol]string{wire.JSON: "json", wire.Protobuf: "protobuf"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

// closedWith reads until the connection is closed, and checks that the reason
// came as a push and as the code of the close frame.
func closedWith(ctx context.Context, t *testing.T, c *hubtest.Client, code int) {
	t.Helper()
	told := 0
	for {
		m, err := c.Next(ctx)
		if err != nil {
			if got := hubtest.CloseCode(err); got != code || told != code {
				t.Fatalf("closed with %d after a push of %d, want %d: %v", got, told, code, err)
			}
			return
		}
		if m.Push != nil && m.Push.Disconnect != nil {
			told = int(m.Push.Disconnect.Code)
		}
	}
}

// refused checks the code of the error that a command was answered with.
func refused(t *testing.T, err error, code uint32) {
	t.Helper()
	if got := hubtest.ErrorCode(err); got != code {
		t.Errorf("refused with %d, want %d: %v", got, code, err)
	}
}

// expectOffsets reads publications with the offsets from..to.
func expectOffsets(ctx context.Context, t *testing.T, c *hubtest.Client, from, to uint64) {
	t.Helper()
	for want := from; want <= to; want++ {
		p, err := c.Publication(ctx)
		if err != nil {
			t.Fatalf("await offset %d: %v", want, err)
		}
		if p.Offset != want {
			t.Fatalf("got offset %d, want %d", p.Offset, want)
		}
	}
}

// gosched lets others work while a test polls a counter that no channel tells about.
func gosched() { time.Sleep(time.Millisecond) }
