package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// change is one way in which what somebody can do becomes something else.
type change struct {
	name string
	news string         // its kind
	do   func(off bool) // takes the right away, or gives it back
}

const changesOfEach = 4 // off, on, off, on

// Who can do more or less than before hears of it on a socket that is open, on
// a node that did not change it, also while there is no Redis: each change once.
func TestAChangeOfRightsReachesOpenSockets(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		harm func(*redis)
		late time.Duration
	}{
		"with Redis": {func(*redis) {}, byRedis}, "without": {func(r *redis) { r.Kill() }, byLog},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startTwoNodes(t)
			p := n.a.member(call{"score": 751})
			socket := startSDK(t).connected(opening{url: n.b.socketURL(), token: p.Token})
			socket.subscribe(n.circle.channel())
			c.harm(n.redis)
			told := 0
			for _, change := range n.changes(p) {
				late := make([]time.Duration, changesOfEach)
				for i := range late {
					change.do(i%2 == 0)
					answered := time.Now()
					late[i] = max(0, socket.awaitKind(change.news).at.Sub(answered))
				}
				if m := median(t, change.name, late); m > c.late {
					t.Errorf("%s: news takes %s", change.name, m)
				}
				if change.news == canUpdated {
					told += changesOfEach
				}
			}
			n.a.rules(n.person, n.circle, call{"comment": "user.credit > 750"})
			socket.awaitKind(circleUpdated) // behind all that was told
			hints := len(socket.told(func(e sdkEvent) bool { return e.kind() == canUpdated }))
			if hints < told || hints > told+1 { // one may be about how the person was made
				t.Errorf("%d changes were told %d times:%s", told, hints, socket.story())
			}
		})
	}
}

const (
	canUpdated    = "can.updated"
	scoreUpdated  = "score.updated"
	circleUpdated = "circle.updated"
)

// changes are all that there are; off takes something from p.
func (n *twoNodes) changes(p person) []change {
	member := "/v1/circles/" + n.circle.ID + "/members/" + p.ID
	return []change{
		{"score", canUpdated, func(off bool) { n.a.rate(p.ID, map[bool]int{true: 750, false: 751}[off]) }},
		{"status", canUpdated, func(off bool) {
			n.a.studies(p, time.Now().Add(map[bool]time.Duration{true: -time.Second, false: time.Hour}[off]))
		}},
		{"role", canUpdated, func(off bool) {
			if off {
				n.a.do(request{method: "PUT", path: member, token: n.person.Token, body: call{"role": "moderator"}}, nil)
				return
			}
			n.a.do(request{method: "DELETE", path: member, token: n.person.Token}, nil)
		}},
		{"suspension", canUpdated, func(off bool) { n.suspend(p, off) }},
		{"rules", circleUpdated, func(off bool) {
			n.a.rules(n.person, n.circle, map[bool]call{true: {"comment": "user.credit > 750"}, false: {}}[off])
		}},
	}
}

// suspend does what an operator does at the database's prompt.
func (n *twoNodes) suspend(p person, off bool) {
	n.a.t.Helper()
	db, err := pgx.Connect(n.a.t.Context(), n.a.settings.databaseURL)
	if err != nil {
		n.a.t.Fatal(err)
	}
	defer func() { _ = db.Close(n.a.t.Context()) }()
	sql := `UPDATE users SET banned_at = CASE WHEN $1 THEN now() END WHERE handle = $2`
	if tag, err := db.Exec(n.a.t.Context(), sql, off, p.Handle); err != nil || tag.RowsAffected() != 1 {
		n.a.t.Fatal(tag, err)
	}
}

// awaitKind waits for the next publication of one of these kinds.
func (c *sdkClient) awaitKind(kinds ...string) sdkEvent {
	c.d.t.Helper()
	return c.awaitWhere(kinds[0], func(e sdkEvent) bool { return slices.Contains(kinds, e.kind()) })
}
