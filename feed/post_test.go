package feed_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

func TestAPostIsReadAsItWasWrittenAndToldAfterwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	circle := w.circle(author)
	made := w.post(author, circle, "早上好 <b>&\u2028\n👩‍👩‍👧 done")
	got, err := w.service().Post(t.Context(), feed.Actor{}, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Text != made.Text || !got.CreatedAt.Equal(made.CreatedAt) || got.Author != made.Author || got.Counts != made.Counts {
		t.Errorf("read %+v, wrote %+v", got.Post, made.Post)
	}
	events := w.ears.heard()
	if len(events) != 1 || events[0].Offset != 1 || events[0].Circle != circle {
		t.Fatalf("told %+v", events)
	}
	var told struct {
		Type string
		Post feed.Post
	}
	if err := json.Unmarshal(events[0].Data, &told); err != nil || told.Type != "post.created" || told.Post.Text != made.Text {
		t.Errorf("told %s: %v", events[0].Data, err)
	}
	if !strings.Contains(string(events[0].Data), "<b>&") {
		t.Error("the event spends bytes on escapes that no client needs")
	}
	if strings.Contains(string(events[0].Data), "\n") {
		t.Error("the event is more than one line")
	}
	w.holds()
}

func TestPagesShowEachPostOnceNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	circle, other := w.circle(author), w.circle(author)
	for i := range 25 {
		w.post(author, circle, fmt.Sprint("post ", i))
		w.post(author, other, fmt.Sprint("other ", i))
	}
	var texts []string
	q := feed.PageQuery{Limit: 10}
	for {
		page, err := w.service().Posts(t.Context(), author, circle, q)
		if err != nil {
			t.Fatal(err)
		}
		if page.Position.Offset != 25 || page.Position.Epoch == "" {
			t.Errorf("position %+v", page.Position)
		}
		for _, p := range page.Items {
			texts = append(texts, p.Text)
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	if len(texts) != 25 || texts[0] != "post 24" || texts[24] != "post 0" {
		t.Errorf("%d posts: %v", len(texts), texts)
	}
	for _, bad := range []string{"x", strings.Repeat("A", 27)} {
		if _, err := w.service().Posts(t.Context(), author, circle, feed.PageQuery{Cursor: bad}); !problem.Has(err, problem.BadCursor) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
}

func TestHomeMergesTheFollowedCircles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	people := w.people(2)
	a, b, c := w.circle(people[0]), w.circle(people[0]), w.circle(people[0])
	for _, circle := range []id.ID{a, b} {
		if _, err := w.service().Follow(t.Context(), people[1], circle); err != nil {
			t.Fatal(err)
		}
	}
	var followed []feed.PostView
	for i := range 9 {
		if p := w.post(people[0], []id.ID{a, b, c}[i%3], fmt.Sprint(i)); p.CircleID != c {
			followed = append(followed, p)
		}
	}
	slices.SortFunc(followed, func(x, y feed.PostView) int { // those of one millisecond are in the order of their circles
		return -cmp.Or(cmp.Compare(x.ID.Post, y.ID.Post), cmp.Compare(x.CircleID, y.CircleID))
	})
	var texts, want []string
	for _, p := range followed {
		want = append(want, p.Text)
	}
	for q := (feed.PageQuery{Limit: 4}); ; {
		page, err := w.service().Home(t.Context(), people[1], q)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Items {
			texts = append(texts, p.Text)
			if p.Circle == nil || p.Circle.ID != p.CircleID || p.Circle.Name != "Tea" {
				t.Errorf("post %s stands in %+v", p.Text, p.Circle)
			}
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	if !slices.Equal(texts, want) || len(want) != 6 {
		t.Errorf("home shows %q, want %q", texts, want)
	}
	if _, err := w.service().Unfollow(t.Context(), people[1], b); err != nil {
		t.Fatal(err)
	}
	page, err := w.service().Home(t.Context(), people[1], feed.PageQuery{})
	wantCode(t, "home without b", err, "")
	wantCode(t, "delete", w.service().DeletePost(t.Context(), people[0], page.Items[0].ID), "")
	if page, err = w.service().Home(t.Context(), people[1], feed.PageQuery{}); err != nil || len(page.Items) != 2 || page.Items[0].Text != "3" {
		t.Errorf("home shows %+v (%v), want the two that are left of a", page.Items, err)
	}
	_, err = w.service().Home(t.Context(), feed.Actor{}, feed.PageQuery{})
	wantCode(t, "a guest's home", err, problem.Unauthorized)
}

func TestAnEditedPostSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	people := w.people(2)
	circle := w.circle(people[0])
	post := w.post(people[0], circle, "before")
	if _, err := w.service().Like(t.Context(), people[1], post.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.service().Like(t.Context(), people[0], post.ID); err != nil {
		t.Fatal(err)
	}
	edited, err := w.service().UpdatePost(t.Context(), people[0], post.ID, feed.PostChange{Text: "after"})
	wantCode(t, "edit", err, "")
	if post.EditedAt != nil || edited.EditedAt == nil || edited.Text != "after" || !edited.CreatedAt.Equal(post.CreatedAt) || !edited.Liked || edited.Counts.Likes != 2 {
		t.Errorf("edited %+v", edited)
	}
	got, err := w.service().Post(t.Context(), people[0], post.ID)
	if got.Circle = nil; err != nil || mustJSON(t, got) != mustJSON(t, edited) {
		t.Errorf("read %s, answered %s (%v)", mustJSON(t, got), mustJSON(t, edited), err)
	}
	if events := w.ears.heard(); len(events) != 2 || !strings.Contains(string(events[1].Data), `"type":"post.updated"`) || !strings.Contains(string(events[1].Data), `"edited_at":"20`) {
		t.Errorf("told %+v", events)
	}
}

func TestWhoMayEditAndDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	people := w.people(5)
	owner, author, moderator, partner, stranger := people[0], people[1], people[2], people[3], people[4]
	circle := w.circle(owner)
	for who, role := range map[feed.Actor]string{moderator: policy.Moderator, partner: policy.Partner} {
		if _, err := w.service().SetMember(t.Context(), owner, circle, who.User, role); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		who          feed.Actor
		edit, remove problem.Code
	}{
		"author":    {author, "", ""},
		"owner":     {owner, problem.NotAuthor, ""},
		"moderator": {moderator, problem.NotAuthor, ""},
		"partner":   {partner, problem.NotAuthor, problem.RoleRequired},
		"stranger":  {stranger, problem.NotAuthor, problem.RoleRequired},
		"guest":     {feed.Actor{}, problem.Unauthorized, problem.Unauthorized},
	} {
		post := w.post(author, circle, "hello")
		_, err := w.service().UpdatePost(t.Context(), c.who, post.ID, feed.PostChange{Text: "changed"})
		wantCode(t, name+" edits", err, c.edit)
		comment, err := w.service().CreateComment(t.Context(), author, post.ID, feed.NewComment{Text: "hm"}, "")
		wantCode(t, "comment", err, "")
		wantCode(t, name+" removes a comment", w.service().DeleteComment(t.Context(), c.who, comment.ID), c.remove)
		wantCode(t, name+" removes", w.service().DeletePost(t.Context(), c.who, post.ID), c.remove)
		view, err := w.service().Post(t.Context(), c.who, post.ID)
		if c.remove == "" {
			wantCode(t, "read after delete", err, problem.Deleted)
			_, err = w.service().Like(t.Context(), author, post.ID)
			wantCode(t, "like after delete", err, problem.Deleted)
			if posts, comments := w.deletedBy(post.ID, comment.ID); posts != c.who.User || comments != c.who.User {
				t.Errorf("%s: the post says %s deleted it, the comment %s", name, posts, comments)
			}
			continue
		}
		if view.Can[policy.Delete].Allowed || view.Can[policy.Edit].Allowed {
			t.Errorf("%s: can says %+v", name, view.Can)
		}
	}
	w.holds()
}

// deletedBy reads who deleted a post and a comment, which scores ask about.
func (w *world) deletedBy(p id.Post, c id.Comment) (post, comment id.ID) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.t.Context(), `SELECT coalesce((SELECT deleted_by FROM posts WHERE circle_id = $1 AND id = $2), 0),
		coalesce((SELECT deleted_by FROM comments WHERE circle_id = $1 AND post_id = $2 AND id = $3), 0)`, p.Circle, p.Post, c.Comment).Scan(&post, &comment); err != nil {
		w.t.Fatal(err)
	}
	return post, comment
}

