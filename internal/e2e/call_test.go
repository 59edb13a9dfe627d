package e2e

import (
	"encoding/json"
	"testing"

	"lifecircle/internal/problem"
)

type call = map[string]any

func TestCallsOnTheSocket(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		s, d := shared.get(t), startSDK(t)
		p := s.person()
		c := s.circle(p)
		client := d.connected(opening{url: s.socketURL(), protocol: protocol, token: p.Token})
		client.subscribe(c.channel())

		var made, again post
		write := call{"circle_id": c.ID, "text": "written on a socket", "idempotency_key": "k1"}
		client.rpc("post", write, &made)
		client.rpc("post", write, &again)
		if made.ID == "" || made.ID != again.ID || made.Text != "written on a socket" {
			t.Errorf("post: %+v, again: %+v", made, again)
		}
		if e := client.awaitPost(made.Text); e.Offset == 0 {
			t.Errorf("its event: %s", e)
		}

		var liked, unliked struct {
			Liked bool
			Likes int
		}
		client.rpc("like", call{"post_id": made.ID}, &liked)
		client.rpc("like", call{"post_id": made.ID}, &liked)
		client.rpc("unlike", call{"post_id": made.ID}, &unliked)
		if !liked.Liked || liked.Likes != 1 || unliked.Liked || unliked.Likes != 0 {
			t.Errorf("liked twice: %+v, unliked: %+v", liked, unliked)
		}

		var comment struct{ ID, Text string }
		client.rpc("comment", call{"post_id": made.ID, "text": "well said"}, &comment)
		client.awaitWhere("comment.created", func(e sdkEvent) bool { return e.kind() == "comment.created" })
		var history struct {
			Publications []struct {
				Data   json.RawMessage
				Offset uint64
			}
			position
		}
		raw := client.must("history", call{"channel": c.channel(), "options": call{"limit": 100}})
		if err := json.Unmarshal(raw, &history); err != nil || history.Epoch == "" || len(history.Publications) != int(history.Offset) {
			t.Errorf("history: %s, %v", raw, err)
		}
		for i, pub := range history.Publications {
			if pub.Offset != uint64(i+1) {
				t.Errorf("history has offset %d at place %d", pub.Offset, i+1)
			}
		}
	})
}

// A refusal is 1000 and the HTTP status, with the code as message.
func TestRefusedCalls(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		s, d := shared.get(t), startSDK(t)
		p := s.person()
		c := s.circle(p)
		client := d.connected(opening{url: s.socketURL(), protocol: protocol, token: p.Token})
		guest := d.connected(opening{url: s.socketURL(), protocol: protocol})
		gone := s.post(p, c, "soon gone")
		s.do(request{method: "DELETE", path: "/v1/posts/" + gone.ID, token: p.Token}, nil)
		var first post
		client.rpc("post", call{"circle_id": c.ID, "text": "first", "idempotency_key": "k"}, &first)

		refused := func(code int, message problem.Code, method string, data call) {
			t.Helper()
			client.refused(code, string(message), "rpc", call{"method": method, "data": data})
		}
		refused(1422, problem.TextEmpty, "post", call{"circle_id": c.ID, "text": " "})
		refused(1422, problem.TextControl, "comment", call{"post_id": first.ID, "text": "\x00"})
		refused(1422, problem.IdempotencyKeyReused, "post", call{"circle_id": c.ID, "text": "second", "idempotency_key": "k"})
		refused(1400, problem.IdempotencyKeyBad, "post", call{"circle_id": c.ID, "text": "second", "idempotency_key": ""})
		refused(1404, problem.CircleNotFound, "post", call{"circle_id": p.ID, "text": "where?"})
		refused(1404, problem.PostNotFound, "like", call{"post_id": "nothing"})
		refused(1409, problem.Deleted, "like", call{"post_id": gone.ID})
		refused(1409, problem.Deleted, "comment", call{"post_id": gone.ID, "text": "late"})
		refused(1422, problem.Invalid_, "like", call{"post_id": first.ID, "twice": true})
		client.refused(1422, string(problem.Invalid_), "rpc", call{"method": "like", "data": []int{1}})
		refused(104, "", "dance", call{})
		for _, method := range []string{"post", "like", "unlike", "comment"} {
			guest.refused(101, string(problem.Unauthorized), "rpc", call{"method": method, "data": call{"circle_id": c.ID, "post_id": first.ID, "text": "x"}})
		}
		guest.refused(104, "", "rpc", call{"method": "dance", "data": call{}})
	})
}
