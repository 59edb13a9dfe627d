package demo

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Means for a circle of activity 1; one circle's posts differ much in what
// they draw.
const (
	postsPerCircle  = 86
	commentsPerPost = 4.4
	likesPerPost    = 8.8
	mostComments    = 14
	commentMemory   = 330 // texts of a circle among which a comment comes once
	mostGeneral     = 3   // of them fit any post: more would sound hollow
)

// thread is a post with what happened to it.
type thread struct {
	post  Post
	turns []turn
	likes []liked
}

// turn is a comment of the thread; replyTo is an earlier turn or -1.
type turn struct {
	author, text string
	at           time.Time
	replyTo      int
}

type liked struct {
	author string
	at     time.Time
}

// threads makes the circle's life until now. It begins with the newest posts,
// so that they have the first choice of what can be said.
func (v *voice) threads(rng *rand.Rand, now time.Time) []thread {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []thread
	for _, at := range slices.Backward(newCalendar(now).pick(rng, int(postsPerCircle*v.script.activity))) {
		u, ok := v.post(rng, at)
		if !ok {
			continue
		}
		t := thread{post: Post{Circle: v.script.Key, Author: u.author.Handle, Text: u.text, At: at}}
		appeal := math.Exp(rng.NormFloat64()*0.85 - 0.36) // 1 in the mean
		p := open(rng, u)
		v.talk(rng, now, &t, p, min(around(rng, commentsPerPost*appeal), mostComments))
		v.applaud(rng, now, &t, around(rng, likesPerPost*appeal*float64(len(v.members))/40))
		all = append(all, t)
		if len(v.open) < openPosts {
			v.open = append(v.open, p)
		}
	}
	slices.Reverse(v.open)
	return all
}

// around returns a whole number near the mean.
func around(rng *rand.Rand, mean float64) int {
	return int(max(0, mean+rng.NormFloat64()*math.Sqrt(mean)*0.6+0.5))
}

// talk adds up to n comments: those written for this post first, then those
// that fit any.
func (v *voice) talk(rng *rand.Rand, now time.Time, t *thread, p *openPost, n int) {
	at := t.post.At
	for len(t.turns) < n {
		c, ok := v.fitted(rng, p, commentMemory)
		if !ok {
			break
		}
		at = v.say(rng, now, t, c, at)
	}
	for range min(n-len(t.turns), mostGeneral) {
		c, ok := v.general(rng, p, commentMemory)
		if !ok {
			return
		}
		at = v.say(rng, now, t, c, at)
	}
}

const (
	commentDelay = 70 * time.Minute
	replyDelay   = 25 * time.Minute
)

// say adds a comment after the one at time after, and the answers to it, as
// far as they happened before now. It returns when the comment came.
func (v *voice) say(rng *rand.Rand, now time.Time, t *thread, c utterance, after time.Time) time.Time {
	at := later(rng, after, commentDelay)
	if at.After(now) {
		return at
	}
	t.turns = append(t.turns, turn{author: c.author.Handle, text: c.text, at: at, replyTo: -1})
	op := c.scene.author
	answers := c.line.turns
	replyAt, to := at, len(t.turns)-1
	for _, a := range answers {
		speaker := op
		if a.depth%2 == 1 {
			speaker = c.author.Person
		}
		text, ok := c.scene.answer(rng, c.context, a, speaker)
		if !ok || v.said.heard(text, commentMemory) {
			return at
		}
		if replyAt = later(rng, replyAt, replyDelay); replyAt.After(now) {
			return at
		}
		v.said.keep(text)
		t.turns = append(t.turns, turn{author: speaker.Handle, text: text, at: replyAt, replyTo: to})
		to = len(t.turns) - 1
	}
	if len(answers) == 0 && rng.IntN(4) == 0 {
		v.answer(rng, now, t, c, op)
	}
	return at
}

// answer lets the post's author say something to the last turn.
func (v *voice) answer(rng *rand.Rand, now time.Time, t *thread, c utterance, op Person) {
	chinese := isChinese(c.text)
	to := len(t.turns) - 1
	at := later(rng, t.turns[to].at, replyDelay)
	if at.After(now) {
		return
	}
	r, ok := v.fromDeck(rng, v.replies, op, chinese, func(m member) bool { return m.Handle == op.Handle }, commentMemory)
	if ok {
		t.turns = append(t.turns, turn{author: r.author.Handle, text: r.text, at: at, replyTo: to})
	}
}

const likeDelay = 100 * time.Minute

// applaud adds up to n likes of different people, none of them the author.
func (v *voice) applaud(rng *rand.Rand, now time.Time, t *thread, n int) {
	left := slices.DeleteFunc(slices.Clone(v.members), func(m member) bool { return m.Handle == t.post.Author })
	for range min(n, len(left)) {
		m, _ := choose(rng, left, func(m member) float64 { return m.like })
		left = slices.DeleteFunc(left, func(l member) bool { return l.Handle == m.Handle })
		if at := later(rng, t.post.At, likeDelay); !at.After(now) {
			t.likes = append(t.likes, liked{author: m.Handle, at: at})
		}
	}
}