func TestARepeatedKeyAnswersAsTheFirstTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	author := w.people(1)[0]
	circle := w.circle(author)
	first, err := w.nodes[0].CreatePost(t.Context(), author, circle, feed.NewPost{Text: "once"}, "k1")
	wantCode(t, "first", err, "")
	again, err := w.nodes[1].CreatePost(t.Context(), author, circle, feed.NewPost{Text: "once"}, "k1")
	wantCode(t, "again", err, "")
	if a, b := mustJSON(t, first), mustJSON(t, again); a != b {
		t.Errorf("first %s\nagain %s", a, b)
	}
	_, err = w.nodes[0].CreatePost(t.Context(), author, circle, feed.NewPost{Text: "other"}, "k1")
	wantCode(t, "other body", err, problem.IdempotencyKeyReused)
	missing := id.New()
	_, err = w.nodes[0].CreatePost(t.Context(), author, missing, feed.NewPost{Text: "x"}, "k2")
	wantCode(t, "refused", err, problem.CircleNotFound)
	_, err = w.nodes[1].CreatePost(t.Context(), author, missing, feed.NewPost{Text: "x"}, "k2")
	wantCode(t, "refused again", err, problem.CircleNotFound)
	_, err = w.nodes[0].CreatePost(t.Context(), author, circle, feed.NewPost{Text: "x"}, strings.Repeat("k", 300))
	wantCode(t, "long key", err, problem.IdempotencyKeyBad)
	var posts int
	w.scan(`SELECT count(*) FROM posts`, &posts)
	if posts != 1 {
		t.Errorf("%d posts", posts)
	}
	w.holds()
}

func TestBadTextsAreRefusedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author := w.people(1)[0]
	circle := w.circle(author)
	for text, code := range map[string]problem.Code{
		"":                        problem.TextEmpty,
		" \n ":                    problem.TextEmpty,
		"a\x00b":                  problem.TextControl,
		"\xff":                    problem.TextControl,
		strings.Repeat("字", 5001): problem.TextTooLong,
	} {
		_, err := w.service().CreatePost(t.Context(), author, circle, feed.NewPost{Text: text}, "")
		wantCode(t, fmt.Sprintf("%.10q", text), err, code)
	}
	w.post(author, circle, strings.Repeat("👨‍👩‍👧‍👦", 5000))
	_, err := w.service().CreatePost(t.Context(), author, circle, feed.NewPost{Text: "x", Photos: []string{"p"}}, "")
	wantCode(t, "photos", err, problem.PhotoNotFound)
	var posts int
	w.scan(`SELECT count(*) FROM posts`, &posts)
	if posts != 1 {
		t.Errorf("%d posts", posts)
	}
}

func wantCode(t *testing.T, what string, err error, code problem.Code) {
	t.Helper()
	if code == "" && err != nil || code != "" && !problem.Has(err, code) {
		t.Errorf("%s: %v, want %q", what, err, code)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
