package socketapi

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	jsonx "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"lifecircle/feed"
	"lifecircle/hub"
	"lifecircle/internal/auth"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
	"lifecircle/payments"
)

// Feed is what sockets ask of the feed.
type Feed interface {
	CircleState(ctx context.Context, circle id.ID, viewers []id.ID) (*feed.CircleState, error)
	MayView(ctx context.Context, a feed.Actor, circle id.ID) error
	CreatePost(ctx context.Context, a feed.Actor, circle id.ID, in feed.NewPost, key string) (feed.PostView, error)
	Like(ctx context.Context, a feed.Actor, post id.Post) (feed.LikeState, error)
	Unlike(ctx context.Context, a feed.Actor, post id.Post) (feed.LikeState, error)
	CreateComment(ctx context.Context, a feed.Actor, post id.Post, in feed.NewComment, key string) (feed.Comment, error)
}

// Payments is what sockets ask of payments.
type Payments interface {
	Tip(ctx context.Context, a payments.Actor, post id.Post, in payments.NewTip, key string) (payments.Tip, error)
}

// Tokens checks access tokens.
type Tokens interface {
	Verify(ctx context.Context, token string) (auth.Claims, error)
}

// Handler is what the hub asks about every client; see hub.Handler.
type Handler struct {
	Feed     Feed
	Payments Payments
	Tokens   Tokens
	Limiter  ratelimit.Limiter        // nil lifts every rate limit
	Viewers  func(channel string) int // how many watch a channel, on all nodes

	states shared[id.ID, feed.Actor, *moment] // of circles that people subscribe to
}

var _ hub.Handler = (*Handler)(nil)

// Connect lets guests in without a token and people with an access token, for
// as long as that is valid.
func (h *Handler) Connect(ctx context.Context, _ *hub.Client, r hub.ConnectRequest) (hub.ConnectReply, error) {
	if r.Token == "" {
		return hub.ConnectReply{Session: feed.Actor{}}, nil
	}
	claims, err := h.Tokens.Verify(ctx, r.Token)
	if err != nil {
		return hub.ConnectReply{}, badToken(err)
	}
	return hub.ConnectReply{
		User:      claims.UserID.String(),
		ExpiresAt: claims.ExpiresAt,
		Channels:  []string{userChannel(claims.UserID)},
		Session:   feed.Actor{User: claims.UserID},
	}, nil
}

// Refresh takes a newer token of the same person.
func (h *Handler) Refresh(ctx context.Context, c *hub.Client, token string) (hub.RefreshReply, error) {
	claims, err := h.Tokens.Verify(ctx, token)
	switch {
	case problem.Has(err, problem.TokenExpired):
		return hub.RefreshReply{}, hub.ErrExpired
	case err != nil:
		return hub.RefreshReply{}, badToken(err)
	case claims.UserID != actorOf(c).User:
		return hub.RefreshReply{}, hub.DisconnectInvalidToken
	}
	return hub.RefreshReply{ExpiresAt: claims.ExpiresAt}, nil
}

// Subscribe lets those who may look into a circle follow it, from any offset
// that its log keeps. Whether they may is judged with the state.
func (h *Handler) Subscribe(_ context.Context, c *hub.Client, r hub.SubscribeRequest) (hub.SubscribeReply, error) {
	circle, err := mayFollow(r.Channel)
	if err != nil {
		return hub.SubscribeReply{}, err
	}
	return hub.SubscribeReply{
		Positioned: true,
		State: func(ctx context.Context) (json.RawMessage, error) {
			return h.state(ctx, actorOf(c), circle, r.Channel)
		},
	}, nil
}

// History may be read by everybody who may subscribe.
func (h *Handler) History(ctx context.Context, c *hub.Client, channel string) error {
	circle, err := mayFollow(channel)
	if err != nil {
		return err
	}
	return notFound(h.Feed.MayView(ctx, actorOf(c), circle))
}

// mayFollow returns the channel's circle. Whether that exists is found by the
// one who reads its log.
func mayFollow(channel string) (id.ID, error) {
	circle, ok := circleOf(channel)
	switch {
	case ok:
		return circle, nil
	case strings.HasPrefix(channel, userPrefix): // one's own is subscribed by the server at connect
		return 0, hub.ErrPermissionDenied
	default:
		return 0, hub.ErrUnknownChannel
	}
}

// actorOf returns who the client is: what Connect said.
func actorOf(c *hub.Client) feed.Actor {
	a, _ := c.Session().(feed.Actor)
	return a
}

// encode writes as HTTP does: no nil lists, members of maps in a fixed order.
func encode(v any) (json.RawMessage, error) {
	data, err := jsonx.Marshal(v, jsonx.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("encode a reply: %w", err)
	}
	return data, nil
}
