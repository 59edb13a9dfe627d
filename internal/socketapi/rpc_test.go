package socketapi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"lifecircle/feed"
	"lifecircle/hub"
	"lifecircle/internal/auth"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
	"lifecircle/payments"
)

var (
	someCircle = id.ID(1 << 40)
	somePost   = id.Post{Circle: someCircle, Post: 1 << 41}
	someUser   = feed.Actor{User: 1 << 42}
)

// saidFeed answers every call with err, or repeats what it was asked.
type saidFeed struct {
	err   error
	asked string
}

func (f *saidFeed) ask(format string, args ...any) error {
	f.asked = fmt.Sprintf(format, args...)
	return f.err
}

func (f *saidFeed) CircleState(_ context.Context, circle id.ID, viewers []id.ID) (*feed.CircleState, error) {
	return &feed.CircleState{Circle: feed.Circle{ID: circle}}, f.ask("circle %s %s", viewers, circle)
}

func (f *saidFeed) MayView(context.Context, feed.Actor, id.ID) error { return f.err }

func (f *saidFeed) CreatePost(_ context.Context, a feed.Actor, circle id.ID, in feed.NewPost, key string) (feed.PostView, error) {
	return feed.PostView{Post: feed.Post{ID: somePost}}, f.ask("post %s %s %q %q", a.User, circle, in.Text, key)
}

func (f *saidFeed) Like(_ context.Context, a feed.Actor, post id.Post) (feed.LikeState, error) {
	return feed.LikeState{Liked: true, Likes: 3}, f.ask("like %s %s", a.User, post)
}

func (f *saidFeed) Unlike(_ context.Context, a feed.Actor, post id.Post) (feed.LikeState, error) {
	return feed.LikeState{Likes: 2}, f.ask("unlike %s %s", a.User, post)
}

func (f *saidFeed) CreateComment(_ context.Context, a feed.Actor, post id.Post, in feed.NewComment, key string) (feed.Comment, error) {
	return feed.Comment{Text: in.Text}, f.ask("comment %s %s %q %v %q", a.User, post, in.Text, in.ReplyTo, key)
}

// Tip makes of saidFeed payments, too.
func (f *saidFeed) Tip(_ context.Context, a payments.Actor, post id.Post, in payments.NewTip, key string) (payments.Tip, error) {
	fen, err := in.Amount.Fen("body.amount")
	if err != nil {
		return payments.Tip{}, err
	}
	return payments.Tip{PostID: post}, f.ask("tip %s %s %d %s %q %s %q", a.User, post, fen, in.Currency, in.Message, in.Visibility, key)
}

