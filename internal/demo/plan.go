package demo

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/internal/auth"
	"lifecircle/internal/id"
	"lifecircle/internal/identity"
	"lifecircle/internal/media"
)

// plan is a World with its ids, counts and logs: what seed_store.go writes, row
// by row. It is consistent before anything is written.
type plan struct {
	people   []plannedPerson
	circles  []*plannedCircle
	pictures []media.Finished // by the numbers of scenes; none: there are no photos
}

type plannedPerson struct {
	feed.Author
	bio    string
	joined time.Time
	traits identity.Traits
}

type plannedCircle struct {
	feed.Circle
	creator   id.ID
	members   []plannedMember
	followers []plannedAct
	posts     []*plannedPost
	events    []plannedEvent // the whole log, from offset 1 on
	lastID    id.ID
}

type plannedMember struct {
	user id.ID
	role string
}

// plannedAct is a like or a follow.
type plannedAct struct {
	user id.ID
	at   time.Time
}

type plannedPost struct {
	feed.Post       // with its final counts
	scenes    []int // of its photos
	likes     []plannedAct
	comments  []feed.Comment
}

type plannedEvent struct {
	at   time.Time
	data string
}

// planner turns a World into a plan.
type planner struct {
	world    World
	authors  map[string]feed.Author
	circles  map[string]*plannedCircle
	posts    []*plannedPost
	comments []*feed.Comment

	pictures  []media.Finished
	lastPhoto id.ID
}

func newPlan(w World, users map[string]auth.User, pictures []media.Finished) *plan {
	pl := &planner{world: w, pictures: pictures, authors: map[string]feed.Author{}, circles: map[string]*plannedCircle{}}
	for handle, u := range users {
		pl.authors[handle] = feed.Author{ID: u.ID, Handle: u.Handle, DisplayName: u.DisplayName}
	}
	pl.posts, pl.comments = make([]*plannedPost, len(w.Posts)), make([]*feed.Comment, len(w.Comments))
	p := &plan{people: pl.people(), pictures: pictures}
	for _, c := range w.Circles {
		p.circles = append(p.circles, pl.circle(c))
	}
	pl.talk()
	for _, l := range w.Likes {
		post := pl.posts[l.Post]
		post.likes = append(post.likes, plannedAct{pl.authors[l.Author].ID, l.At})
		post.Counts.Likes++
		post.Counts.Version++
	}
	return p
}

const beforehand = time.Hour // people sign up, and circles are founded, so long before the first follow

func (pl *planner) people() (people []plannedPerson) {
	first := map[string]time.Time{}
	for _, f := range pl.world.Follows { // in the order of time
		if _, ok := first[f.Person]; !ok {
			first[f.Person] = f.At
		}
	}
	for _, p := range pl.world.People {
		joined, ok := first[p.Handle]
		if !ok {
			joined = time.Now()
		}
		people = append(people, plannedPerson{pl.authors[p.Handle], p.Bio, joined.Add(-beforehand), pl.world.traits(p)})
	}
	return people
}

func (pl *planner) circle(c Circle) *plannedCircle {
	made := &plannedCircle{creator: pl.authors[c.Owner].ID}
	for _, f := range pl.world.Follows {
		if f.Circle == c.Key {
			made.followers = append(made.followers, plannedAct{pl.authors[f.Person].ID, f.At})
		}
	}
	founded := time.Now()
	if len(made.followers) > 0 {
		founded = made.followers[0].at
	}
	founded = founded.Add(-beforehand)
	made.Circle = feed.Circle{
		ID: pl.circleID(founded), Name: c.Name, Description: c.Description, Category: c.Category, Tags: c.Tags, Place: c.Place,
		Followers: int64(len(made.followers)), CreatedAt: founded, UpdatedAt: founded,
	}
	if len(c.Rules) > 0 {
		made.Rules, made.RulesVersion = c.Rules, 1
	}
	if made.Tags == nil {
		made.Tags = []string{}
	}
	if parent := pl.circles[c.ParentKey]; parent != nil {
		made.Parent = &parent.ID
	}
	made.members = append(made.members, plannedMember{made.creator, policy.Owner})
	for _, m := range c.Moderators {
		made.members = append(made.members, plannedMember{pl.authors[m].ID, policy.Moderator})
	}
	if c.Partner != "" {
		made.members = append(made.members, plannedMember{pl.authors[c.Partner].ID, policy.Partner})
	}
	pl.circles[c.Key] = made
	return made
}

// circleID gives an id of the time that no other circle has.
func (pl *planner) circleID(founded time.Time) id.ID {
	next := id.First(founded)
	for _, c := range pl.circles {
		next = max(next, id.Next(c.ID, founded))
	}
	return next
}

// talk goes through everything that was said in the order of time, gives it its
// id and appends it to its circle's log, as the feed would have.
func (pl *planner) talk() {
	type said struct {
		at            time.Time
		post, comment int // the other one is -1
	}
	var all []said
	for i, p := range pl.world.Posts {
		all = append(all, said{p.At, i, -1})
	}
	for i, c := range pl.world.Comments {
		all = append(all, said{c.At, -1, i})
	}
	slices.SortStableFunc(all, func(a, b said) int { // a post before its comments, a comment before its answers
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.comment, b.comment))
	})
	for _, s := range all {
		if s.post >= 0 {
			pl.post(s.post)
		} else {
			pl.comment(s.comment)
		}
	}
}

func (pl *planner) post(i int) {
	from := pl.world.Posts[i]
	c := pl.circles[from.Circle]
	c.lastID = id.Next(c.lastID, from.At)
	post := &plannedPost{Post: feed.Post{
		ID: id.Post{Circle: c.ID, Post: c.lastID}, CircleID: c.ID, Author: pl.authors[from.Author], Text: from.Text,
		Photos: []media.Photo{}, Counts: feed.Counts{Version: 1}, CreatedAt: from.At,
	}}
	if len(pl.pictures) > 0 {
		for _, s := range from.Scenes {
			pl.lastPhoto = id.Next(pl.lastPhoto, from.At)
			post.Photos, post.scenes = append(post.Photos, pl.pictures[s].Photo(pl.lastPhoto)), append(post.scenes, s)
		}
	}
	c.posts = append(c.posts, post)
	pl.posts[i] = post
	c.tell(from.At, map[string]any{"type": "post.created", "post": post.Post})
}

func (pl *planner) comment(i int) {
	from := pl.world.Comments[i]
	post := pl.posts[from.Post]
	c := pl.circles[pl.world.Posts[from.Post].Circle]
	c.lastID = id.Next(c.lastID, from.At)
	comment := feed.Comment{
		ID:     id.Comment{Circle: c.ID, Post: post.ID.Post, Comment: c.lastID},
		PostID: post.ID, CircleID: c.ID, Author: pl.authors[from.Author], Text: from.Text, CreatedAt: from.At,
	}
	if from.ReplyTo >= 0 {
		comment.ReplyTo = &pl.comments[from.ReplyTo].ID
	}
	post.comments = append(post.comments, comment)
	post.Counts.Comments++
	post.Counts.Version++
	pl.comments[i] = &comment
	c.tell(from.At, map[string]any{"type": "comment.created", "comment": comment})
}

func (c *plannedCircle) tell(at time.Time, event map[string]any) {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(event); err != nil {
		panic(err) // resources of the API always marshal
	}
	c.events = append(c.events, plannedEvent{at, string(bytes.TrimSuffix(line.Bytes(), []byte("\n")))})
}
