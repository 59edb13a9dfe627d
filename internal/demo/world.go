package demo

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"lifecircle/feed/policy"
)

// World is a made-up world: who lives in it and what they said and did. Its
// lists are in the order of time and refer to each other by handle, circle key
// or index. The same now and seed give the same world.
type World struct {
	People   []Person
	Circles  []Circle // parents before their sub-circles
	Posts    []Post
	Comments []Comment
	Likes    []Like
	Follows  []Follow

	voices []*voice // one for each of Circles; they speak on in the live demo
	year   int      // in which it stands
}

// Person is an account.
type Person struct {
	Handle      string
	DisplayName string
	Bio         string
	City        string
	Demo        bool // one of the logins printed for visitors
}

// Circle is a circle with the people who look after it, all of them followers.
type Circle struct {
	Key         string // its name in this world
	Name        string
	Description string
	Category    string
	Tags        []string
	Place       string
	ParentKey   string // empty: no sub-circle
	Owner       string
	Moderators  []string
	Partner     string // empty: none
	Language    string // zh, en or mixed
	Rules       map[policy.Action]string
}

// Post is a post by a follower of the circle.
type Post struct {
	Circle string
	Author string
	Text   string
	At     time.Time
	Scenes []int // what its photos show, by number
}

// Comment is a comment below Posts[Post].
type Comment struct {
	Post    int
	Author  string
	Text    string
	At      time.Time
	ReplyTo int // an earlier index in Comments, of the same post; -1: none
}

// Like is one person's like of Posts[Post]; there is one at most.
type Like struct {
	Post   int
	Author string
	At     time.Time
}

// Follow tells since when a person follows a circle: earlier than all he or
// she does in it.
type Follow struct {
	Circle string
	Person string
	At     time.Time
}

const (
	worldSpan  = 30 * 24 * time.Hour // from the first post until now
	followSpan = 90 * 24 * time.Hour // from the first follow until now
)

// NewWorld makes the world as it stands at now. Nothing in it is later.
func NewWorld(now time.Time, seed uint64) World {
	now = now.UTC().Truncate(time.Millisecond)
	rng := rand.New(rand.NewPCG(seed, 0x6c696665)) //nolint:gosec // a story needs no secrets
	people, scripts := mustLoad()
	w := World{year: now.Year()}
	for _, p := range people {
		w.People = append(w.People, p.Person)
	}
	var threads []thread
	for _, s := range scripts {
		w.Circles = append(w.Circles, s.Circle)
		v := newVoice(rng, s, people)
		w.voices = append(w.voices, v)
		started := v.threads(rng, now)
		threads = append(threads, started...)
		w.Follows = append(w.Follows, v.follows(rng, now, started)...)
	}
	slices.SortFunc(w.Follows, func(a, b Follow) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Circle, b.Circle), cmp.Compare(a.Person, b.Person))
	})
	w.fill(threads)
	w.photograph(seed)
	return w
}

const (
	photographed = 3 // one in so many posts of those who take pictures has some
	mostScenes   = 4 // in one post
)

// photograph gives photos to some posts. It leaves the rest of the story as it is.
func (w *World) photograph(seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0x70686f74)) //nolint:gosec // a story needs no secrets
	for i := range w.Posts {
		choice := scenesOf[w.Posts[i].Circle]
		if len(choice) == 0 || rng.IntN(photographed) > 0 {
			continue
		}
		for range 1 + rng.IntN(min(mostScenes, len(choice))) {
			w.Posts[i].Scenes = append(w.Posts[i].Scenes, choice[rng.IntN(len(choice))])
		}
	}
}

// fill lays the threads out in lists in the order of time.
func (w *World) fill(threads []thread) {
	slices.SortFunc(threads, func(a, b thread) int {
		return cmp.Or(a.post.At.Compare(b.post.At), cmp.Compare(a.post.Circle, b.post.Circle), cmp.Compare(a.post.Text, b.post.Text))
	})
	type origin struct{ post, turn int }
	var origins []origin
	for i, t := range threads {
		w.Posts = append(w.Posts, t.post)
		for j := range t.turns {
			origins = append(origins, origin{i, j})
		}
		for _, l := range t.likes {
			w.Likes = append(w.Likes, Like{Post: i, Author: l.author, At: l.at})
		}
	}
	turn := func(o origin) turn { return threads[o.post].turns[o.turn] }
	slices.SortFunc(origins, func(a, b origin) int { // a reply is later than what it answers
		return cmp.Or(turn(a).at.Compare(turn(b).at), cmp.Compare(a.post, b.post), cmp.Compare(a.turn, b.turn))
	})
	index := make(map[origin]int, len(origins))
	for i, o := range origins {
		index[o] = i
		t := turn(o)
		c := Comment{Post: o.post, Author: t.author, Text: t.text, At: t.at, ReplyTo: -1}
		if t.replyTo >= 0 {
			c.ReplyTo = index[origin{o.post, t.replyTo}]
		}
		w.Comments = append(w.Comments, c)
	}
	slices.SortFunc(w.Likes, func(a, b Like) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Post, b.Post), cmp.Compare(a.Author, b.Author))
	})
}
