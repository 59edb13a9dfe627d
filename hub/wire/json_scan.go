package wire

import "encoding/binary"

// These functions check JSON and find where its values end, without allocating.
// Each takes the index in b where something should begin and returns the index
// after it, or -1 if it is not there. That b is valid UTF-8 is checked elsewhere.

// scanValue scans any value with at most nesting arrays and objects in each other.
func scanValue(b []byte, i, nesting int) int {
	i = skipSpace(b, i)
	if i == len(b) {
		return -1
	}
	switch b[i] {
	case '{':
		return scanObject(b, i, nesting)
	case '[':
		return scanArray(b, i, nesting)
	case '"':
		return scanString(b, i)
	case 't':
		return scanLiteral(b, i, "true")
	case 'f':
		return scanLiteral(b, i, "false")
	case 'n':
		return scanLiteral(b, i, "null")
	default:
		return scanNumber(b, i)
	}
}

func scanObject(b []byte, i, nesting int) int {
	if nesting == 0 {
		return -1
	}
	if end := scanByte(b, i+1, '}'); end > 0 {
		return end
	}
	for {
		if i = scanString(b, skipSpace(b, i+1)); i < 0 {
			return -1
		}
		if i = scanByte(b, i, ':'); i < 0 {
			return -1
		}
		if i = scanValue(b, i, nesting-1); i < 0 {
			return -1
		}
		if i = skipSpace(b, i); i == len(b) || b[i] != ',' {
			return scanByte(b, i, '}')
		}
	}
}

func scanArray(b []byte, i, nesting int) int {
	if nesting == 0 {
		return -1
	}
	if end := scanByte(b, i+1, ']'); end > 0 {
		return end
	}
	for {
		if i = scanValue(b, i+1, nesting-1); i < 0 {
			return -1
		}
		if i = skipSpace(b, i); i == len(b) || b[i] != ',' {
			return scanByte(b, i, ']')
		}
	}
}

// endsRun marks the bytes that are not simply a part of a string.
var endsRun = func() (table [256]bool) {
	for c := range ' ' {
		table[c] = true
	}
	table['"'], table['\\'] = true, true
	return table
}()

// endsRunIn tells whether endsRun holds for one of eight bytes: texts are long,
// and most of a command.
func endsRunIn(b uint64) bool {
	const each, top = 0x0101010101010101, 0x8080808080808080
	quote, escape := b^each*'"', b^each*'\\'
	return ((b-each*' ')&^b|(quote-each)&^quote|(escape-each)&^escape)&top != 0
}

func scanString(b []byte, i int) int {
	if i >= len(b) || b[i] != '"' {
		return -1
	}
	for i++; i < len(b); i++ {
		for len(b)-i >= 8 && !endsRunIn(binary.LittleEndian.Uint64(b[i:])) {
			i += 8
		}
		if i == len(b) {
			return -1
		}
		if !endsRun[b[i]] {
			continue
		}
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			if i = scanEscape(b, i); i < 0 {
				return -1
			}
		default:
			return -1 // a control character
		}
	}
	return -1
}

// scanEscape returns the index of the escape's last byte.
func scanEscape(b []byte, i int) int {
	if i++; i == len(b) {
		return -1
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i
	case 'u':
		for end := i + 4; i < end; {
			if i++; i == len(b) || !isHex(b[i]) {
				return -1
			}
		}
		return i
	default:
		return -1
	}
}

// scanNumber scans -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func scanNumber(b []byte, i int) int {
	if i < len(b) && b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if i = scanDigits(b, i); i < 0 {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		if i = scanDigits(b, i+1); i < 0 {
			return -1
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		return scanDigits(b, i)
	}
	return i
}

// scanDigits scans one digit or more.
func scanDigits(b []byte, i int) int {
	start := i
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	if i == start {
		return -1
	}
	return i
}

func scanLiteral(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// scanByte scans c after any space.
func scanByte(b []byte, i int, c byte) int {
	i = skipSpace(b, i)
	if i == len(b) || b[i] != c {
		return -1
	}
	return i + 1
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
