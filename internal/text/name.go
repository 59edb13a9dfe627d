package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Name checks and normalises a name of one line: the result is in NFC, has no
// space at its ends nor two in a row, and every code point in it is seen or
// shapes one that is. The problem is TextControl, TextEmpty or TextTooLong at
// location, such as body.display_name.
func Name(location, s string, maxGraphemes int) (string, error) {
	if err := checkSize(location, s, maxGraphemes); err != nil {
		return "", err
	}
	if !utf8.ValidString(s) {
		return "", notUTF8(location)
	}
	s = norm.NFC.String(singleSpaced(s))
	if s == "" {
		return "", empty(location)
	}
	if err := checkSize(location, s, maxGraphemes); err != nil { // NFC lengthens a few
		return "", err
	}
	if r, found := firstUnseen(s); found {
		return "", forbidden(location, r)
	}
	if err := checkGraphemes(location, s, maxGraphemes); err != nil {
		return "", err
	}
	return s, nil
}

// singleSpaced trims white space and turns runs of spaces of any width into
// one plain space. Line ends and tabs inside stay, to be refused.
func singleSpaced(s string) string {
	var b strings.Builder
	space := false
	for _, r := range strings.TrimSpace(s) {
		if unicode.Is(unicode.Zs, r) {
			space = true
			continue
		}
		if space {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	return b.String()
}

// firstUnseen returns the first character that a name may not hold.
func firstUnseen(s string) (rune, bool) {
	var prev rune
	inFlag := false // after a black flag, while tags spell its region
	for i, r := range s {
		next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		if next == utf8.RuneError {
			next = 0
		}
		inFlag = r == blackFlag || inFlag && isTag(r)
		if !mayStand(prev, r, next, inFlag) {
			return r, true
		}
		prev = r
	}
	return 0, false
}

func mayStand(prev, r, next rune, inFlag bool) bool {
	switch {
	case r == ' ':
		return true
	case r == zwj || r == zwnj:
		return joins(prev, r, next)
	case isTag(r):
		return inFlag
	case unicode.Is(unicode.Variation_Selector, r):
		return varies(prev, r)
	default:
		return !isBlank(r)
	}
}
