package text

import (
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"lifecircle/internal/problem"
)

const (
	// bytesPerGrapheme bounds a text of n graphemes to 36 n bytes: room for a
	// text of nothing but the longest emoji, which have 35.
	bytesPerGrapheme = 36
	// maxGraphemeBytes bounds one grapheme: 30 combining marks (Unicode's stream-safe limit) have about 60.
	maxGraphemeBytes = 64
)

// Body checks the text of a post, comment or message: valid UTF-8, something
// to see in it, at most maxGraphemes, and no control character but line feed
// and tab. It returns the text with CR LF turned into LF. The problem is
// TextControl, TextEmpty or TextTooLong at location, such as body.text.
func Body(location, s string, maxGraphemes int) (string, error) {
	if err := checkSize(location, s, maxGraphemes); err != nil {
		return "", err
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if !utf8.ValidString(s) {
		return "", notUTF8(location)
	}
	visible := false
	for _, r := range s {
		if isControl(r) && r != '\n' && r != '\t' {
			return "", forbidden(location, r)
		}
		visible = visible || !isBlank(r)
	}
	if !visible {
		return "", empty(location)
	}
	if err := checkGraphemes(location, s, maxGraphemes); err != nil {
		return "", err
	}
	return s, nil
}

// checkSize bounds the work of everything after it.
func checkSize(location, s string, maxGraphemes int) error {
	if len(s) > maxGraphemes*bytesPerGrapheme {
		return tooLong(location, maxGraphemes)
	}
	return nil
}

func checkGraphemes(location, s string, maxGraphemes int) error {
	state := -1
	for n := 0; s != ""; n++ {
		if n == maxGraphemes {
			return tooLong(location, maxGraphemes)
		}
		if size := single(s); size > 0 {
			s, state = s[size:], -1
			continue
		}
		var cluster string
		cluster, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		if len(cluster) > maxGraphemeBytes {
			return problem.Invalid(problem.TextTooLong, location,
				"one character carries too many marks: at most %d bytes are allowed", maxGraphemeBytes)
		}
	}
	return nil
}

// single returns the size of the first character of s if it is sure to be a
// grapheme: it is plain, and so is the next. 0: it must be looked up, which takes
// many times as long, and for a long text longer than all else that is done for it.
func single(s string) int {
	if s[0] < utf8.RuneSelf && (len(s) == 1 || s[1] < utf8.RuneSelf) { // there is no CR that an LF could join
		return 1
	}
	r, size := utf8.DecodeRuneInString(s)
	if next, _ := utf8.DecodeRuneInString(s[size:]); !isPlain(r) || size < len(s) && !isPlain(next) {
		return 0
	}
	return size
}

func empty(location string) error {
	return problem.Invalid(problem.TextEmpty, location, "there is nothing to read in it")
}

func tooLong(location string, maxGraphemes int) error {
	return problem.Invalid(problem.TextTooLong, location, "it may have at most %d characters", maxGraphemes)
}

func notUTF8(location string) error {
	return problem.Invalid(problem.TextControl, location, "it is not valid UTF-8")
}

func forbidden(location string, r rune) error {
	return problem.Invalid(problem.TextControl, location, "it holds the character %U, which is not allowed here", r)
}
