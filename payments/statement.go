package payments

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/internal/problem"
)

// Statement returns a page of what happened to the actor's wallet in a month,
// oldest first. Pages follow each other without gap or double while the wallet
// changes; the balances are those at the time of the call. It fails with
// Unauthorized, MonthMalformed (a month to come, too) or BadCursor.
func (s *Service) Statement(ctx context.Context, a Actor, q StatementQuery) (Statement, error) {
	m, err := s.statementMonth(a, q.Month)
	if err != nil {
		return Statement{}, err
	}
	list := "statement " + a.User.String() + " " + m.name
	place, err := s.cursors.Open(list, q.Cursor, 1)
	if err != nil {
		return Statement{}, err
	}
	span, lines, err := s.readStatement(ctx, a.User, m, place, q.limit()+1)
	if err != nil {
		return Statement{}, outward(err)
	}
	out := Statement{Month: m.name, Currency: money.CNY, Opening: span.opening, Closing: span.closing, Items: lines}
	if len(lines) > q.limit() {
		out.Items = lines[:q.limit()]
		out.NextCursor = s.cursors.Seal(list, out.Items[len(out.Items)-1].Version)
	}
	return out, nil
}

// limit bounds the size of a page.
func (q StatementQuery) limit() int {
	if q.Limit <= 0 {
		return DefaultPage
	}
	return min(q.Limit, MaxStatementPage)
}

func (s *Service) statementMonth(a Actor, name string) (month, error) {
	if a.User == 0 {
		return month{}, errSignIn
	}
	return readMonth(name, time.Now())
}

// month is a month in Asia/Shanghai: from its first moment to before the next's.
type month struct {
	name      string
	from, end time.Time
}

const monthForm = "2006-01"

// readMonth reads a month such as 2026-11; empty is that of now.
func readMonth(name string, now time.Time) (month, error) {
	now = now.In(shanghai)
	if name == "" {
		name = now.Format(monthForm)
	}
	from, err := time.ParseInLocation(monthForm, name, shanghai)
	if err != nil || from.Format(monthForm) != name {
		return month{}, problem.Invalid(problem.MonthMalformed, "query.month", "a month is written like 2026-11")
	}
	if from.After(now) {
		return month{}, problem.Invalid(problem.MonthMalformed, "query.month", "this month is still to come")
	}
	return month{name: name, from: from, end: from.AddDate(0, 1, 0)}, nil
}

// WriteStatement writes the whole month as CSV (RFC 4180), one line an entry,
// as of the moment of the call. It keeps no more than a page in memory and no
// connection while it writes, however slow w is: entries are never changed, so
// that what belongs to the month is settled once the first and the last are
// known. It fails with Unauthorized or MonthMalformed before it has written
// anything, and with the error of w or of the database in the middle.
func (s *Service) WriteStatement(ctx context.Context, a Actor, month string, w io.Writer) error {
	m, err := s.statementMonth(a, month)
	if err != nil {
		return err
	}
	span, lines, err := s.readStatement(ctx, a.User, m, nil, MaxStatementPage)
	if err != nil {
		return outward(err)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	_ = out.Write(statementHeader) // Flush tells
	for {
		for _, l := range lines {
			_ = out.Write(l.record())
		}
		out.Flush()
		if err := out.Error(); err != nil {
			return fmt.Errorf("write a statement: %w", err)
		}
		if len(lines) < MaxStatementPage {
			return nil
		}
		span.after = lines[len(lines)-1].Version
		if lines, err = s.readLines(ctx, s.pool, a.User, span, MaxStatementPage); err != nil {
			return outward(err)
		}
	}
}

var statementHeader = []string{
	"version", "time", "kind", "amount_fen", "amount_yuan", "balance_fen", "balance_yuan", "source", "post_id",
}

// record is a line of the CSV, times in Asia/Shanghai.
func (l StatementLine) record() []string {
	post := ""
	if l.PostID != nil {
		post = l.PostID.String()
	}
	return []string{
		strconv.FormatInt(l.Version, 10), l.At.In(shanghai).Format(time.RFC3339Nano), cell(l.Kind),
		strconv.FormatInt(l.Amount, 10), yuan(l.Amount), strconv.FormatInt(l.Balance, 10), yuan(l.Balance), cell(l.Source), cell(post),
	}
}

// cell keeps a text from being read as a formula by programs that open the file.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

// yuan writes fen as a decimal number of yuan.
func yuan(fen int64) string {
	sign, n := "", uint64(fen) //nolint:gosec // made positive below
	if fen < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// describe fills in what a line is, from its transfer. Nothing of it tells who
// else took part.
func (l *StatementLine) describe(kind, source string) {
	l.Kind, l.Source = kind, source
	switch {
	case kind == "tip" && l.Amount < 0:
		l.Kind = "tip_sent"
	case kind == "tip":
		l.Kind = "tip_received"
	case kind == "refund" && l.Amount < 0:
		l.Kind = "refund_paid"
	case kind == "refund":
		l.Kind = "refund_received"
	}
	if (kind == "tip" || kind == "refund") && len(source) >= postLength {
		if post, err := id.ParsePost(source[:postLength]); err == nil {
			l.PostID = &post
		}
	}
}

const postLength = 26 // characters of a post's id, with which those of its tips begin
