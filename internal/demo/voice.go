package demo

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// voice speaks for the people of one circle.
type voice struct {
	script  *script
	members []member

	mu       sync.Mutex // guards what follows
	posts    *deck
	comments *deck
	replies  *deck
	said     memory
	open     []*openPost // at most openPosts, the newest last
	last     string      // handle of the last post's author, who lets others speak first
}

func newVoice(rng *rand.Rand, s *script, people []citizen) *voice {
	return &voice{
		script: s, members: newMembers(rng, s.Circle, people),
		posts: newDeck(rng, s.posts), comments: newDeck(rng, s.comments), replies: newDeck(rng, s.replies),
		said: memory{times: make(map[string]int)},
	}
}

const tries = 12 // to find a text that was not heard of late, before standards fall

// utterance is something said, with its scene and what may follow.
type utterance struct {
	line   line
	scene  *scene
	author member
	text   string

	context exchange // what answers to it refer to, if it is a comment
}

// post makes a post that suits the hour. It returns false if nobody has
// anything to say at that hour. The caller holds v.mu.
func (v *voice) post(rng *rand.Rand, at time.Time) (utterance, bool) {
	at = at.In(chinaTime)
	fits := func(l line) bool {
		return !slices.ContainsFunc(l.when, func(w string) bool { return !moments[w](at) })
	}
	for fresh := remembered; fresh > 0; fresh /= 2 {
		for range tries {
			l, ok := v.posts.deal(rng, fits)
			if !ok {
				return utterance{}, false
			}
			author, ok := choose(rng, v.members, func(m member) float64 {
				if m.Handle == v.last {
					return 0
				}
				return talkOf(l)(m)
			})
			if !ok {
				continue
			}
			s := newScene(v.script.slots, author.Person)
			text := s.text(rng, l, author.Person)
			if v.said.heard(text, fresh) {
				continue
			}
			v.last = author.Handle
			v.said.keep(text)
			return utterance{line: l, scene: s, author: author, text: text}, true
		}
	}
	return utterance{}, false
}

// fromDeck deals a comment or reply that fits any post in the language, below
// a post of op (empty: unknown), by one of those who may speak. It returns false if all were
// heard among the last fresh texts. The caller holds v.mu.
func (v *voice) fromDeck(rng *rand.Rand, d *deck, op Person, chinese bool, may func(m member) bool, fresh int) (utterance, bool) {
	for range tries {
		l, ok := d.deal(rng, func(l line) bool {
			return l.chinese == chinese && (op.Handle != "" || !l.namesAuthor())
		})
		if !ok {
			return utterance{}, false
		}
		author, ok := choose(rng, v.members, func(m member) float64 {
			if !may(m) {
				return 0
			}
			return talkOf(l)(m)
		})
		if !ok {
			return utterance{}, false
		}
		s := newScene(v.script.slots, op)
		text := s.text(rng, l, author.Person)
		if !v.said.heard(text, fresh) {
			v.said.keep(text)
			return utterance{line: l, scene: s, author: author, text: text, context: exchange{}.and(l.text, text)}, true
		}
	}
	return utterance{}, false
}
