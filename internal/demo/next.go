package demo

import (
	"math/rand/v2"
	"slices"
	"time"
)

// NextPost returns something that somebody would post now, in a circle chosen
// by how busy it is. A text comes again only after hundreds of others. Any
// number of goroutines may call it, each with its own rng.
func (w World) NextPost(rng *rand.Rand, now time.Time) (circleKey, author, text string) {
	for {
		v := w.busy(rng)
		if u, ok := v.nextPost(rng, now); ok {
			return v.script.Key, u.author.Handle, u.text
		}
	}
}

func (v *voice) nextPost(rng *rand.Rand, now time.Time) (utterance, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	u, ok := v.post(rng, now)
	if ok {
		v.keepOpen(open(rng, u))
	}
	return u, ok
}

func (w World) busy(rng *rand.Rand) *voice {
	var total float64
	for _, v := range w.voices {
		total += v.script.activity
	}
	at := rng.Float64() * total
	for _, v := range w.voices {
		if at -= v.script.activity; at < 0 {
			return v
		}
	}
	return w.voices[len(w.voices)-1]
}

// NextComment returns a comment that fits any post of the circle in its
// language. Both are empty if all of them were said just now, or there is no
// such circle.
func (w World) NextComment(rng *rand.Rand, circleKey string) (author, text string) {
	v := w.voice(circleKey)
	if v == nil {
		return "", ""
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.toStranger(rng, v.script.Language != "en")
}

// NextCommentOn returns a comment on the post with this text: one written for
// it if it is one of the newest that this World made, otherwise one that fits
// any post in its language. Both are empty if there is nothing left to say.
func (w World) NextCommentOn(rng *rand.Rand, circleKey, postText string) (author, text string) {
	v := w.voice(circleKey)
	if v == nil {
		return "", ""
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	p := v.openPost(postText)
	if p == nil {
		return v.toStranger(rng, isChinese(postText))
	}
	c, ok := v.fitted(rng, p, remembered/4)
	if !ok {
		c, ok = v.general(rng, p, remembered/4)
	}
	if !ok {
		return "", ""
	}
	return c.author.Handle, c.text
}

// openPost returns the newest post with this text, or nil.
func (v *voice) openPost(text string) *openPost {
	for _, p := range slices.Backward(v.open) {
		if p.text == text {
			return p
		}
	}
	return nil
}

// toStranger makes a comment on a post of which only the language is known.
func (v *voice) toStranger(rng *rand.Rand, chinese bool) (author, text string) {
	for fresh := remembered; fresh > 0; fresh /= 2 {
		c, ok := v.fromDeck(rng, v.comments, Person{}, chinese, func(member) bool { return true }, fresh)
		if ok {
			return c.author.Handle, c.text
		}
	}
	return "", ""
}

// NextLiker returns a follower of the circle, more often one who likes much;
// empty if there is no such circle.
func (w World) NextLiker(rng *rand.Rand, circleKey string) string {
	v := w.voice(circleKey)
	if v == nil {
		return ""
	}
	m, _ := choose(rng, v.members, func(m member) float64 { return m.like })
	return m.Handle
}

func (w World) voice(circleKey string) *voice {
	for _, v := range w.voices {
		if v.script.Key == circleKey {
			return v
		}
	}
	return nil
}
