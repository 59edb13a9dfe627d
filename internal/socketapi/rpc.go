package socketapi

import (
	"context"
	"errors"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"lifecircle/feed"
	"lifecircle/hub"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
	"lifecircle/payments"
)

// The input of the methods: the body of the HTTP route, what its path names,
// and what its Idempotency-Key header holds.
type (
	postCall struct {
		feed.NewPost
		Circle string  `json:"circle_id"`
		Key    *string `json:"idempotency_key"`
	}
	commentCall struct {
		feed.NewComment
		Post string  `json:"post_id"`
		Key  *string `json:"idempotency_key"`
	}
	tipCall struct {
		payments.NewTip
		Post string  `json:"post_id"`
		Key  *string `json:"idempotency_key"`
	}
	likeCall struct {
		Post string  `json:"post_id"`
		Key  *string `json:"idempotency_key"` // liking twice is liking once: a key is allowed and changes nothing
	}
)

// RPC serves the methods post, like, unlike, comment and tip: the same
// checks, limits and results as over HTTP.
func (h *Handler) RPC(ctx context.Context, c *hub.Client, method string, data []byte) ([]byte, error) {
	return h.call(ctx, actorOf(c), method, data)
}

func (h *Handler) call(ctx context.Context, a feed.Actor, method string, data []byte) ([]byte, error) {
	var (
		result any
		err    error
	)
	switch method {
	case "post":
		result, err = h.post(ctx, a, data)
	case "like":
		result, err = h.like(ctx, a, data, h.Feed.Like)
	case "unlike":
		result, err = h.like(ctx, a, data, h.Feed.Unlike)
	case "comment":
		result, err = h.comment(ctx, a, data)
	case "tip":
		result, err = h.tip(ctx, a, data)
	default:
		return nil, hub.ErrMethodNotFound
	}
	if err != nil {
		return nil, refusal(err)
	}
	return encode(result)
}

func (h *Handler) post(ctx context.Context, a feed.Actor, data []byte) (any, error) {
	var in postCall
	if err := h.admit(ctx, a, ratelimit.Posts, data, &in, "circle_id", "text"); err != nil {
		return nil, err
	}
	circle, err := parseID(in.Circle, id.Parse, problem.CircleNotFound)
	if err != nil {
		return nil, err
	}
	key, err := readKey(in.Key)
	if err != nil {
		return nil, err
	}
	return h.Feed.CreatePost(ctx, a, circle, in.NewPost, key)
}

func (h *Handler) comment(ctx context.Context, a feed.Actor, data []byte) (any, error) {
	var in commentCall
	if err := h.admit(ctx, a, ratelimit.Comments, data, &in, "post_id", "text"); err != nil {
		return nil, err
	}
	post, err := parseID(in.Post, id.ParsePost, problem.PostNotFound)
	if err != nil {
		return nil, err
	}
	key, err := readKey(in.Key)
	if err != nil {
		return nil, err
	}
	return h.Feed.CreateComment(ctx, a, post, in.NewComment, key)
}

// tip leaves the amount, also a missing one, to payments, which says what is
// wrong with it.
func (h *Handler) tip(ctx context.Context, a feed.Actor, data []byte) (any, error) {
	var in tipCall
	if err := h.admit(ctx, a, ratelimit.Tips, data, &in, "post_id", "currency"); err != nil {
		return nil, err
	}
	post, err := parseID(in.Post, id.ParsePost, problem.PostNotFound)
	if err != nil {
		return nil, err
	}
	key, err := readKey(in.Key)
	if err != nil {
		return nil, err
	}
	return h.Payments.Tip(ctx, payments.Actor(a), post, in.NewTip, key)
}

func (h *Handler) like(ctx context.Context, a feed.Actor, data []byte, do func(context.Context, feed.Actor, id.Post) (feed.LikeState, error)) (any, error) {
	var in likeCall
	if err := h.admit(ctx, a, ratelimit.Likes, data, &in, "post_id"); err != nil {
		return nil, err
	}
	post, err := parseID(in.Post, id.ParsePost, problem.PostNotFound)
	if err != nil {
		return nil, err
	}
	if _, err := readKey(in.Key); err != nil {
		return nil, err
	}
	return do(ctx, a, post)
}

// admit is what stands before every method, in the order of HTTP: an account,
// its limit, well-formed input that has the required members.
func (h *Handler) admit(ctx context.Context, a feed.Actor, limit ratelimit.Limit, data []byte, in any, required ...string) error {
	if a.Guest() {
		return problem.New(problem.Unauthorized, "Sign in first.")
	}
	if err := limit.Check(ctx, h.Limiter, a.User.String()); err != nil {
		return err
	}
	return decode(data, in, required)
}

// decode reads one JSON object in valid UTF-8, with no member twice, none that
// is not known and every required one. The hub bounds its size, the known
// members its depth.
func decode(data []byte, in any, required []string) error {
	var value jsontext.Value
	if err := json.Unmarshal(data, &value); err != nil {
		return malformed(err)
	}
	var members map[string]jsontext.Value
	if err := json.Unmarshal(value, &members); err != nil || members == nil { // null leaves nil
		return problem.Invalid(problem.Invalid_, "body", "expected object")
	}
	for _, name := range required {
		switch v, ok := members[name]; {
		case !ok:
			return problem.Invalid(problem.Invalid_, "body", "expected required property %s to be present", name)
		case v.Kind() == jsontext.KindNull:
			return problem.Invalid(problem.Invalid_, "body."+name, "expected string")
		}
	}
	if err := json.Unmarshal(data, in, json.RejectUnknownMembers(true)); err != nil {
		return malformed(err)
	}
	return nil
}

func malformed(err error) error {
	var value *json.SemanticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return problem.New(problem.MalformedJSON, "An object in the data has the same member twice.")
	case errors.As(err, &value) && errors.Is(err, json.ErrUnknownName):
		return problem.Invalid(problem.Invalid_, location(value), "unexpected property")
	case errors.As(err, &value):
		return problem.Invalid(problem.Invalid_, location(value), "cannot be read")
	default:
		return problem.New(problem.MalformedJSON, "The data is not well-formed JSON in UTF-8.")
	}
}

func location(e *json.SemanticError) string {
	return "body" + strings.ReplaceAll(string(e.JSONPointer), "/", ".")
}

// parseID reads an id that HTTP has in its path: text that names nothing is
// something that does not exist.
func parseID[T any](text string, parse func(string) (T, error), missing problem.Code) (T, error) {
	v, err := parse(text)
	if err != nil {
		return v, problem.New(missing, "There is nothing with this id.")
	}
	return v, nil
}

// readKey returns the key, "" if none was sent. The service checks its form.
func readKey(key *string) (string, error) {
	if key == nil {
		return "", nil
	}
	if *key == "" {
		return "", problem.New(problem.IdempotencyKeyBad, "An idempotency key has 1 to %d characters.", idempotency.MaxKeyLength)
	}
	return *key, idempotency.Check(*key)
}
