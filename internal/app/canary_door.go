package app

import (
	"context"
	"crypto/subtle"

	"lifecircle/hub"
)

// canaryDoor lets the canary into its channel, and nowhere else; all others go
// through the inner handler, to which that channel is unknown.
type canaryDoor struct {
	hub.Handler
	canary *canary
}

// canaryBird is the session of the canary's connection.
type canaryBird struct{}

// handlerOf returns who decides for the client.
func (d canaryDoor) handlerOf(c *hub.Client) hub.Handler {
	if isCanary(c) {
		return hub.Closed{}
	}
	return d.Handler
}

func isCanary(c *hub.Client) bool {
	_, is := c.Session().(canaryBird)
	return is
}

// Connect implements hub.Handler.
func (d canaryDoor) Connect(ctx context.Context, c *hub.Client, r hub.ConnectRequest) (hub.ConnectReply, error) {
	if subtle.ConstantTimeCompare([]byte(r.Token), []byte(d.canary.token)) == 1 {
		return hub.ConnectReply{Session: canaryBird{}}, nil
	}
	return d.Handler.Connect(ctx, c, r)
}

// Subscribe implements hub.Handler.
func (d canaryDoor) Subscribe(ctx context.Context, c *hub.Client, r hub.SubscribeRequest) (hub.SubscribeReply, error) {
	if isCanary(c) && r.Channel == d.canary.channel {
		return hub.SubscribeReply{}, nil
	}
	return d.handlerOf(c).Subscribe(ctx, c, r)
}

// Refresh implements hub.Handler.
func (d canaryDoor) Refresh(ctx context.Context, c *hub.Client, token string) (hub.RefreshReply, error) {
	return d.handlerOf(c).Refresh(ctx, c, token)
}

// History implements hub.Handler.
func (d canaryDoor) History(ctx context.Context, c *hub.Client, channel string) error {
	return d.handlerOf(c).History(ctx, c, channel)
}

// RPC implements hub.Handler.
func (d canaryDoor) RPC(ctx context.Context, c *hub.Client, method string, data []byte) ([]byte, error) {
	return d.handlerOf(c).RPC(ctx, c, method, data)
}
