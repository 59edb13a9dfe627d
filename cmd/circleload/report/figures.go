package report

import (
	"strconv"
	"strings"
)

// whole writes 1234567 as 1,234,567.
func whole(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var out strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteByte(',')
		}
		out.WriteRune(d)
	}
	return sign + out.String()
}

// short writes a measured figure with three significant digits or so: more
// would claim a precision that no run has.
func short(f float64) string {
	switch {
	case f >= 999.5:
		return whole(int64(f + 0.5))
	case f >= 99.95 || f == 0:
		return strconv.FormatFloat(f, 'f', 0, 64)
	case f >= 9.995:
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'f', 2, 64)
}

// mebibytes is for people; the figures themselves are KiB.
func mebibytes(kib int64) string { return short(float64(kib) / 1024) }
