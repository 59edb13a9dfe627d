package feed_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/internal/id"
	"lifecircle/internal/media"
	"lifecircle/internal/problem"
)

// photos gives a person photos, as if he had uploaded them.
func (w *world) photos(of feed.Actor, n int) []string {
	w.t.Helper()
	names := make([]string, n)
	for i := range names {
		photo := id.New()
		names[i] = photo.String()
		for _, sql := range []string{
			`INSERT INTO photos (id, owner_id, width, height, blurhash) VALUES ($1, $2, 4, 3, 'L6')`,
			`INSERT INTO photo_sizes (photo_id, size, key, width, height, bytes)
				SELECT $1, size, 'ab/' || size || $2::bigint || '.jpg', 4, 3, 5 FROM unnest('{phone,full}'::text[]) size`,
		} {
			if _, err := w.pool.Exec(w.t.Context(), sql, photo, of.User); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	return names
}

func shownIDs(p feed.Post) []string {
	ids := []string{}
	for _, ph := range p.Photos {
		ids = append(ids, ph.ID.String())
	}
	return ids
}

// lastEvent is the newest event that was told, with its post.
func (w *world) lastEvent() (kind string, p feed.Post) {
	w.t.Helper()
	var e struct {
		Type string
		Post feed.Post
	}
	heard := w.ears.heard()
	if err := json.Unmarshal(heard[len(heard)-1].Data, &e); err != nil {
		w.t.Fatal(err)
	}
	return e.Type, e.Post
}

func TestAPostShowsItsPhotosWhereverItIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	author := w.people(1)[0]
	circle := w.circle(author)
	w.post(author, circle, "older, without any")
	s, photos := w.service(), w.photos(author, 3)
	if _, err := s.Posts(t.Context(), author, circle, feed.PageQuery{}); err != nil { // fills the window
		t.Fatal(err)
	}
	p, err := s.CreatePost(t.Context(), author, circle, feed.NewPost{Photos: photos}, "key")
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.CreatePost(t.Context(), author, circle, feed.NewPost{Photos: photos}, "key")
	if err != nil || again.ID != p.ID || !slices.Equal(shownIDs(again.Post), photos) {
		t.Errorf("again: %v, %v", again, err)
	}
	want := mustJSON(t, p.Photos)
	if !slices.Equal(shownIDs(p.Post), photos) || p.Photos[0].URLs.Screen != p.Photos[0].URLs.Full || p.Photos[0].URLs.Phone == p.Photos[0].URLs.Full {
		t.Fatalf("photos %s", want)
	}
	edited, err := s.UpdatePost(t.Context(), author, p.ID, feed.PostChange{Text: ""})
	if err != nil {
		t.Fatal(err)
	}
	_, event := w.lastEvent()
	for name, shown := range map[string]feed.Post{"edited": edited.Post, "event": event} {
		if mustJSON(t, shown.Photos) != want {
			t.Errorf("%s: %s, want %s", name, mustJSON(t, shown.Photos), want)
		}
	}
	for i, node := range w.nodes { // the window of the first one was moved, the other reads
		page, err := node.Posts(t.Context(), author, circle, feed.PageQuery{})
		if err != nil || len(page.Items) != 2 || mustJSON(t, page.Items[0].Photos) != want || mustJSON(t, page.Items[1].Photos) != "[]" {
			t.Errorf("node %d: %s, %v", i, mustJSON(t, page.Items), err)
		}
		one, err := node.Post(t.Context(), author, p.ID)
		if err != nil || mustJSON(t, one.Photos) != want {
			t.Errorf("node %d: %s, %v", i, mustJSON(t, one.Photos), err)
		}
	}
	w.photosHold()
}

func TestPhotosThatAPostCannotTake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	people := w.people(2)
	circle := w.circle(people[0])
	mine, foreign := w.photos(people[0], 10), w.photos(people[1], 1)
	used := mine[9]
	if _, err := w.service().CreatePost(t.Context(), people[0], circle, feed.NewPost{Photos: []string{used}}, ""); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		photos []string
		code   problem.Code
	}{
		"too many":      {mine, problem.PhotosTooMany},
		"twice":         {[]string{mine[0], mine[1], mine[0]}, problem.PhotoRepeated},
		"somebody's":    {[]string{mine[0], foreign[0]}, problem.PhotoNotFound},
		"nobody's":      {[]string{mine[0], "0000000000002"}, problem.PhotoNotFound},
		"no id":         {[]string{"\x00'"}, problem.PhotoNotFound},
		"used":          {[]string{mine[0], used}, problem.PhotoInUse},
		"none, no text": {nil, problem.TextEmpty},
	} {
		_, err := w.service().CreatePost(t.Context(), people[0], circle, feed.NewPost{Photos: tt.photos}, "")
		wantCode(t, name, err, tt.code)
	}
	p := w.post(people[0], circle, "plain")
	_, err := w.service().UpdatePost(t.Context(), people[0], p.ID, feed.PostChange{Text: " "})
	wantCode(t, "a plain post loses its text", err, problem.TextEmpty)
	var free int
	w.scan(`SELECT count(*) FROM photos WHERE post_id IS NULL`, &free)
	if free != 10 {
		t.Errorf("%d photos are free, want 10", free)
	}
	w.photosHold()
}

