package demo

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
)

// scene is one post and what is said below it: a slot filled once stays the
// same in it.
//
// In braces stand: {dish}, a value of that slot; {dish2}, another one of the
// same slot; {my.cat}, the speaker's own value in every scene; {your.cat},
// that of the post's author; {op}, the author's name; {really|so|}, any of these.
type scene struct {
	slots  map[string][]string
	author Person
	chosen map[string]string
}

func newScene(slots map[string][]string, author Person) *scene {
	return &scene{slots: slots, author: author, chosen: map[string]string{}}
}

// text fills the braces of a line's text. Sentences may begin with a slot.
func (s *scene) text(rng *rand.Rand, l line, speaker Person) string {
	text := []rune(s.render(rng, l.text, speaker))
	for i, r := range text {
		if i == 0 || i > 1 && text[i-1] == ' ' && strings.ContainsRune(".!?", text[i-2]) {
			text[i] = unicode.ToUpper(r)
		}
	}
	return string(text)
}

func (s *scene) render(rng *rand.Rand, text string, speaker Person) string {
	var b strings.Builder
	for {
		before, inner, after, found := cutBraces(text)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if choices := splitChoices(inner); len(choices) > 1 {
			b.WriteString(s.render(rng, choices[rng.IntN(len(choices))], speaker))
		} else {
			b.WriteString(s.fill(rng, inner, speaker))
		}
		text = after
	}
}

func (s *scene) fill(rng *rand.Rand, name string, speaker Person) string {
	if name == "op" {
		return s.author.DisplayName
	}
	if slot, ok := strings.CutPrefix(name, "my."); ok {
		return s.own(slot, speaker)
	}
	if slot, ok := strings.CutPrefix(name, "your."); ok {
		return s.own(slot, s.author)
	}
	if v, ok := s.chosen[name]; ok {
		return v
	}
	slot := strings.TrimRight(name, "23")
	values := slices.DeleteFunc(slices.Clone(s.slots[slot]), func(v string) bool {
		return s.chosen[slot] == v || s.chosen[slot+"2"] == v || s.chosen[slot+"3"] == v
	})
	v := s.render(rng, values[rng.IntN(len(values))], speaker)
	s.chosen[name] = v
	return v
}

// own returns the value of a slot that belongs to one person: the one in his or
// her name, or always the same.
func (s *scene) own(slot string, p Person) string {
	for _, v := range s.slots[slot] {
		if strings.Contains(p.DisplayName, v) {
			return v
		}
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(slot + p.Handle))
	values := s.slots[slot]
	return values[int(h.Sum32()%uint32(len(values)))] //nolint:gosec // slots are short
}

// namesAuthor tells whether the line cannot be said without knowing the post's
// author.
func (l line) namesAuthor() bool {
	return strings.Contains(l.text, "{op}") || strings.Contains(l.text, "{your.")
}

// cutBraces splits text around its first pair of braces.
func cutBraces(text string) (before, inner, after string, found bool) {
	start := strings.IndexByte(text, '{')
	if start < 0 {
		return text, "", "", false
	}
	depth := 0
	for i := start; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return text[:start], text[start+1 : i], text[i+1:], true
			}
		}
	}
	return text, "", "", false
}

// splitChoices splits at the bars that stand outside of inner braces.
func splitChoices(text string) []string {
	var parts []string
	depth, start := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '{':
			depth++
		case '}':
			depth--
		case '|':
			if depth == 0 {
				parts = append(parts, text[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, text[start:])
}

// checkSlots refuses a name in braces that has no values.
func (s *script) checkSlots() error {
	for _, l := range slices.Concat(s.posts, s.comments, s.replies) {
		for _, said := range append([]line{l}, l.turns...) {
			if err := s.checkText(said.text); err != nil {
				return err
			}
		}
	}
	for _, values := range s.slots {
		for _, v := range values {
			if err := s.checkText(v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *script) checkText(text string) error {
	_, inner, after, found := cutBraces(text)
	if !found {
		if strings.ContainsAny(text, "{}") {
			return fmt.Errorf("braces do not match: %s", text)
		}
		return nil
	}
	choices := splitChoices(inner)
	if len(choices) == 1 {
		slot := strings.TrimRight(strings.TrimPrefix(strings.TrimPrefix(inner, "my."), "your."), "23")
		if slot != "op" && len(s.slots[slot]) < 4 { // enough for three of one slot
			return fmt.Errorf("slot %s has fewer than 4 values: %s", slot, text)
		}
		choices = nil
	}
	for _, c := range append(choices, after) {
		if err := s.checkText(c); err != nil {
			return err
		}
	}
	return nil
}
