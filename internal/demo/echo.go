package demo

import (
	"math/rand/v2"
	"strings"
	"unicode"
)

// exchange is what answers refer to: a post, with the comment on it if the
// answer is to that.
type exchange struct {
	written string // in the content file, all choices of it
	said    string // what was made of it
}

func (e exchange) and(written, said string) exchange {
	return exchange{e.written + "\n" + allChoices(strings.ToLower(written)), e.said + "\n" + strings.ToLower(said)}
}

// echoesUnsaid tells whether an answer takes up words that were not said,
// because another of the choices was taken.
func (e exchange) echoesUnsaid(answer string) bool {
	for _, w := range telling(strings.ToLower(answer)) {
		if strings.Contains(e.written, w) && !strings.Contains(e.said, w) {
			return true
		}
	}
	return false
}

const renderings = 6 // of an answer, until one fits

// answer fills the braces of an answer so that it fits what was said. It
// returns false if that did not succeed.
func (s *scene) answer(rng *rand.Rand, e exchange, l line, speaker Person) (string, bool) {
	for range renderings {
		if text := s.text(rng, l, speaker); !e.echoesUnsaid(text) {
			return text, true
		}
	}
	return "", false
}

// allChoices drops the names of slots and keeps all that braces offer.
func allChoices(text string) string {
	before, inner, after, found := cutBraces(text)
	if !found {
		return text
	}
	choices := splitChoices(inner)
	if len(choices) == 1 {
		return before + "\n" + allChoices(after)
	}
	for _, c := range choices {
		before += "\n" + allChoices(c)
	}
	return before + "\n" + allChoices(after)
}

const (
	tellingLetters = 4 // in a word; shorter ones turn up everywhere
	tellingHan     = 2 // in a row, likewise
)

// telling returns the parts of a text by which it would be recognised: longer
// words, and all pairs of Chinese characters.
func telling(text string) []string {
	var parts []string
	var run []rune
	var han bool
	end := func() {
		if han {
			for i := tellingHan; i <= len(run); i++ {
				parts = append(parts, string(run[i-tellingHan:i]))
			}
		} else if len(run) >= tellingLetters {
			parts = append(parts, string(run))
		}
		run = run[:0]
	}
	for _, r := range text {
		isHan := unicode.Is(unicode.Han, r)
		if isHan != han || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			end()
		}
		han = isHan
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			run = append(run, r)
		}
	}
	end()
	return parts
}