// TestEveryProblemHasItsNumber holds the socket's refusals to the table of
// problems: none is forgotten, whatever is added to it.
func TestEveryProblemHasItsNumber(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../problem/codes.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`\bCode\s*= "([a-z_]+)"`).FindAllSubmatch(source, -1)
	if len(declared) < 30 {
		t.Fatalf("only %d codes", len(declared))
	}
	for _, match := range declared {
		code := problem.Code(match[1])
		want := fmt.Sprintf("error %d: %s", 1000+problem.Status(code), code)
		temporary := false
		switch problem.Status(code) {
		case 401:
			want = fmt.Sprintf("error 101: %s", code)
		case 429:
			want, temporary = fmt.Sprintf("error 111: %s", code), true
		case 503:
			temporary = true
		case 500: // left to the hub, which logs it and answers 100
			want = string(code)
		}
		err := refusal(fmt.Errorf("post: %w", problem.New(code, "")))
		if !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", code, err, want)
		}
		if e := (*hub.Error)(nil); errors.As(err, &e) && (e.Temporary != temporary || e.Code >= 2000) {
			t.Errorf("%s: %+v", code, e)
		}
	}
	inside := errors.New("inside")
	if got := refusal(inside); !errors.Is(got, inside) {
		t.Errorf("an unknown error became %v", got)
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	user, circle, post := someUser.User.String(), someCircle.String(), somePost.String()
	cases := []struct {
		method, data string
		asked        string // what reached the feed
		refused      string // or why nothing did
	}{
		{"post", `{"circle_id":"` + circle + `","text":"hi","idempotency_key":"k 1"}`, `post ` + user + ` ` + circle + ` "hi" "k 1"`, ""},
		{"post", `{"circle_id":"` + circle + `","text":"hi"}`, `post ` + user + ` ` + circle + ` "hi" ""`, ""},
		{"comment", `{"post_id":"` + post + `","text":"hi","idempotency_key":"k"}`, `comment ` + user + ` ` + post + ` "hi" <nil> "k"`, ""},
		{"comment", `{"post_id":"` + post + `","text":"hi","reply_to":null}`, `comment ` + user + ` ` + post + ` "hi" <nil> ""`, ""},
		{"like", `{"post_id":"` + post + `"}`, `like ` + user + ` ` + post, ""},
		{"unlike", `{"post_id":"` + post + `","idempotency_key":"x"}`, `unlike ` + user + ` ` + post, ""},

		{"tip", `{"post_id":"` + post + `","amount":5,"currency":"CNY","idempotency_key":"k"}`, `tip ` + user + ` ` + post + ` 5 CNY ""  "k"`, ""},
		{"tip", `{"post_id":"` + post + `","amount":5,"currency":"CNY","message":"hi","visibility":"anonymous","idempotency_key":"k"}`, `tip ` + user + ` ` + post + ` 5 CNY "hi" anonymous "k"`, ""},

		{"tip", `{"post_id":"` + post + `","currency":"CNY","idempotency_key":"k"}`, "", "error 1422: amount_malformed"},
		{"tip", `{"post_id":"` + post + `","amount":1e309,"currency":"CNY","idempotency_key":"k"}`, "", "error 1422: amount_malformed"},
		{"tip", `{"post_id":"` + post + `","amount":5,"idempotency_key":"k"}`, "", "error 1422: invalid"},
		{"tip", `{"post_id":"` + post + `","amount":5,"currency":"CNY","idempotency_key":""}`, "", "error 1400: idempotency_key_malformed"},
		{"tip", `{"post_id":"x","amount":5,"currency":"CNY","idempotency_key":"k"}`, "", "error 1404: post_not_found"},
		{"tip", `{"amount":5,"currency":"CNY","idempotency_key":"k"}`, "", "error 1422: invalid"},
		{"tip", `{"post_id":"` + post + `","amount":5,"amount":6,"currency":"CNY","idempotency_key":"k"}`, "", "error 1400: malformed_json"},
		{"tip", `{"post_id":"` + post + `","amount":5,"currency":"CNY","idempotency_key":"k","provider":"x"}`, "", "error 1422: invalid"},
		{"post", ``, "", "error 1400: malformed_json"},
		{"post", `null`, "", "error 1422: invalid"},
		{"post", `[]`, "", "error 1422: invalid"},
		{"post", `"text"`, "", "error 1422: invalid"},
		{"post", `[`, "", "error 1400: malformed_json"},
		{"post", `{"circle_id":"` + circle + `"}`, "", "error 1422: invalid"},
		{"post", `{"circle_id":"` + circle + `","text":null}`, "", "error 1422: invalid"},
		{"comment", `{"post_id":"` + post + `"}`, "", "error 1422: invalid"},
		{"like", `{}`, "", "error 1422: invalid"},
		{"like", `{"post_id":""}`, "", "error 1404: post_not_found"},
		{"post", `{"circle_id":`, "", "error 1400: malformed_json"},
		{"post", `{} {}`, "", "error 1400: malformed_json"},
		{"post", `{"text":"a","text":"b"}`, "", "error 1400: malformed_json"},
		{"post", "{\"text\":\"\xff\"}", "", "error 1400: malformed_json"},
		{"post", `{"circle_id":"` + circle + `","text":"hi","post_id":"x"}`, "", "error 1422: invalid"},
		{"post", `{"circle_id":"` + circle + `","Text":"hi"}`, "", "error 1422: invalid"},
		{"post", `{"circle_id":"` + circle + `","text":7}`, "", "error 1422: invalid"},
		{"post", `{"circle_id":7,"text":"hi"}`, "", "error 1422: invalid"},
		{"post", `{"text":"hi"}`, "", "error 1422: invalid"},
		{"post", `{"circle_id":"nowhere","text":"hi"}`, "", "error 1404: circle_not_found"},
		{"like", `{"post_id":"` + circle + `"}`, "", "error 1404: post_not_found"},
		{"comment", `{"post_id":"` + post + `","text":"hi","reply_to":"x"}`, "", "error 1422: invalid"},
		{"post", `{"circle_id":"` + circle + `","text":"hi","idempotency_key":""}`, "", "error 1400: idempotency_key_malformed"},
		{"post", `{"circle_id":"` + circle + `","text":"hi","idempotency_key":"é"}`, "", "error 1400: idempotency_key_malformed"},
		{"like", `{"post_id":"` + post + `","idempotency_key":"` + strings.Repeat("k", 256) + `"}`, "", "error 1400: idempotency_key_malformed"},
		{"tap", `{}`, "", "error 104: method not found"},
		{"", `{}`, "", "error 104: method not found"},
	}
	for _, tc := range cases {
		f := &saidFeed{}
		h := &Handler{Feed: f, Payments: f}
		data, err := h.call(t.Context(), someUser, tc.method, []byte(tc.data))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if f.asked != tc.asked || got != tc.refused || (err == nil) != (len(data) > 0) {
			t.Errorf("%s %s:\n asked %q, want %q\n refused %q, want %q", tc.method, tc.data, f.asked, tc.asked, got, tc.refused)
		}
	}
}

