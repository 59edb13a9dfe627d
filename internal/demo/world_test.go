package demo

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"lifecircle/feed"
)

var testNow = time.Date(2026, 11, 23, 13, 20, 0, 0, time.UTC) // a Monday evening in China

// testWorld is for tests that only look at it.
var testWorld = sync.OnceValue(func() World { return NewWorld(testNow, 1) })

func people(w World) map[string]Person {
	m := make(map[string]Person)
	for _, p := range w.People {
		m[p.Handle] = p
	}
	return m
}

func TestSameSeedSameWorld(t *testing.T) {
	t.Parallel()
	a, b := NewWorld(testNow, 7), NewWorld(testNow, 7)
	if !reflect.DeepEqual(a, b) {
		t.Error("the same seed made two worlds")
	}
	if c := NewWorld(testNow, 8); reflect.DeepEqual(a.Posts, c.Posts) {
		t.Error("another seed made the same posts")
	}
}

func TestStoryHoldsTogether(t *testing.T) {
	t.Parallel()
	w := testWorld()
	known := people(w)
	follows := map[string]time.Time{}
	for _, f := range w.Follows {
		follows[f.Circle+" "+f.Person] = f.At
	}
	if len(follows) != len(w.Follows) {
		t.Error("somebody follows a circle twice")
	}
	acts := func(what, circle, handle string, at, after time.Time) {
		t.Helper()
		since, ok := follows[circle+" "+handle]
		if _, isKnown := known[handle]; !isKnown || !ok {
			t.Errorf("%s in %s by %q, who does not follow it", what, circle, handle)
		}
		if at.Before(since) || at.Before(after) || at.After(testNow) {
			t.Errorf("%s in %s by %s at %s, after %s and following since %s", what, circle, handle, at, after, since)
		}
	}
	for i, p := range w.Posts {
		if i > 0 && p.At.Before(w.Posts[i-1].At) {
			t.Fatalf("post %d is out of order", i)
		}
		acts("post", p.Circle, p.Author, p.At, testNow.Add(-worldSpan))
		mustBody(t, p.Text, feed.MaxPostGraphemes)
	}
	for i, c := range w.Comments {
		post := w.Posts[c.Post]
		after := post.At
		if c.ReplyTo >= 0 {
			if c.ReplyTo >= i || w.Comments[c.ReplyTo].Post != c.Post || w.Comments[c.ReplyTo].Author == c.Author {
				t.Errorf("comment %d answers %d", i, c.ReplyTo)
			}
			after = w.Comments[c.ReplyTo].At
		}
		if i > 0 && c.At.Before(w.Comments[i-1].At) {
			t.Fatalf("comment %d is out of order", i)
		}
		acts("comment", post.Circle, c.Author, c.At, after)
		mustBody(t, c.Text, feed.MaxCommentGraphemes)
	}
	liked := map[string]bool{}
	for i, l := range w.Likes {
		if i > 0 && l.At.Before(w.Likes[i-1].At) {
			t.Fatalf("like %d is out of order", i)
		}
		key := fmt.Sprint(l.Post, l.Author)
		if liked[key] {
			t.Errorf("%s likes post %d twice", l.Author, l.Post)
		}
		liked[key] = true
		acts("like", w.Posts[l.Post].Circle, l.Author, l.At, w.Posts[l.Post].At)
	}
}

func TestTextsRepeatRarely(t *testing.T) {
	t.Parallel()
	w := testWorld()
	seen := map[string]int{}
	recent := map[string][]string{}
	hear := func(circle, text string) {
		seen[text]++
		if slices.Contains(recent[circle], text) {
			t.Errorf("%s hears twice within 20 texts: %s", circle, text)
		}
		recent[circle] = append(recent[circle], text)
		recent[circle] = recent[circle][max(0, len(recent[circle])-20):]
	}
	for _, p := range w.Posts {
		hear(p.Circle, p.Text)
	}
	clear(recent)
	for _, c := range w.Comments {
		hear(w.Posts[c.Post].Circle, c.Text)
	}
	all := len(w.Posts) + len(w.Comments)
	twice := all - len(seen)
	if twice*20 > all {
		t.Errorf("%d of %d texts were there before", twice, all)
	}
	t.Logf("%d of %d texts were there before", twice, all)
}

func TestSomePostsAndHoursAreBusier(t *testing.T) {
	t.Parallel()
	w := testWorld()
	byPost := make([]int, len(w.Posts))
	for _, l := range w.Likes {
		byPost[l.Post]++
	}
	slices.Sort(byPost)
	top := 0
	for _, n := range byPost[len(byPost)*4/5:] {
		top += n
	}
	if top*5 < len(w.Likes)*2 {
		t.Errorf("the best fifth of the posts has %d of %d likes", top, len(w.Likes))
	}
	byHour, late, circles := [24]int{}, 0, map[string]int{}
	for _, p := range w.Posts {
		byHour[p.At.In(chinaTime).Hour()]++
		circles[p.Circle]++
		if p.At.After(testNow.Add(-worldSpan / 3)) {
			late++
		}
	}
	if evening, night := byHour[20]+byHour[21], byHour[3]+byHour[4]; evening < 5*night {
		t.Errorf("%d posts in the evening, %d at night", evening, night)
	}
	if late*5 < len(w.Posts)*2 {
		t.Errorf("%d of %d posts in the last third", late, len(w.Posts))
	}
	for _, c := range w.Circles {
		if circles[c.Key] < 60 {
			t.Errorf("%s has %d posts", c.Key, circles[c.Key])
		}
	}
	t.Logf("%d people, %d posts, %d comments, %d likes, %d follows; best post %d likes; by circle %v; by hour %v",
		len(w.People), len(w.Posts), len(w.Comments), len(w.Likes), len(w.Follows), byPost[len(byPost)-1], circles, byHour)
}

func TestLiveTextsAreFresh(t *testing.T) {
	t.Parallel()
	w := NewWorld(testNow, 1)
	known := people(w)
	rng := rand.New(rand.NewPCG(1, 2))
	recent := map[string][]string{}
	for i := range 300 {
		circle, author, post := w.NextPost(rng, testNow.Add(time.Duration(i)*20*time.Minute))
		commenter, comment := w.NextComment(rng, circle)
		if fit, _ := w.NextCommentOn(rng, circle, post); fit == author {
			t.Errorf("%s comments on the own post %q", author, post)
		}
		for _, handle := range []string{author, commenter, w.NextLiker(rng, circle)} {
			if _, ok := known[handle]; !ok {
				t.Fatalf("nobody is called %q", handle)
			}
		}
		for _, said := range []string{post, comment} {
			if slices.Contains(recent[circle], said) {
				t.Errorf("%s hears again: %s", circle, said)
			}
			recent[circle] = append(recent[circle], said)
			recent[circle] = recent[circle][max(0, len(recent[circle])-20):]
		}
	}
}

func TestLiveTextsFromManyGoroutines(t *testing.T) {
	t.Parallel()
	w := NewWorld(testNow, 1)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			for range 20 {
				circle, _, _ := w.NextPost(rng, testNow)
				w.NextComment(rng, circle)
				w.NextLiker(rng, circle)
			}
		})
	}
	wg.Wait()
}

func TestWorldIsMadeQuickly(t *testing.T) {
	best := time.Hour
	for range 2 {
		begin := time.Now()
		NewWorld(testNow, 1)
		best = min(best, time.Since(begin))
	}
	if best > 3*time.Second { // some 0.1 s; the race detector and busy machines take their time
		t.Errorf("took %s", best)
	}
	t.Log(best)
}
