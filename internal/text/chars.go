package text

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	zwnj         = '\u200C'
	zwj          = '\u200D'
	textStyle    = '\uFE0E' // variation selector 15
	emojiStyle   = '\uFE0F' // variation selector 16
	blackFlag    = '\U0001F3F4'
	brailleBlank = '\u2800'
	infoSymbol   = '\u2139' // the one letter that is an emoji
	viramaClass  = 9        // canonical combining class
	firstTag     = '\U000E0020'
	lastTag      = '\U000E007F'
)

// cursive lists the scripts whose letters change shape with their neighbours,
// so that a joiner between two of them can be seen.
var cursive = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Nko, unicode.Mandaic, unicode.Adlam,
	unicode.Phags_Pa, unicode.Hanifi_Rohingya, unicode.Sogdian, unicode.Manichaean,
}

// varied lists the scripts with registered variants (names in Han use them).
var varied = []*unicode.RangeTable{unicode.Han, unicode.Mongolian, unicode.Myanmar, unicode.Phags_Pa}

// isControl tells C0, DEL and C1: Unicode's Cc, which will not grow.
func isControl(r rune) bool { return r < ' ' || r >= 0x7F && r < 0xA0 }

// isPlain tells characters that join none of their kind: ASCII without CR, and
// most of what Chinese is written with.
func isPlain(r rune) bool {
	return r < utf8.RuneSelf && r != '\r' || r >= '\u4E00' && r <= '\u9FFF' || // ideographs
		r >= '\u3001' && r <= '\u3029' || r >= '\uFF01' && r <= '\uFF60' // their punctuation, and wide ASCII
}

// isIgnorable tells what is drawn as nothing at all: format characters
// (direction marks, joiners, tags, soft hyphens), fillers, variation selectors.
func isIgnorable(r rune) bool {
	if unicode.Is(unicode.Prepended_Concatenation_Mark, r) { // Arabic number signs: format characters that are seen
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// isBlank tells what leaves no ink.
func isBlank(r rune) bool {
	return unicode.IsSpace(r) || isControl(r) || isIgnorable(r) || r == brailleBlank
}

func isTag(r rune) bool { return r >= firstTag && r <= lastTag }

func isVirama(r rune) bool {
	return norm.NFC.PropertiesString(string(r)).CCC() == viramaClass
}

// isPictograph is wider than Unicode's property of that name: every symbol.
func isPictograph(r rune) bool { return unicode.In(r, unicode.So, unicode.Sm) }

// joins tells whether a joiner between prev and next does something that can
// be seen. Zero stands for the edge of the text.
func joins(prev, joiner, next rune) bool {
	if isVirama(prev) {
		return true
	}
	if joiner == zwj && isPictograph(next) {
		return isPictograph(prev) || prev == emojiStyle || unicode.Is(unicode.Sk, prev) || isTag(prev)
	}
	return unicode.In(prev, cursive...) && unicode.In(next, cursive...)
}

// varies tells whether the variation selector has a say on the character
// before it.
func varies(prev, selector rune) bool {
	if isBlank(prev) || prev == 0 {
		return false
	}
	if selector == textStyle || selector == emojiStyle {
		return prev == infoSymbol || !unicode.In(prev, unicode.L, unicode.M)
	}
	return unicode.In(prev, varied...)
}
