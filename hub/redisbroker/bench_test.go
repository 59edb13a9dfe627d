package redisbroker_test

import (
	"context"
	"testing"
	"time"

	"lifecircle/hub"
	"lifecircle/hub/hubtest/redisserver"
	"lifecircle/hub/redisbroker"
)

// counter is a sink that counts.
type counter chan struct{}

func (c counter) Receive(string, hub.Publication) { c <- struct{}{} }
func (c counter) Lost()                           {}

// BenchmarkBroker is one publication on its way through Redis and back, of
// 300 bytes, with at most a thousand under way.
func BenchmarkBroker(b *testing.B) {
	server, cluster := redisserver.Start(b), redisserver.StartCluster(b)
	b.Run("server", func(b *testing.B) { roundTrips(b, newBroker(server)) })
	b.Run("cluster", func(b *testing.B) { roundTrips(b, clusterBroker(cluster, "")) })
}

func roundTrips(b *testing.B, broker *redisbroker.Broker) {
	ctx, stop := context.WithCancel(context.Background())
	received := make(counter, 1000)
	done := make(chan error, 1)
	go func() { done <- broker.Run(ctx, received) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			b.Error(err)
		}
	}()
	names := append(append(on(0, 5), on(1, 5)...), on(2, 5)...)
	for broker.Health() != nil {
		time.Sleep(time.Millisecond)
	}
	for _, name := range names {
		if err := broker.Subscribe(ctx, name); err != nil {
			b.Fatal(err)
		}
	}
	p := hub.Publication{Offset: 1, Epoch: "epoch", Data: make([]byte, 300), At: time.Now()}
	sent, back := 0, 0
	for b.Loop() {
		if sent-back == cap(received) {
			<-received
			back++
		}
		_ = broker.Publish(ctx, names[sent%len(names)], p) // only queues
		sent++
	}
	for ; back < sent; back++ {
		<-received
	}
	if n := broker.Stats().Dropped; n > 0 {
		b.Errorf("%d dropped", n)
	}
}
