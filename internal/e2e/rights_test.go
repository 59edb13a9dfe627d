package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/problem"
)

// ground is a circle with rules, and somebody with money and a socket who has
// written into it before they held.
type ground struct {
	*server
	circle  circle
	post    post   // of the circle's owner
	comment string // to reply to
	own     post   // of the person
	person  person
	socket  *sdkClient
}

func newGround(t *testing.T, protocol string, rules call) *ground {
	t.Helper()
	g := &ground{server: shared.get(t)}
	owner := g.server.person()
	g.person = g.member(call{"score": 400, "balance": 1_000_000})
	g.circle = g.server.circle(owner)
	g.post, g.own = g.server.post(owner, g.circle, "for those who may"), g.server.post(g.person, g.circle, "before the rules")
	var comment struct{ ID string }
	g.do(request{method: "POST", path: "/v1/posts/" + g.post.ID + "/comments", token: owner.Token, body: call{"text": "first"}}, &comment)
	g.comment = comment.ID
	g.rules(owner, g.circle, rules)
	g.socket = startSDK(t).connected(opening{url: g.socketURL(), protocol: protocol, token: g.person.Token})
	return g
}

// member makes a person of whom so much is known.
func (s *server) member(of call) person {
	s.t.Helper()
	body := call{"prefix": "e2e"}
	maps.Copy(body, of)
	var made struct{ Items []person }
	s.do(request{method: "POST", path: "/v1/dev/users", body: body}, &made)
	return made.Items[0]
}

// rules gives a circle rules.
func (s *server) rules(owner person, c circle, rules call) {
	s.t.Helper()
	s.do(request{method: "POST", path: "/v1/circles/" + c.ID + "/rules", token: owner.Token, body: call{"rules": rules}}, nil)
}

// studies says until when somebody is a student.
func (s *server) studies(p person, until time.Time) {
	s.t.Helper()
	student := call{"of": "Tsinghua University", "expires_at": until.UTC().Format(time.RFC3339Nano)}
	s.do(request{method: "PUT", path: "/v1/dev/users/" + p.ID, body: call{"attributes": call{"student": student}}}, nil)
}

// clock is the database's.
func (s *server) clock() (now time.Time) {
	s.t.Helper()
	s.query(func(ctx context.Context, db *pgx.Conn) error {
		return db.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now)
	})
	return now
}

// refusedBy is what a door said: "" if it was open, else status and code.
type refusedBy string

const notAllowed = refusedBy("403 " + string(problem.NotAllowed))

// doors are all ways to act that the rules of the circle speak of.
func (g *ground) doors() map[string]func() refusedBy {
	comment := "/v1/posts/" + g.post.ID + "/comments"
	say, reply := call{"text": "x"}, call{"text": "x", "reply_to": g.comment}
	tip := call{"amount": 101, "currency": "CNY"}
	onPost := func(body call) call {
		out := call{"post_id": g.post.ID}
		maps.Copy(out, body)
		return out
	}
	return map[string]func() refusedBy{
		"post":    g.byHTTP("POST", "/v1/circles/"+g.circle.ID+"/posts", say),
		"edit":    g.byHTTP("PATCH", "/v1/posts/"+g.own.ID, call{"text": "y"}),
		"comment": g.byHTTP("POST", comment, say),
		"reply":   g.byHTTP("POST", comment, reply),
		"like":    g.byHTTP("PUT", "/v1/posts/"+g.post.ID+"/like", nil),
		"tip":     g.byHTTP("POST", "/v1/posts/"+g.post.ID+"/tips", tip),

		"post by RPC":    g.byRPC("post", call{"circle_id": g.circle.ID, "text": "x"}),
		"comment by RPC": g.byRPC("comment", onPost(say)),
		"reply by RPC":   g.byRPC("comment", onPost(reply)),
		"like by RPC":    g.byRPC("like", onPost(nil)),
		"tip by RPC":     g.byRPC("tip", onPost(tip)),
	}
}

// byHTTP is a door; a key for each try, so that none is an answer of before.
func (g *ground) byHTTP(method, path string, body call) func() refusedBy {
	return func() refusedBy {
		g.t.Helper()
		r := request{method: method, path: path, token: g.person.Token}
		if body != nil {
			r.body = body
		}
		if method == http.MethodPost {
			r.key = g.newKey()
		}
		a, err := g.send(g.t.Context(), r)
		switch {
		case err != nil:
			g.t.Fatal(err)
		case a.status < 300:
			return ""
		case a.status == http.StatusForbidden && !a.explains():
			g.t.Errorf("%s %s does not say what is missing: %s", method, path, a.body)
		}
		return refusedBy(fmt.Sprint(a.status, " ", a.refusal()))
	}
}

