package feed_test

import (
	"testing"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// TestTheStateOfACircleIsWhatEachWouldReadAlone asks for many at once.
func TestTheStateOfACircleIsWhatEachWouldReadAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	people := w.people(5)
	owner, moderator, suspended, gone, plain := people[0], people[1], people[2], people[3], people[4]
	circle, other := w.circle(owner), w.circle(moderator)
	post := w.post(owner, circle, "hello").ID
	w.post(owner, other, "elsewhere")
	_, err := w.service().SetMember(t.Context(), owner, circle, moderator.User, policy.Moderator)
	wantCode(t, "moderator", err, "")
	_, err = w.service().Follow(t.Context(), plain, circle)
	wantCode(t, "follow", err, "")
	_, err = w.service().Like(t.Context(), plain, post)
	wantCode(t, "like", err, "")
	w.exec(`UPDATE users SET banned_at = now() WHERE id = $1`, suspended.User)
	w.exec(`DELETE FROM users WHERE id = $1`, gone.User)

	viewers := []id.ID{plain.User, plain.User} // two sockets of one person
	for _, p := range people {
		viewers = append(viewers, p.User)
	}
	state, err := w.service().CircleState(t.Context(), circle, viewers)
	wantCode(t, "state", err, "")
	for name, a := range map[string]feed.Actor{"owner": owner, "moderator": moderator, "suspended": suspended, "gone": gone, "plain": plain, "guest": {}} {
		alone, err := w.service().Circle(t.Context(), a, circle)
		wantCode(t, name, err, "")
		if got, want := mustJSON(t, policy.ForCircle(state.Viewer(a))), mustJSON(t, alone.Viewer.Can); got != want {
			t.Errorf("%s can %s, alone %s", name, got, want)
		}
		if got, want := mustJSON(t, state.Circle), mustJSON(t, alone.Circle); got != want {
			t.Errorf("%s sees %s, alone %s", name, got, want)
		}
	}
	if s := state.Viewer(moderator); s != (policy.Subject{SignedIn: true, Role: policy.Moderator}) {
		t.Errorf("the moderator is %+v", s)
	}
	if len(state.Counts) != 1 || state.Counts[0].ID != post || state.Counts[0].Likes != 1 {
		t.Errorf("counts %+v", state.Counts)
	}
	if state, err = w.service().CircleState(t.Context(), circle, nil); err != nil || state.Viewer(owner).SignedIn {
		t.Errorf("for guests only: %+v, %v", state, err)
	}
	_, err = w.service().CircleState(t.Context(), id.New(), viewers)
	wantCode(t, "no circle", err, problem.CircleNotFound)
}
