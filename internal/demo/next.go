package demo

import (
	"math/rand/v2"
	"time"
)

// NextPost returns something that somebody would post now, in a circle chosen
// by how busy it is. A text comes again only after hundreds of others. Any
// number of goroutines may call it, each with its own rng.
func (w World) NextPost(rng *rand.Rand, now time.Time) (circleKey, author, text string) {
	for {
		v := w.busy(rng)
		v.mu.Lock()
		u, ok := v.post(rng, now)
		v.mu.Unlock()
		if ok {
			return v.script.Key, u.author.Handle, u.text
		}
	}
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

// NextComment returns a comment that fits any post of the circle. Both are
// empty if all of them were said just now, or there is no such circle.
func (w World) NextComment(rng *rand.Rand, circleKey string) (author, text string) {
	v := w.voice(circleKey)
	if v == nil {
		return "", ""
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for fresh := remembered; fresh > 0; fresh /= 2 {
		c, ok := v.fromDeck(rng, v.comments, Person{}, v.script.Language != "en", func(member) bool { return true }, fresh)
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
