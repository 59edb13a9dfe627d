package payments_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/payments"
)

var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// unguarded runs a statement as nobody but an operator could: past the triggers.
func (w *world) unguarded(table, sql string, args ...any) {
	w.t.Helper()
	w.exec(`ALTER TABLE ` + table + ` DISABLE TRIGGER USER`)
	w.exec(sql, args...)
	w.exec(`ALTER TABLE ` + table + ` ENABLE TRIGGER USER`)
}

// spread moves what has happened apart, over the time from then until now.
func (w *world) spread(then time.Time) {
	w.t.Helper()
	w.unguarded("entries", `WITH placed AS (SELECT id, row_number() OVER (ORDER BY created_at, id) / (count(*) OVER ())::float8 AS place FROM transfers)
		UPDATE entries e SET created_at = $1::timestamptz + (now() - $1::timestamptz) * p.place FROM placed p WHERE p.id = e.transfer_id`, then)
}

// entry is a row of the books as the test reads it by itself.
type entry struct {
	payments.StatementLine
	kind string
}

func (w *world) entries(of id.ID) (out []entry) {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), `SELECT e.version, e.created_at, t.kind, e.amount, e.balance, t.source
		FROM entries e JOIN transfers t ON t.id = e.transfer_id WHERE e.account_id = $1 ORDER BY e.version`, of)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var e entry
		if err := rows.Scan(&e.Version, &e.At, &e.kind, &e.Amount, &e.Balance, &e.Source); err != nil {
			w.t.Fatal(err)
		}
		e.At = e.At.UTC()
		sign := map[bool]string{true: "_received", false: "_sent"}[e.Amount > 0]
		switch e.kind {
		case "tip":
			e.Kind = "tip" + sign
		case "refund":
			e.Kind = "refund" + strings.ReplaceAll(sign, "sent", "paid")
		default:
			e.Kind = e.kind
		}
		if len(e.Source) > 26 {
			post, err := id.ParsePost(e.Source[:26])
			if err != nil {
				w.t.Fatal(err)
			}
			e.PostID = &post
		}
		out = append(out, e)
	}
	return out
}

// whole reads all pages of a month.
func (w *world) whole(a payments.Actor, month string, limit func() int, between func()) (s payments.Statement) {
	w.t.Helper()
	q := payments.StatementQuery{Month: month}
	for {
		q.Limit = limit()
		page, err := w.money().Statement(w.t.Context(), a, q)
		if err != nil {
			w.t.Fatal(err)
		}
		page.Items = append(s.Items, page.Items...)
		s = page
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			return s
		}
		between()
	}
}

func TestStatementsAreTheEntriesOfTheirMonth(t *testing.T) {
	t.Parallel()
	w := newTown(t, 250)
	then := time.Now().AddDate(0, -3, 0)
	w.spread(then)
	for _, a := range w.people {
		books := w.entries(a.User)
		seen, balance := 0, int64(0)
		for m := then.In(shanghai).AddDate(0, 0, 1-then.In(shanghai).Day()); !m.After(time.Now()); m = m.AddDate(0, 1, 0) {
			name := m.Format("2006-01")
			var want []payments.StatementLine
			for _, e := range books {
				if e.At.In(shanghai).Format("2006-01") == name {
					want = append(want, e.StatementLine)
				}
			}
			got := w.whole(a, name, func() int { return 1 + w.rnd.IntN(7) }, func() {})
			if asJSON(t, append(want[:0:0], got.Items...)) != asJSON(t, want) {
				t.Fatalf("%s of %s:\n%s\nwant\n%s", name, a.User, asJSON(t, got.Items), asJSON(t, want))
			}
			for _, l := range want {
				balance += l.Amount
			}
			opening := balance
			for _, l := range want {
				opening -= l.Amount
			}
			if got.Opening != opening || got.Closing != balance || got.Month != name || got.Currency != "CNY" {
				t.Errorf("%s of %s: %d to %d, want %d to %d", name, a.User, got.Opening, got.Closing, opening, balance)
			}
			w.sameAsCSV(a, name, want)
			seen += len(want)
		}
		if seen != len(books) || len(books) == 0 || balance != w.balance(a) {
			t.Errorf("%d of %d entries are in statements, which end at %d fen, and the wallet has %d", seen, len(books), balance, w.balance(a))
		}
	}
}

