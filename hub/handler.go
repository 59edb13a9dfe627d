package hub

import (
	"context"
	"encoding/json"
	"time"
)

// Handler is what the application decides. Errors: *Error refuses the command,
// *Disconnect closes the connection, anything else is logged and becomes error
// 100, as does a panic. The commands of one client are handled one after the
// other; ctx ends with the connection or after CommandTimeout.
type Handler interface {
	// Connect says who the client is. ErrTokenExpired makes it fetch a new token.
	Connect(ctx context.Context, c *Client, r ConnectRequest) (ConnectReply, error)
	// Refresh extends a connection that would expire.
	Refresh(ctx context.Context, c *Client, token string) (RefreshReply, error)
	// Subscribe decides whether the client may, and what kind of subscription it gets.
	Subscribe(ctx context.Context, c *Client, r SubscribeRequest) (SubscribeReply, error)
	// History authorises reading a channel's log by a client that may not be subscribed.
	History(ctx context.Context, c *Client, channel string) error
	// RPC serves a method of the application.
	RPC(ctx context.Context, c *Client, method string, data []byte) ([]byte, error)
}

// ConnectRequest is the first command of a connection.
type ConnectRequest struct {
	Token, Name, Version string // Name and Version are the client program's
	Data                 json.RawMessage
}

// ConnectReply accepts a connection.
type ConnectReply struct {
	User      string    // empty: a guest
	ExpiresAt time.Time // zero: never; else the client must refresh
	Data      json.RawMessage
	Channels  []string // server-side subscriptions, unrecoverable
	Session   any      // the application's own, kept as Client.Session
}

// RefreshReply extends a connection. A zero ExpiresAt means that it no longer expires.
type RefreshReply struct{ ExpiresAt time.Time }

// SubscribeRequest asks for a channel.
type SubscribeRequest struct {
	Channel, Token string
	Data           json.RawMessage
}

// SubscribeReply accepts a subscription.
type SubscribeReply struct {
	Data json.RawMessage // one JSON value; this is not checked, unlike other data, as many clients may get the same
	// State, if set, is called for Data once the subscription's position is fixed. What it reads is
	// therefore never older than the position: every change to it will arrive as a publication.
	State      func(ctx context.Context) (json.RawMessage, error)
	Positioned bool // history from Options.Log, recovery
	Presence   bool // presence and presence_stats are served
}

// Closed is a Handler that lets guests connect and offers nothing. Embed it and open what you serve.
type Closed struct{}

// Connect accepts guests without a token and refuses any token.
func (Closed) Connect(_ context.Context, _ *Client, r ConnectRequest) (ConnectReply, error) {
	if r.Token != "" {
		return ConnectReply{}, DisconnectInvalidToken
	}
	return ConnectReply{}, nil
}

// Refresh refuses.
func (Closed) Refresh(context.Context, *Client, string) (RefreshReply, error) {
	return RefreshReply{}, DisconnectInvalidToken
}

// Subscribe knows no channel.
func (Closed) Subscribe(context.Context, *Client, SubscribeRequest) (SubscribeReply, error) {
	return SubscribeReply{}, ErrUnknownChannel
}

// History offers none.
func (Closed) History(context.Context, *Client, string) error { return ErrNotAvailable }

// RPC offers none.
func (Closed) RPC(context.Context, *Client, string, []byte) ([]byte, error) {
	return nil, ErrNotAvailable
}
