package policy

import (
	"fmt"
	"strings"
	"unicode"

	"cel.dev/cel-go/common/ast"

	"lifecircle/internal/problem"
)

const (
	rulesLocation  = "body.rules."
	reasonLocation = "body.rules_reason"
	snippetSide    = 40  // characters shown on each side of a fault
	maxShown       = 160 // characters of what somebody wrote, in a message
)

func field(code problem.Code, location, message string) problem.Field {
	return problem.Field{Location: location, Message: message, Code: string(code)}
}

// fault tells what is wrong with a rule as a whole.
func (c *compiler) fault(code problem.Code, a Action, format string, args ...any) {
	c.faults = append(c.faults, field(code, rulesLocation+string(a), fmt.Sprintf(format, args...)))
}

// at tells what is wrong at an offset in a rule, in characters.
func (c *compiler) at(code problem.Code, a Action, text string, offset int, format string, args ...any) {
	line, column := 1, 0
	for i, r := range []rune(text) {
		if i == offset {
			break
		}
		if column++; r == '\n' {
			line, column = line+1, 0
		}
	}
	c.place(code, a, text, line, column, fmt.Sprintf(format, args...))
}

// atExpr is at for an expression of a checked rule.
func (c *compiler) atExpr(code problem.Code, a Action, e ast.Expr, format string, args ...any) {
	info := c.asts[a].NativeRep().SourceInfo()
	c.at(code, a, c.asts[a].Source().Content(), leftmost(info, e), format, args...)
}

// place writes the message with the line and a caret below the fault. Lines
// and columns are told from one on.
func (c *compiler) place(code problem.Code, a Action, text string, line, column int, message string) {
	lines := strings.Split(text, "\n")
	shown := []rune(lines[min(max(line, 1), len(lines))-1])
	column = min(column, len(shown))
	from, to := max(0, column-snippetSide), min(len(shown), column+snippetSide)
	snippet := strings.Map(printable, string(shown[from:to]))
	caret := strings.Map(blank, string([]rune(snippet)[:column-from])) + "^"
	c.fault(code, a, "line %d, column %d: %s\n%s\n%s", max(line, 1), column+1, message, snippet, caret)
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return ' '
}

// blank is a space as wide as r: Chinese characters take two columns.
func blank(r rune) rune {
	if r >= 0x2e80 {
		return '\u3000'
	}
	return ' '
}

// leftmost returns the offset where an expression begins: CEL gives an
// operator's place to what it joins.
func leftmost(info *ast.SourceInfo, e ast.Expr) int {
	first := -1
	visit(e, func(e ast.Expr) {
		if r, ok := info.GetOffsetRange(e.ID()); ok && (first < 0 || int(r.Start) < first) {
			first = int(r.Start)
		}
	})
	return max(0, first)
}

func clip(s string) string {
	if r := []rune(s); len(r) > maxShown {
		return string(r[:maxShown]) + "..."
	}
	return s
}
