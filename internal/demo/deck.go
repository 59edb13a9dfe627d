package demo

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// deck deals lines in a loose order: what was dealt goes to the back, so that
// two thirds of the deck come before it is dealt again.
type deck struct {
	lines []line
}

func newDeck(rng *rand.Rand, lines []line) *deck {
	d := &deck{lines: slices.Clone(lines)}
	rng.Shuffle(len(d.lines), func(i, j int) { d.lines[i], d.lines[j] = d.lines[j], d.lines[i] })
	return d
}

// deal returns a line that fits, from the front third if one is there.
func (d *deck) deal(rng *rand.Rand, fits func(l line) bool) (line, bool) {
	front := (len(d.lines) + 2) / 3
	var found []int
	for i, l := range d.lines {
		if i >= front && len(found) > 0 {
			break
		}
		if fits(l) {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		return line{}, false
	}
	i := found[rng.IntN(len(found))]
	l := d.lines[i]
	d.lines = append(slices.Delete(d.lines, i, i+1), l)
	return l, true
}

const remembered = 500 // texts of one circle

// memory knows the last texts of a circle, so that nobody says the same again
// so soon.
type memory struct {
	said  int
	times map[string]int // the count of texts said when this one was said last; twice remembered at most
}

// heard tells whether the text is among the newest n.
func (m *memory) heard(text string, n int) bool {
	at, ok := m.times[text]
	return ok && m.said-at < n
}

func (m *memory) keep(text string) {
	if len(m.times) >= 2*remembered {
		maps.DeleteFunc(m.times, func(_ string, at int) bool { return m.said-at >= remembered })
	}
	m.said++
	m.times[text] = m.said
}
