package fanout

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
	"lifecircle/hub/redisbroker"
)

// hubService is a hub that lets everybody in, on a log in memory.
type hubService struct {
	node     *hub.Node
	log      *hubtest.Log
	listener net.Listener
}

// hubOptions are what is measured: the hub's defaults.
func hubOptions(log hub.Log, broker hub.Broker) hub.Options {
	return hub.Options{Handler: hubtest.Open{}, Log: log, Broker: broker}
}

// newHubService serves until the process ends; with an address, through Redis.
func newHubService(redis string) (*hubService, error) {
	var broker hub.Broker
	if redis != "" {
		b, err := redisbroker.Open(redis, "", nil)
		if err != nil {
			return nil, err
		}
		broker = b
	}
	s := &hubService{log: hubtest.NewLog("e")}
	var err error
	if s.node, err = hub.New(hubOptions(s.log, broker)); err != nil {
		return nil, fmt.Errorf("make the hub: %w", err)
	}
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: s.node, ReadHeaderTimeout: 10 * time.Second}
	go fail(func() error { return s.node.Run(context.Background()) })
	go fail(func() error { return server.Serve(s.listener) })
	return s, nil
}

// fail ends the process if do does: nothing else in it goes on then.
func fail(do func() error) {
	if err := do(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(os.Stderr, "fanout:", err)
		os.Exit(1)
	}
}

func (s *hubService) addr() string  { return s.listener.Addr().String() }
func (s *hubService) logReads() int { return s.log.Reads() }
func (s *hubService) clients() int  { return s.node.Stats().Subscriptions }

func (s *hubService) publish(channel string, data []byte) error {
	return s.node.Publish(context.Background(), channel, s.log.Append(channel, string(data)))
}

func (s *hubService) flush() error { return nil }