// Many posts of all nodes want the same photo, in the same batch and not.
func TestOnePostTakesAPhoto(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	author := w.people(1)[0]
	circles := []id.ID{w.circle(author), w.circle(author)}
	photos := w.photos(author, 8)
	for _, photo := range photos {
		var (
			wg  sync.WaitGroup
			mu  sync.Mutex
			got int
		)
		for i := range 12 {
			wg.Go(func() {
				_, err := w.nodes[i%2].CreatePost(t.Context(), author, circles[i/2%2], feed.NewPost{Photos: []string{photo}}, "")
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					got++
				} else {
					wantCode(t, "a late post", err, problem.PhotoInUse)
				}
			})
		}
		wg.Wait()
		if got != 1 {
			t.Errorf("%d posts have taken %s", got, photo)
		}
	}
	w.holds()
	w.photosHold()
}

func TestADeletedPostLetsItsPhotosGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	circle := w.circle(author)
	p, err := w.service().CreatePost(t.Context(), author, circle, feed.NewPost{Photos: w.photos(author, 2)}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.service().DeletePost(t.Context(), author, p.ID); err != nil {
		t.Fatal(err)
	}
	var gone, shown int
	w.scan(`SELECT count(*) FROM photos WHERE gone_at IS NOT NULL`, &gone)
	w.scan(`SELECT count(*) FROM posts WHERE photos IS NOT NULL`, &shown)
	if gone != 2 || shown != 0 {
		t.Errorf("%d photos are gone, %d posts show some", gone, shown)
	}
}

// flagging is a world with a post of two photos in a circle that others own.
type flagging struct {
	*world
	author, owner, reader, reviewer feed.Actor
	post                            feed.PostView
}

