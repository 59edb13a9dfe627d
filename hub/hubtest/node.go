package hubtest

import (
	"context"
	"strings"
	"testing"
	"time"

	"lifecircle/hub"
)

// RunNode makes a node and runs it until the test ends.
func RunNode(t testing.TB, o hub.Options) *hub.Node {
	t.Helper()
	n, err := hub.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("run the node: %v", err)
		}
	})
	return n
}

// Open is a Handler that allows everything. A token is the user's name, and
// "user/60" one that expires in 60 seconds; everybody gets a server-side
// subscription "user:<name>". Channels that begin with "hint:" have no
// position. The method "echo" returns its data.
type Open struct{ hub.Closed }

func expiry(token string) (user string, at time.Time) {
	user, seconds, expires := strings.Cut(token, "/")
	if !expires {
		return user, time.Time{}
	}
	d, _ := time.ParseDuration(seconds + "s")
	return user, time.Now().Add(d)
}

// Connect accepts.
func (Open) Connect(_ context.Context, _ *hub.Client, r hub.ConnectRequest) (hub.ConnectReply, error) {
	var reply hub.ConnectReply
	reply.User, reply.ExpiresAt = expiry(r.Token)
	if reply.User != "" {
		reply.Channels = []string{"user:" + reply.User}
	}
	return reply, nil
}

// Refresh accepts.
func (Open) Refresh(_ context.Context, _ *hub.Client, token string) (hub.RefreshReply, error) {
	_, at := expiry(token)
	return hub.RefreshReply{ExpiresAt: at}, nil
}

// Subscribe accepts.
func (Open) Subscribe(_ context.Context, _ *hub.Client, r hub.SubscribeRequest) (hub.SubscribeReply, error) {
	return hub.SubscribeReply{Positioned: !strings.HasPrefix(r.Channel, "hint:"), Presence: true}, nil
}

// History accepts.
func (Open) History(context.Context, *hub.Client, string) error { return nil }

// RPC serves echo.
func (Open) RPC(_ context.Context, _ *hub.Client, method string, data []byte) ([]byte, error) {
	if method != "echo" {
		return nil, hub.ErrMethodNotFound
	}
	return data, nil
}
