package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"lifecircle/cmd/circleload/player"
)

const lineInterval = 5 * time.Second // between lines where they cannot be rewritten

// progress says how a run stands: in one line that is rewritten on a terminal,
// in a line now and then elsewhere. Its methods are called one at a time.
type progress struct {
	out      io.Writer
	terminal bool
	width    int
	phase    player.Phase
	told     time.Time
}

func newProgress(out io.Writer) *progress {
	p := &progress{out: out}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			p.terminal, p.width = true, width
		}
	}
	return p
}

// show is called once a second.
func (p *progress) show(s player.Snapshot) {
	text := line(s)
	if p.terminal {
		if len(text) >= p.width {
			text = text[:p.width-1] // a line that wraps cannot be rewritten
		}
		fmt.Fprint(p.out, "\r"+text+"\x1b[K")
		return
	}
	if s.Phase != p.phase || time.Since(p.told) >= lineInterval {
		fmt.Fprintln(p.out, text)
		p.phase, p.told = s.Phase, time.Now()
	}
}

// end leaves the line to be read.
func (p *progress) end() {
	if p.terminal {
		fmt.Fprintln(p.out)
	}
}

// line begins with what must be seen even on a narrow terminal.
func line(s player.Snapshot) string {
	text := fmt.Sprintf("%s %ds  %d sockets  %d msgs/s  faults %d  refused %d",
		s.Phase, s.At, s.Open, s.Deliveries+s.Hints, s.Doubled+s.Disordered, s.TotalRefused)
	if s.Missing > 0 {
		text += fmt.Sprintf("  missing %d", s.Missing)
	}
	if s.Deliveries > 0 {
		text += fmt.Sprintf("  p50 %.1f p99 %.1f ms", s.P50, s.P99)
	}
	if s.Commands > 0 || s.TotalFailed > 0 {
		text += fmt.Sprintf("  %d commands/s p99 %.1f ms  failed %d", s.Commands, s.CommandP99, s.TotalFailed)
	}
	if s.Phase == player.Measuring && s.Remaining > 0 {
		text += fmt.Sprintf("  %s left", s.Remaining.Round(time.Second))
	}
	return text
}