func (w *world) sameAsCSV(a payments.Actor, month string, want []payments.StatementLine) {
	w.t.Helper()
	var file bytes.Buffer
	if err := w.money().WriteStatement(w.t.Context(), a, month, &file); err != nil {
		w.t.Fatal(err)
	}
	if n := strings.Count(file.String(), "\r\n"); n != len(want)+1 {
		w.t.Fatalf("%d lines end as RFC 4180 wants it, of %d", n, len(want)+1)
	}
	rows, err := csv.NewReader(&file).ReadAll()
	if err != nil || !slices.Equal(rows[0], []string{"version", "time", "kind", "amount_fen", "amount_yuan", "balance_fen", "balance_yuan", "source", "post_id"}) {
		w.t.Fatalf("header %v, %v", rows, err)
	}
	for i, l := range want {
		post := ""
		if l.PostID != nil {
			post = l.PostID.String()
		}
		line := []string{
			fmt.Sprint(l.Version), l.At.In(shanghai).Format(time.RFC3339Nano), l.Kind,
			fmt.Sprint(l.Amount), rows[i+1][4], fmt.Sprint(l.Balance), rows[i+1][6], l.Source, post,
		}
		if !slices.Equal(rows[i+1], line) || inFen(w.t, rows[i+1][4]) != l.Amount || inFen(w.t, rows[i+1][6]) != l.Balance {
			w.t.Errorf("line %v, want %v", rows[i+1], line)
		}
		if !strings.HasSuffix(rows[i+1][1], "+08:00") {
			w.t.Errorf("time %s", rows[i+1][1])
		}
	}
}

// inFen reads yuan such as -12.05.
func inFen(t *testing.T, yuan string) int64 {
	t.Helper()
	whole, part, _ := strings.Cut(yuan, ".")
	n, err := strconv.ParseInt(whole+part, 10, 64)
	if err != nil || len(part) != 2 {
		t.Errorf("yuan %q", yuan)
	}
	return n
}

func TestStatementPagesFollowEachOtherWhileTipsArrive(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author, post := w.posted()
	fan := w.people(1, 10_000)[0]
	for range 7 {
		w.tip(fan, post, 10)
	}
	left := 5
	got := w.whole(author, "", func() int { return 2 }, func() {
		if left--; left >= 0 {
			w.tip(fan, post, 10)
		}
	})
	if len(got.Items) != 12 || got.Closing != w.balance(author) {
		t.Errorf("%d lines that end at %d", len(got.Items), got.Closing)
	}
	for i, l := range got.Items {
		if l.Version != int64(i+1) || l.Kind != "tip_received" || *l.PostID != post {
			t.Errorf("line %d is %+v", i, l)
		}
	}
}

func TestMonthsBeginAtMidnightInShanghai(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author, post := w.posted()
	fan := w.people(1, 1000)[0]
	for range 4 {
		w.tip(fan, post, 10)
	}
	midnight := time.Date(2026, 6, 30, 16, 0, 0, 0, time.UTC) // the first of July in Shanghai
	for version, at := range []time.Time{midnight.Add(-time.Microsecond), midnight, midnight.AddDate(0, 1, 1).Add(-time.Microsecond), midnight.AddDate(0, 1, 1)} {
		w.unguarded("entries", `UPDATE entries SET created_at = $3 WHERE account_id = $1 AND version = $2`, author.User, version+1, at)
	}
	for month, want := range map[string][2]int64{"2026-05": {0, 0}, "2026-06": {0, 9}, "2026-07": {9, 27}, "2026-08": {27, 36}, "2026-09": {36, 36}} {
		got := w.whole(author, month, func() int { return 0 }, func() {})
		if got.Opening != want[0] || got.Closing != want[1] || int64(len(got.Items)) != (want[1]-want[0])/9 {
			t.Errorf("%s: %+v", month, got)
		}
	}
}

func TestMonthsThatAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	a := w.people(1, 0)[0]
	next := time.Now().In(shanghai).AddDate(0, 0, 32).Format("2006-01")
	for _, month := range []string{next, "9999-01", "2026-13", "2026-1", "26-01", "2026-11-01", "november", "2026-00", " 2026-01"} {
		_, err := w.money().Statement(t.Context(), a, payments.StatementQuery{Month: month})
		w.refused(err, problem.MonthMalformed)
		var file bytes.Buffer
		w.refused(w.money().WriteStatement(t.Context(), a, month, &file), problem.MonthMalformed)
		if file.Len() > 0 {
			t.Errorf("wrote %q", &file)
		}
	}
	_, err := w.money().Statement(t.Context(), payments.Actor{}, payments.StatementQuery{})
	w.refused(err, problem.Unauthorized)
	_, err = w.money().Statement(t.Context(), a, payments.StatementQuery{Cursor: "x"})
	w.refused(err, problem.BadCursor)
}

func TestStatementsTellNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	author, post := w.posted()
	fan := w.people(1, 1000)[0]
	in := fen(100)
	in.Visibility, in.Message = payments.Anonymous, "a secret"
	tip, err := w.money().Tip(t.Context(), fan, post, in, "k")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.money().Refund(t.Context(), fan, tip.ID, payments.NewRefund{}, "k2"); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := w.money().WriteStatement(t.Context(), author, "", &file); err != nil {
		t.Fatal(err)
	}
	all := asJSON(t, w.whole(author, "", func() int { return 0 }, func() {})) + file.String()
	for _, secret := range []string{fan.User.String(), fmt.Sprint(int64(fan.User)), fmt.Sprintf("u%x", int64(fan.User)), "Person", in.Message} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is in\n%s", secret, all)
		}
	}
}

// slowly takes what is written, and does something before.
type slowly struct {
	bytes.Buffer
	most   int
	before func()
}

func (s *slowly) Write(p []byte) (int, error) {
	s.before()
	s.most = max(s.most, len(p))
	return s.Buffer.Write(p)
}

func TestALongStatementHoldsNothingWhileItIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	a := w.people(1, 0)[0]
	const entries = 10_000
	more := func(from, to int) {
		w.exec(`INSERT INTO transfers SELECT n, 'test', 31, 'long' || n, now() FROM generate_series($1::int, $2::int) n`, from, to)
		w.exec(`INSERT INTO entries SELECT a.id, n, n, a.sign, a.sign * n, now()
			FROM generate_series($1::int, $2::int) n, (VALUES ($3::bigint, 1), (31, -1)) a (id, sign)`, from, to, a.User)
		w.exec(`UPDATE accounts SET version = $1::int, balance = CASE id WHEN 31 THEN -$1::int ELSE $1::int END WHERE id IN (31, $2)`, to, a.User)
	}
	more(1, entries)
	idle, err := payments.New(t.Context(), w.pool, payments.Options{}) // does nothing by itself
	if err != nil {
		t.Fatal(err)
	}
	last := entries
	out := &slowly{before: func() {
		conns := int(w.pool.Config().MaxConns)
		held := make([]interface{ Release() }, 0, conns)
		for range conns { // it keeps none
			c, err := w.pool.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, c)
		}
		for _, c := range held {
			c.Release()
		}
		if last == entries {
			last++
			more(last, last)
		}
	}}
	if err := idle.WriteStatement(t.Context(), a, "", out); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out.Buffer).ReadAll()
	if err != nil || len(rows) != entries+1 {
		t.Fatalf("%d lines, %v: what came while it was read belongs to the next", len(rows), err)
	}
	for i, r := range rows[1:] {
		if r[0] != fmt.Sprint(i+1) {
			t.Fatalf("line %d is %v", i, r)
		}
	}
	if out.most > 64<<10 {
		t.Errorf("%d bytes at once", out.most)
	}
}