func newFlagging(t *testing.T) *flagging {
	var pools *world
	w := newWorldWith(t, 1, feed.Options{Photos: lazyPhotos{&pools}})
	pools = w
	people := w.people(4)
	f := &flagging{world: w, author: people[0], owner: people[1], reader: people[2], reviewer: people[3]}
	if _, err := w.pool.Exec(t.Context(), `INSERT INTO staff (user_id) VALUES ($1)`, f.reviewer.User); err != nil {
		t.Fatal(err)
	}
	var err error
	f.post, err = w.service().CreatePost(t.Context(), f.author, w.circle(f.owner), feed.NewPost{Photos: w.photos(f.author, 2)}, "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// lazyPhotos is media on the pool of a world that is being made.
type lazyPhotos struct{ w **world }

func (l lazyPhotos) media() *media.Service { return media.New((*l.w).pool, media.Options{}) }

func (l lazyPhotos) Whereabouts(ctx context.Context, photo id.ID) (owner id.ID, post id.Post, err error) {
	return l.media().Whereabouts(ctx, photo)
}

func (l lazyPhotos) FlagUnused(ctx context.Context, user, photo id.ID, c media.Change) (media.Photo, error) {
	return l.media().FlagUnused(ctx, user, photo, c)
}

// flag changes the first photo, and holds what follows to what must be true.
func (f *flagging) flag(by feed.Actor, c media.Change) (media.Photo, error) {
	f.t.Helper()
	before := len(f.ears.heard())
	got, err := f.service().FlagPhoto(f.t.Context(), by, f.post.Photos[0].ID, c)
	if err == nil && len(f.ears.heard()) > before {
		kind, p := f.lastEvent()
		if kind != "post.updated" || p.Photos[0] != got || p.EditedAt != nil {
			f.t.Errorf("the event %s shows %s, edited %v; want %v", kind, mustJSON(f.t, p.Photos), p.EditedAt, got)
		}
	}
	f.photosHold()
	return got, err
}

// tips tells what stands between the reader and a tip: "" for nothing. Both
// the page and the tip itself must say so.
func (f *flagging) tips() problem.Code {
	f.t.Helper()
	p, err := f.service().Post(f.t.Context(), f.reader, f.post.ID)
	if err != nil {
		f.t.Fatal(err)
	}
	var q pgx.Batch
	q.Queue("BEGIN")
	t := f.service().BeginTips(&q, []id.Post{f.post.ID}, []id.ID{f.reader.User})
	t.Lock(&q, []id.Post{f.post.ID})
	q.Queue("ROLLBACK")
	conn, err := f.pool.Acquire(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	defer conn.Release()
	if err := conn.SendBatch(f.t.Context(), &q).Close(); err != nil {
		f.t.Fatal(err)
	}
	err = t.MayTip(f.reader.User, f.post.ID)
	can := p.Can[policy.Tip]
	if can.Allowed != (err == nil) || err != nil && !problem.Has(err, can.Code) {
		f.t.Errorf("can.tip is %v, a tip is answered %v", can, err)
	}
	return can.Code
}

func TestAFlaggedPhotoEarnsNothingUntilItIsReviewed(t *testing.T) {
	t.Parallel()
	f := newFlagging(t)
	yes, no, passed := true, false, media.Passed
	if code := f.tips(); code != "" {
		t.Fatalf("before: %s", code)
	}
	steps := []struct {
		name      string
		by        feed.Actor
		change    media.Change
		code      problem.Code
		sensitive bool
		review    media.Review
	}{
		{"a reader flags", f.reader, media.Change{Sensitive: &yes}, problem.RoleRequired, false, media.Unasked},
		{"its author flags", f.author, media.Change{Sensitive: &yes}, "", true, media.Pending},
		{"its author passes it", f.author, media.Change{Review: &passed}, problem.RoleRequired, true, media.Pending},
		{"its author thinks again", f.author, media.Change{Sensitive: &no}, "", false, media.Unasked},
		{"its author flags again", f.author, media.Change{Sensitive: &yes}, "", true, media.Pending},
		{"an owner agrees", f.owner, media.Change{Sensitive: &yes}, "", true, media.Pending},
		{"its author thinks again, too late", f.author, media.Change{Sensitive: &no}, problem.RoleRequired, true, media.Pending},
		{"an owner thinks again", f.owner, media.Change{Sensitive: &no}, problem.RoleRequired, true, media.Pending},
		{"an owner passes it", f.owner, media.Change{Review: &passed}, problem.RoleRequired, true, media.Pending},
		{"a reviewer passes it", f.reviewer, media.Change{Review: &passed}, "", true, media.Passed},
		{"an owner flags what is flagged", f.owner, media.Change{Sensitive: &yes}, "", true, media.Passed},
		{"a reviewer clears it", f.reviewer, media.Change{Sensitive: &no}, "", false, media.Passed},
		{"an owner flags what was cleared", f.owner, media.Change{Sensitive: &yes}, problem.PhotoReviewed, false, media.Passed},
		{"a reviewer flags it", f.reviewer, media.Change{Sensitive: &yes}, "", true, media.Pending},
		{"a reviewer flags and passes it", f.reviewer, media.Change{Sensitive: &yes, Review: &passed}, "", true, media.Passed},
	}
	for _, s := range steps {
		got, err := f.flag(s.by, s.change)
		wantCode(t, s.name, err, s.code)
		if err == nil && (got.Sensitive != s.sensitive || got.Review != s.review) {
			t.Errorf("%s: %+v", s.name, got)
		}
		want := problem.Code("")
		if s.review == media.Pending {
			want = problem.PhotoUnreviewed
		}
		if code := f.tips(); code != want {
			t.Errorf("%s: a tip is answered %q, want %q", s.name, code, want)
		}
	}
	if _, err := f.service().FlagPhoto(t.Context(), f.author, id.New(), media.Change{Sensitive: &yes}); !problem.Has(err, problem.NotFound) {
		t.Errorf("no photo: %v", err)
	}
	if _, err := f.service().FlagPhoto(t.Context(), feed.Actor{}, f.post.Photos[0].ID, media.Change{Sensitive: &yes}); !problem.Has(err, problem.Unauthorized) {
		t.Errorf("a guest: %v", err)
	}
}

// photosHold checks that what posts show is what the rows of photos say.
func (w *world) photosHold() {
	w.t.Helper()
	for name, sql := range map[string]string{
		"photos that their post does not show": `SELECT count(*) FROM photos p JOIN posts o ON o.circle_id = p.circle_id AND o.id = p.post_id
			WHERE o.deleted_at IS NULL AND NOT coalesce(EXISTS (SELECT FROM jsonb_to_recordset(o.photos) AS s (blurhash text, width int, sensitive boolean, review text, urls jsonb)
				WHERE s.sensitive = p.sensitive AND s.review = p.review AND s.urls->>'full' = '/media/' || (SELECT key FROM photo_sizes z WHERE z.photo_id = p.id AND z.size = 'full')), false)`,
		"posts that show others": `SELECT count(*) FROM posts o WHERE coalesce(jsonb_array_length(o.photos), 0) <>
			(SELECT count(*) FROM photos p WHERE p.circle_id = o.circle_id AND p.post_id = o.id AND p.gone_at IS NULL)`,
	} {
		var wrong int
		w.scan(sql, &wrong)
		if wrong != 0 {
			w.t.Errorf("%s: %d", name, wrong)
		}
	}
}