// byRPC is a door on the socket, which adds 1000 to the status.
func (g *ground) byRPC(method string, data call) func() refusedBy {
	return func() refusedBy {
		g.t.Helper()
		body := maps.Clone(data)
		body["idempotency_key"] = g.newKey()
		_, err := g.socket.d.tell(g.socket.name, "rpc", call{"method": method, "data": body})
		var no *nodeError
		switch {
		case err == nil:
			return ""
		case !errors.As(err, &no):
			g.t.Fatal(err)
		case no.Code < 1000:
			g.t.Errorf("%s: error %d %s", method, no.Code, no.Message)
		}
		return refusedBy(fmt.Sprint(no.Code-1000, " ", no.Message))
	}
}

func (g *ground) newKey() string { return fmt.Sprintf("%s-%d", g.person.ID, time.Now().UnixNano()) }

// try goes through all doors, and compares what they say. Where all refuse,
// nothing may have changed.
func (g *ground) try(about string, want func(door string) refusedBy) {
	g.t.Helper()
	all, open := g.doors(), 0
	before := g.state()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		wanted := want(name)
		if wanted == "" {
			open++
		}
		if said := all[name](); said != wanted {
			g.t.Errorf("%s, %s: it says %q, want %q", about, name, said, wanted)
		}
	}
	if after := g.state(); open == 0 && after != before {
		g.t.Errorf("%s: all was refused, and changed\n%s to\n%s", about, before, after)
	}
}

// state is all that acts in the circle would change.
func (g *ground) state() string {
	g.t.Helper()
	var wallet struct{ Balance struct{ Amount int64 } }
	g.do(request{method: "GET", path: "/v1/wallet", token: g.person.Token}, &wallet)
	a, err := g.send(g.t.Context(), request{method: "GET", path: "/v1/circles/" + g.circle.ID + "/posts?limit=100"})
	if err != nil {
		g.t.Fatal(err)
	}
	return fmt.Sprintf("%d fen, %s", wallet.Balance.Amount, a.body)
}

// explains tells whether a problem says which clause asks for what.
func (a answer) explains() bool {
	var p struct {
		Detail string
		Rule   []struct{ Clause, How string }
	}
	return json.Unmarshal(a.body, &p) == nil && p.Detail != "" && len(p.Rule) > 0 && p.Rule[0].Clause != "" && p.Rule[0].How != ""
}

func always(r refusedBy) func(string) refusedBy { return func(string) refusedBy { return r } }

// 750 is refused and 751 accepted through every door, for one who may not post
// otherwise; one who may post needs no score.
func TestAScoreAtEveryDoor(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		const score = "user.credit > 750"
		g := newGround(t, protocol, call{
			"post": score + " || user.student", "comment": score + " || can.post", "like": score + " || can.post", "tip": score + " || can.post",
		})
		g.rate(g.person.ID, 750)
		g.try("at 750", always(notAllowed))
		g.rate(g.person.ID, 751)
		g.try("at 751", always(""))
		g.rate(g.person.ID, 750)
		g.try("at 750 again", always(notAllowed))
		g.studies(g.person, time.Now().Add(time.Hour))
		g.try("at 750 as a student", always(""))
		// What was said is said: there is no door to change a comment by.
		if a, err := g.send(t.Context(), request{method: "PATCH", path: "/v1/comments/" + g.comment, token: g.person.Token, body: call{"text": "y"}}); err != nil || a.status != http.StatusMethodNotAllowed {
			t.Errorf("a comment can be changed: %d %s, %v", a.status, a.body, err)
		}
	})
}

// A right that came from being a student ends with that, also the right to
// change what one has written.
func TestAStatusThatEndedASecondAgo(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		g := newGround(t, protocol, call{"post": "user.student", "comment": "can.post", "like": "can.post", "tip": "can.post"})
		g.studies(g.person, time.Now().Add(time.Hour))
		g.try("a student", always(""))
		g.studies(g.person, g.clock().Add(-time.Second))
		g.try("one whose status ended a second ago", always(notAllowed))
	})
}

// A status ends by the database's clock while nobody does anything: the socket
// hears of it, and every door is closed.
func TestAStatusEndsByItself(t *testing.T) {
	t.Parallel()
	g := newGround(t, jsonProtocol, call{"post": "user.student", "comment": "can.post", "like": "can.post", "tip": "can.post"})
	const lasts = 5 * time.Second // enough for all doors on a loaded machine
	end := g.clock().Add(lasts)
	g.studies(g.person, end)
	told := g.socket.awaitWhere("can.updated after the end", func(e sdkEvent) bool {
		return e.kind() == canUpdated && e.at.After(end)
	})
	t.Logf("told %s after the end", told.at.Sub(end))
	g.try("after the end", always(notAllowed))
}
