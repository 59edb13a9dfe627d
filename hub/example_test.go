package hub_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
)

// news is a channel that everybody may read, with its history in a slice.
type news struct {
	hub.Closed
	mu   sync.Mutex
	pubs []hub.Publication
}

func (n *news) Subscribe(context.Context, *hub.Client, hub.SubscribeRequest) (hub.SubscribeReply, error) {
	return hub.SubscribeReply{Positioned: true}, nil
}

func (n *news) Read(_ context.Context, _ string, q hub.ReadQuery) ([]hub.Publication, hub.Position, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	top := uint64(len(n.pubs))
	from := uint64(0)
	if q.Since != nil {
		from = min(*q.Since, top)
	}
	return n.pubs[from:min(from+uint64(q.Limit), top)], hub.Position{Offset: top, Epoch: "1"}, nil
}

func (n *news) Heads(ctx context.Context, _ []string) (map[string]hub.Position, error) {
	_, top, err := n.Read(ctx, "", hub.ReadQuery{})
	return map[string]hub.Position{"news": top}, err
}

func (n *news) add(text string) hub.Publication {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := hub.Publication{Offset: uint64(len(n.pubs)) + 1, Epoch: "1", Data: fmt.Appendf(nil, "%q", text)}
	n.pubs = append(n.pubs, p)
	return p
}

// A server of one open channel with history. Any client of the Centrifuge
// protocol can subscribe to "news" at /connection/websocket.
func Example() {
	n := &news{}
	node, err := hub.New(hub.Options{Handler: n, Log: n})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan error)
	go func() { done <- node.Run(ctx) }()
	mux := http.NewServeMux()
	mux.Handle("/connection/websocket", node)
	server := httptest.NewServer(mux)
	defer server.Close()

	n.add("before anybody listened")
	client, err := hubtest.Dial(ctx, server.URL+"/connection/websocket", hubtest.DialOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = client.Connect(ctx, "")
	reply, _ := client.Recover(ctx, "news", 0, "")
	fmt.Printf("%s\n", reply.Publications[0].Data)
	_ = node.Publish(ctx, "news", n.add("live"))
	p, _ := client.Publication(ctx)
	fmt.Printf("%s\n", p.Data)
	client.Close()
	stop()
	fmt.Println(<-done)
	// Output:
	// "before anybody listened"
	// "live"
	// <nil>
}
