package demo

import (
	"math/rand/v2"
)

// openPost is a post that people may comment on.
type openPost struct {
	utterance
	unsaid [][]line        // comments written for it that nobody made yet, with their answers
	spoke  map[string]bool // handles of its author and of those who commented
}

func open(rng *rand.Rand, u utterance) *openPost {
	p := &openPost{utterance: u, unsaid: groups(u.line.turns), spoke: map[string]bool{u.author.Handle: true}}
	for i := 1; i < len(p.unsaid); i++ { // a loose order
		if rng.IntN(3) == 0 {
			p.unsaid[i-1], p.unsaid[i] = p.unsaid[i], p.unsaid[i-1]
		}
	}
	return p
}

// groups splits turns into comments with the answers to them.
func groups(turns []line) [][]line {
	var all [][]line
	for _, l := range turns {
		if l.depth == 1 || len(all) == 0 {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], l)
	}
	return all
}

// fitted makes a comment that was written for the post, with the answers to it
// in its line. It returns false if there is none that was not heard among the
// last fresh texts. The caller holds v.mu.
func (v *voice) fitted(rng *rand.Rand, p *openPost, fresh int) (utterance, bool) {
	for len(p.unsaid) > 0 {
		group := p.unsaid[0]
		p.unsaid = p.unsaid[1:]
		l := group[0]
		author, ok := choose(rng, v.members, func(m member) float64 {
			if p.spoke[m.Handle] {
				return 0
			}
			return talkOf(l)(m)
		})
		if !ok {
			continue
		}
		post := exchange{}.and(p.line.text, p.text)
		text, ok := p.scene.answer(rng, post, l, author.Person)
		if !ok || v.said.heard(text, fresh) {
			continue
		}
		v.said.keep(text)
		p.spoke[author.Handle] = true
		l.turns = group[1:]
		return utterance{line: l, scene: p.scene, author: author, text: text, context: post.and(l.text, text)}, true
	}
	return utterance{}, false
}

// general makes a comment of those that fit any post, if they fit this one and
// were not heard among the last fresh texts. The caller holds v.mu.
func (v *voice) general(rng *rand.Rand, p *openPost, fresh int) (utterance, bool) {
	if p.line.fitted {
		return utterance{}, false
	}
	may := func(m member) bool { return !p.spoke[m.Handle] }
	c, ok := v.fromDeck(rng, v.comments, p.author.Person, p.line.chinese, may, fresh)
	if ok {
		p.spoke[c.author.Handle] = true
	}
	return c, ok
}

const openPosts = 60 // of a circle, which the live demo knows

// keepOpen remembers a post for the live demo and forgets the oldest one. The
// caller holds v.mu.
func (v *voice) keepOpen(p *openPost) {
	if len(v.open) == openPosts {
		v.open = append(v.open[:0], v.open[1:]...)
	}
	v.open = append(v.open, p)
}