func TestCallsOfGuestsAndTooManyAreRefused(t *testing.T) {
	t.Parallel()
	f := &saidFeed{}
	h := &Handler{Feed: f, Payments: f, Limiter: ratelimit.NewMemory(100, func() time.Time { return time.Unix(1e9, 0) })}
	like := []byte(`{"post_id":"` + somePost.String() + `"}`)
	for _, method := range []string{"post", "comment", "like", "unlike", "tip"} {
		if _, err := h.call(t.Context(), feed.Actor{}, method, like); err == nil || err.Error() != "error 101: unauthorized" || f.asked != "" {
			t.Errorf("%s of a guest: %v, asked %q", method, err, f.asked)
		}
	}
	for range ratelimit.Likes.Rate.Burst {
		if _, err := h.call(t.Context(), someUser, "like", like); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.call(t.Context(), someUser, "unlike", like); err == nil || err.Error() != "error 111: rate_limited" {
		t.Errorf("one too many: %v", err)
	}
	tip := []byte(`{"post_id":"` + somePost.String() + `","amount":5,"currency":"CNY","idempotency_key":"k"}`)
	for range ratelimit.Tips.Rate.Burst {
		if _, err := h.call(t.Context(), someUser, "tip", tip); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.call(t.Context(), someUser, "tip", tip); err == nil || err.Error() != "error 111: rate_limited" {
		t.Errorf("one tip too many: %v", err)
	}
	if _, err := h.call(t.Context(), feed.Actor{User: 7}, "like", like); err != nil {
		t.Errorf("another person: %v", err)
	}
}

type saidTokens map[string]error

func (s saidTokens) Verify(_ context.Context, token string) (auth.Claims, error) {
	return auth.Claims{UserID: someUser.User, ExpiresAt: time.Unix(2e9, 0)}, s[token]
}

func TestConnect(t *testing.T) {
	t.Parallel()
	h := &Handler{Tokens: saidTokens{
		"expired": problem.New(problem.TokenExpired, ""), "bad": problem.New(problem.InvalidToken, ""),
		"away": problem.New(problem.Unavailable, ""), "broken": errors.New("broken"),
	}}
	guest, err := h.Connect(t.Context(), nil, hub.ConnectRequest{})
	if err != nil || guest.User != "" || len(guest.Channels) != 0 || !guest.ExpiresAt.IsZero() {
		t.Errorf("guest: %+v, %v", guest, err)
	}
	user, err := h.Connect(t.Context(), nil, hub.ConnectRequest{Token: "good"})
	if err != nil || user.User != someUser.User.String() || user.Channels[0] != "user:"+user.User || user.ExpiresAt.Unix() != 2e9 || user.Session != someUser {
		t.Errorf("user: %+v, %v", user, err)
	}
	for token, want := range map[string]string{
		"expired": "error 109: token expired", "bad": "disconnect 3500: invalid token", "away": "error 1503: unavailable", "broken": "broken",
	} {
		if _, err := h.Connect(t.Context(), nil, hub.ConnectRequest{Token: token}); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", token, err, want)
		}
	}
}

func TestChannels(t *testing.T) {
	t.Parallel()
	for channel, want := range map[string]error{
		circleChannel(someCircle):       nil,
		userChannel(someUser.User):      hub.ErrPermissionDenied,
		"user:":                         hub.ErrPermissionDenied,
		"circle:":                       hub.ErrUnknownChannel,
		"circle:nowhere":                hub.ErrUnknownChannel,
		"circle:" + somePost.String():   hub.ErrUnknownChannel,
		"Circle:" + someCircle.String(): hub.ErrUnknownChannel,
		someCircle.String():             hub.ErrUnknownChannel,
		"":                              hub.ErrUnknownChannel,
		"$hub:occupancy":                hub.ErrUnknownChannel,
	} {
		circle, err := mayFollow(channel)
		if !errors.Is(err, want) || err == nil && circle != someCircle {
			t.Errorf("%q: %v, %v", channel, circle, err)
		}
	}
}
