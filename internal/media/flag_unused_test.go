package media_test

import (
	"testing"

	"lifecircle/internal/media"
	"lifecircle/internal/problem"
)

func TestWhoIsSuspendedFlagsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, media.Options{}).run()
	user := w.person()
	p := w.photo(user, picture(64, 48, 1, false))
	w.exec(`UPDATE users SET banned_at = now()`)
	yes := true
	_, err := w.node().FlagUnused(t.Context(), user, p.ID, media.Change{Sensitive: &yes})
	wantCode(t, "suspended", err, problem.Banned)
	if n := w.count(`photos WHERE sensitive`); n != 0 {
		t.Error("it was flagged all the same")
	}
}
