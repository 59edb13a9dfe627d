package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteText writes the tables for a terminal. What a server says is written
// without its control characters.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s: %s\n%s, %s, seed %d; %s\n\n",
		r.Scenario, r.About, r.Target, r.Protocol, r.Seed, r.took())
	writeTable(&b, nil, r.counts())
	writeTable(&b, latencyHead, r.latencies())
	rows, notes := r.processes()
	writeTable(&b, processHead, rows)
	for _, n := range notes {
		b.WriteString(n + "\n\n")
	}
	verdict, _ := r.verdict()
	b.WriteString(verdict + "\n")
	for _, e := range r.examples() {
		b.WriteString("  " + e + "\n")
	}
	if besides := r.besides(); besides != "" {
		b.WriteString("Not carried out: " + besides + "\n")
	}
	if _, err := io.WriteString(w, printable(b.String())); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// writeTable aligns the first column left and figures right; a last column of
// notes, in tables without head, stands left again.
func writeTable(b *strings.Builder, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	if head != nil {
		rows = append([][]string{head}, rows...)
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			switch {
			case i == 0:
				line.WriteString(cell + gap)
			case head == nil && i == len(row)-1:
				line.WriteString("  " + cell)
			default:
				line.WriteString("  " + gap + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	b.WriteByte('\n')
}

// printable keeps a terminal from obeying what it is shown.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0) {
			return -1
		}
		return r
	}, s)
}
