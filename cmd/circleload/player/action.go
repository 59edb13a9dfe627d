package player

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// errand is one action at its time, for either road.
type errand struct {
	name    string // as recorded, and the RPC's method: like and unlike apart
	planned time.Time
	actor   uint64 // whose turn it is

	on, id     string         // "circle_id" or "post_id": in the path of HTTP, in the data of an RPC
	verb, path string         // of HTTP; %s is the id
	body       map[string]any // nil: none
	size       int            // bytes of the text in it, about
	key        string         // Idempotency-Key
}

// errand makes the k-th of an action.
func (t *troupe) errand(a Action, k uint64, at time.Time) errand {
	e := errand{name: string(a.Kind), planned: at, size: a.Bytes, actor: t.turn.Add(1) - 1, on: "post_id", verb: http.MethodPost}
	text := func() string { return string(appendMarker(make([]byte, 0, a.Bytes), at, k, a.Bytes)) }
	switch a.Kind {
	case Post:
		e.on, e.id = "circle_id", pick(a.Circles, k)
		e.path, e.body = "/v1/circles/%s/posts", map[string]any{"text": text()}
	case Comment:
		e.id = pick(a.Posts, k)
		e.path, e.body = "/v1/posts/%s/comments", map[string]any{"text": text()}
	case Tip:
		e.id, e.key = pick(a.Posts, k), t.runID+"-"+strconv.FormatUint(t.keys.Add(1), 10)
		e.path = "/v1/posts/%s/tips"
		e.body = map[string]any{"amount": a.amount(), "currency": "CNY", "message": text()}
	case Like:
		e.like(a, k, t.people())
	case Publish: // has no errand: see publish
	}
	return e
}

const defaultTip = 100 // fen

func (a Action) amount() int64 {
	if a.Amount <= 0 {
		return defaultTip
	}
	return a.Amount
}

func pick(from []string, k uint64) string { return from[k%uint64(len(from))] }

// like is a like in the first round of all actors over all posts, then an unlike, and so on.
func (e *errand) like(a Action, k, actors uint64) {
	posts := uint64(len(a.Posts))
	e.path, e.id = "/v1/posts/%s/like", a.Posts[k/actors%posts]
	e.actor = k % actors
	if k/actors/posts%2 == 0 {
		e.name, e.verb = "like", http.MethodPut
	} else {
		e.name, e.verb = "unlike", http.MethodDelete
	}
}

// rpc is the data of the RPC. It is made for each command, at rates at which
// reflection would take a tenth of the load tester's time.
func (e *errand) rpc() []byte {
	const members = 128 // bytes, about, that are not the text
	dst := append(make([]byte, 0, e.size+members), '{')
	dst = appendMember(dst, e.on, e.id)
	for name, v := range e.body {
		switch v := v.(type) {
		case string:
			dst = appendMember(append(dst, ','), name, v)
		default:
			dst = append(append(appendString(append(dst, ','), name), ':'), encode(v)...)
		}
	}
	if e.key != "" {
		dst = appendMember(append(dst, ','), "idempotency_key", e.key)
	}
	return append(dst, '}')
}

func appendMember(dst []byte, name, value string) []byte {
	return appendString(append(appendString(dst, name), ':'), value)
}

func appendString(dst []byte, s string) []byte {
	dst, err := jsontext.AppendQuote(dst, s)
	if err != nil {
		panic(fmt.Sprintf("encode: %v", err)) // the strings are ours, and in UTF-8
	}
	return dst
}

// encode marshals strings and numbers.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode: %v", err)) // cannot fail
	}
	return b
}

// check says what an action lacks.
func (a Action) check(actors Actors) error {
	var missing string
	switch {
	case a.Rate <= 0:
		missing = "a rate"
	case a.Kind == Post && len(a.Circles) == 0:
		missing = "circles"
	case (a.Kind == Like || a.Kind == Comment || a.Kind == Tip) && len(a.Posts) == 0:
		missing = "posts"
	case a.Kind == Publish && (len(a.Channels) == 0 || a.Template.URL == ""):
		missing = "channels and a URL"
	case a.Kind != Publish && a.Over == HTTP && actors.API == "":
		missing = "the address of the API"
	default:
		return nil
	}
	return fmt.Errorf("the action %q needs %s", a.Kind, missing)
}
