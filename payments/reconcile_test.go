package payments_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lifecircle/internal/id"
	"lifecircle/internal/money"
	"lifecircle/internal/problem"
	"lifecircle/payments"
	"lifecircle/payments/provider"
	"lifecircle/payments/provider/sandbox"
)

// banked is a world with a bank, in which everything happens at noon of a day
// that is over.
type banked struct {
	*world
	bank *bank
	day  time.Time // its beginning
}

func newBanked(t *testing.T, nodes int) *banked {
	t.Helper()
	b := newBank()
	y, m, d := time.Now().In(shanghai).Date()
	return &banked{
		world: newWorld(t, nodes, func(o *payments.Options) { o.Providers = []provider.Provider{b} }),
		bank:  b, day: time.Date(y, m, d-2, 0, 0, 0, 0, shanghai),
	}
}

func (w *banked) noon() time.Time { return w.day.Add(12 * time.Hour) }

// books sets what the bank has of something of ours.
func (w *banked) books(of id.ID, change func(*provider.Line)) {
	w.bank.mu.Lock()
	defer w.bank.mu.Unlock()
	for i := range w.bank.book {
		if w.bank.book[i].ID == of.String() {
			change(&w.bank.book[i])
			return
		}
	}
	w.t.Errorf("the bank has nothing of %s", of)
}

// ended sets when we have booked something.
func (w *banked) ended(of id.ID, at time.Time) {
	w.t.Helper()
	w.exec(`UPDATE topups SET ended_at = $2 WHERE id = $1`, of, at)
	w.exec(`UPDATE withdrawals SET ended_at = $2 WHERE id = $1`, of, at)
}

// paidIn is a top-up that both have booked at noon.
func (w *banked) paidIn(a payments.Actor, n int64) payments.TopUp {
	w.t.Helper()
	t := w.topUp(a, n)
	w.told(w.bank, paid(provider.Payment, t.ID, n))
	w.ended(t.ID, w.noon())
	w.books(t.ID, func(l *provider.Line) { l.At = w.noon() })
	return t
}

func (w *banked) paidOut(a payments.Actor, n int64) payments.Withdrawal {
	w.t.Helper()
	out, err := w.withdraw(a, n)
	if err != nil {
		w.t.Fatal(err)
	}
	w.told(w.bank, paid(provider.Payoff, out.ID, n))
	w.ended(out.ID, w.noon())
	w.books(out.ID, func(l *provider.Line) { l.At = w.noon() })
	return out
}

// silently has the bank do something at noon of which it does not tell us.
func (w *banked) silently(e provider.Event) {
	e.At = w.noon()
	w.bank.happened(e)
}

func (w *banked) reconcile(day time.Time) payments.Comparison {
	w.t.Helper()
	c, err := w.money().Reconcile(w.t.Context(), "sandbox", day)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// brief is what matters of a difference.
func brief(d payments.Difference) string {
	fen := func(n *int64) string {
		if n == nil {
			return "-"
		}
		return fmt.Sprint(*n)
	}
	return fmt.Sprintf("%s %s %s %s %s", d.Code, d.Kind, d.ID, fen(d.Ours), fen(d.Theirs))
}

func TestEveryCauseOfADifferenceIsFound(t *testing.T) {
	t.Parallel()
	w := newBanked(t, 1)
	a := w.people(1, 100_000)[0]
	w.paidIn(a, 11)
	w.paidOut(a, 12)
	var want []string
	differs := func(code payments.Code, kind provider.Kind, of, ours, theirs string) {
		want = append(want, fmt.Sprintf("%s %s %s %s %s", code, kind, of, ours, theirs))
	}

	late := w.topUp(a, 100)
	w.silently(paid(provider.Payment, late.ID, 100))
	differs(payments.MissingHere, provider.Payment, late.ID.String(), "-", "100")

	givenUp := w.topUp(a, 101)
	w.told(w.bank, failed(provider.Payment, givenUp.ID))
	w.silently(paid(provider.Payment, givenUp.ID, 101))
	differs(payments.MissingHere, provider.Payment, givenUp.ID.String(), "-", "101")

	out, err := w.withdraw(a, 102)
	if err != nil {
		t.Fatal(err)
	}
	for <-w.bank.payout != out.ID.String() { // the watch, which would settle it, too, asks again much later
	}
	w.silently(paid(provider.Payoff, out.ID, 102))
	differs(payments.MissingHere, provider.Payoff, out.ID.String(), "-", "102")

	lost := w.paidIn(a, 103)
	w.books(lost.ID, func(l *provider.Line) { l.At = w.day.AddDate(0, 0, -9) })
	differs(payments.MissingThere, provider.Payment, lost.ID.String(), "103", "-")

	less := w.paidOut(a, 104)
	w.books(less.ID, func(l *provider.Line) { l.Amount.Amount = 99 })
	differs(payments.AmountDiffers, provider.Payoff, less.ID.String(), "104", "99")

	dollars := w.paidIn(a, 105)
	w.books(dollars.ID, func(l *provider.Line) { l.Amount.Currency = "USD" })
	differs(payments.AmountDiffers, provider.Payment, dollars.ID.String(), "105", "105")

	again := w.paidIn(a, 106)
	w.silently(paid(provider.Payment, again.ID, 106))
	differs(payments.TwiceThere, provider.Payment, again.ID.String(), "106", "106")

	stranger := id.New()
	w.silently(paid(provider.Payment, stranger, 107))
	differs(payments.UnknownID, provider.Payment, stranger.String(), "-", "107")
	w.bank.book = append(w.bank.book, provider.Line{Kind: provider.Payoff, Ref: "by hand", Amount: money.Fen(108), At: w.noon()})
	differs(payments.UnknownID, provider.Payoff, "", "-", "108")

	anyhow, err := w.withdraw(a, 109)
	if err != nil {
		t.Fatal(err)
	}
	w.told(w.bank, failed(provider.Payoff, anyhow.ID))
	w.silently(paid(provider.Payoff, anyhow.ID, 109))
	differs(payments.StatusDiffers, provider.Payoff, anyhow.ID.String(), "-", "109")

	w.bank.book = append(w.bank.book, provider.Line{Kind: provider.Return, ID: "back", Ref: "r", Amount: money.Fen(11), At: w.noon()})
	differs(payments.RefundedThere, provider.Return, "back", "-", "11")

	byRef := w.paidIn(a, 110)
	w.books(byRef.ID, func(l *provider.Line) { l.ID = "" }) // found by theirs, and no difference

	before := w.balance(a)
	c := w.reconcile(w.noon())
	got := make([]string, len(c.Differences))
	for i, d := range c.Differences {
		got[i] = brief(d)
		if !strings.HasSuffix(d.Cause, ".") || d.Code == payments.MissingHere && !strings.Contains(d.Cause, "It was settled") {
			t.Errorf("%s: %q", got[i], d.Cause)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if c.Matched != 4 || c.Day != w.day.Format(time.DateOnly) || c.FinishedAt.Before(c.StartedAt) {
		t.Errorf("%+v", c)
	}
	if n := w.balance(a) - before; n != 100+101-102 || w.held(a) != 0 {
		t.Errorf("the wallet has %d fen more, %d are held", n, w.held(a))
	}
	w.stored(c)
	if n := w.ears.alarmed("reconciliation_difference"); n != len(want) {
		t.Errorf("%d alarms", n)
	}
	r, err := payments.Audit(t.Context(), w.pool, nil)
	if err != nil || !r.OK {
		t.Errorf("%s %v", asJSON(t, r), err)
	}
}

// stored checks that the tables hold the comparison and no other of its day.
func (w *banked) stored(c payments.Comparison) {
	w.t.Helper()
	if n := w.number(`SELECT count(*) FROM reconciliations WHERE provider = 'sandbox' AND day = $1::date AND finished_at = $2 AND matched = $3 AND failure = ''`,
		c.Day, c.FinishedAt, c.Matched); n != 1 {
		w.t.Error("the comparison is not stored")
	}
	rows, err := w.pool.Query(w.t.Context(), `SELECT kind, id, ref, cause, ours, theirs FROM reconciliation_differences WHERE day = $1::date ORDER BY position`, c.Day)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	i := 0
	for ; rows.Next(); i++ {
		var d payments.Difference
		if err := rows.Scan(&d.Code, &d.ID, &d.Ref, &d.Cause, &d.Ours, &d.Theirs); err != nil {
			w.t.Fatal(err)
		}
		if i < len(c.Differences) {
			d.Kind = c.Differences[i].Kind
			if asJSON(w.t, d) != asJSON(w.t, c.Differences[i]) {
				w.t.Errorf("stored %+v, want %+v", d, c.Differences[i])
			}
		}
	}
	if i != len(c.Differences) {
		w.t.Errorf("%d differences are stored of %d", i, len(c.Differences))
	}
}

func TestASecondComparisonTakesThePlaceOfTheFirst(t *testing.T) {
	t.Parallel()
	w := newBanked(t, 1)
	a := w.people(1, 0)[0]
	missed := w.topUp(a, 100)
	w.silently(paid(provider.Payment, missed.ID, 100))
	if c := w.reconcile(w.day); len(c.Differences) != 1 || c.Matched != 0 {
		t.Errorf("%+v", c)
	}
	c := w.reconcile(w.day)
	if len(c.Differences) != 0 || c.Matched != 1 || w.balance(a) != 100 {
		t.Errorf("%+v", c)
	}
	w.stored(c)
}

func TestWhatTheyBookBeforeMidnightAndWeAfterIsNoDifference(t *testing.T) {
	t.Parallel()
	w := newBanked(t, 1)
	a := w.people(1, 1000)[0]
	next := w.day.AddDate(0, 0, 1)
	for _, one := range []id.ID{w.paidIn(a, 100).ID, w.paidOut(a, 50).ID} {
		w.books(one, func(l *provider.Line) { l.At = next.Add(-time.Second) })
		w.ended(one, next.Add(time.Minute))
	}
	for day, matched := range map[time.Time]int64{w.day: 2, next: 0} {
		if c := w.reconcile(day); len(c.Differences) != 0 || c.Matched != matched {
			t.Errorf("%+v", c)
		}
	}
}

func TestWhatWeBookBeforeMidnightAndTheyAfterIsNoDifference(t *testing.T) {
	t.Parallel()
	w := newBanked(t, 1)
	a := w.people(1, 0)[0]
	next := w.day.AddDate(0, 0, 1)
	in := w.paidIn(a, 100)
	w.books(in.ID, func(l *provider.Line) { l.At = next.Add(time.Second) }) // by another clock
	w.ended(in.ID, next.Add(-time.Second))
	for day, matched := range map[time.Time]int64{w.day: 0, next: 1} {
		if c := w.reconcile(day); len(c.Differences) != 0 || c.Matched != matched {
			t.Errorf("%+v", c)
		}
	}
	w.silently(paid(provider.Payment, in.ID, 100))
	if c := w.reconcile(next); len(c.Differences) != 1 || c.Differences[0].Code != payments.TwiceThere {
		t.Errorf("booked on both days: %+v", c)
	}
}

func TestDaysThatCannotBeCompared(t *testing.T) {
	t.Parallel()
	w := newBanked(t, 1)
	_, err := w.money().Reconcile(t.Context(), "nobody", w.day)
	w.refused(err, problem.ProviderUnknown)
	if _, err := w.money().Reconcile(t.Context(), "sandbox", time.Now().AddDate(0, 0, 2)); err == nil {
		t.Error("a day to come")
	}
	w.bank.away = true
	if _, err := w.money().Reconcile(t.Context(), "sandbox", w.day); err == nil || !strings.Contains(err.Error(), errAway.Error()) {
		t.Errorf("%v", err)
	}
	if n := w.number(`SELECT count(*) FROM reconciliations WHERE finished_at IS NULL AND failure LIKE '%the bank is closed'`); n != 1 {
		t.Error("the failure is not noted")
	}
}

func TestEachNightOneNodeComparesTheLastDays(t *testing.T) {
	t.Parallel()
	w := newBanked(t, 3)
	four := w.day.AddDate(0, 0, 1).Add(4 * time.Hour)
	everybody := func(at time.Time) (asked int) {
		w.bank.mu.Lock()
		before := w.bank.asked
		w.bank.mu.Unlock()
		var nodes sync.WaitGroup
		for _, n := range w.nodes {
			nodes.Go(func() { n.money.CompareDue(t.Context(), at) })
		}
		nodes.Wait()
		return w.bank.asked - before
	}
	w.bank.away = true
	if n := everybody(four.Add(-time.Second)); n != 7 {
		t.Errorf("asked %d times for the week before", n)
	}
	w.bank.away = false
	if n := everybody(four.Add(-time.Second)); n != 0 {
		t.Errorf("asked %d times right after a failure", n)
	}
	if n := everybody(four.Add(time.Minute)); n != 1 {
		t.Errorf("asked %d times for the day that has become due", n)
	}
	if n := everybody(four.Add(15 * time.Minute)); n != 6 { // the seventh is out of reach
		t.Errorf("asked %d times a quarter of an hour after a failure", n)
	}
	if n := everybody(four.Add(2 * time.Hour)); n != 0 || w.number(`SELECT count(*) FROM reconciliations WHERE finished_at IS NULL`) != 1 {
		t.Errorf("asked %d times for what is done", n)
	}
	w.exec(`UPDATE reconciliations SET finished_at = NULL, started_at = $2 WHERE day = $1::date`, w.day.Format(time.DateOnly), four.Add(-time.Hour)) // a node died
	if n := everybody(four); n != 1 {
		t.Errorf("asked %d times for what a dead node has begun", n)
	}
	w.exec(`UPDATE reconciliations SET finished_at = $2, started_at = $2 WHERE day = $1::date`, w.day.Format(time.DateOnly), w.noon()) // by hand
	if n := everybody(four); n != 1 {
		t.Errorf("asked %d times for a day that was compared before it was over", n)
	}
}

func TestDueDays(t *testing.T) {
	t.Parallel()
	for now, last := range map[string]string{
		"2026-11-27T03:59:59+08:00": "2026-11-25", "2026-11-27T04:00:00+08:00": "2026-11-26", "2026-11-26T20:00:00Z": "2026-11-26",
		"2026-03-01T12:00:00+08:00": "2026-02-28",
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		days := payments.DueDays(at)
		if len(days) != 7 || days[6].Format(time.DateOnly) != last || !days[0].Equal(days[6].AddDate(0, 0, -6)) || days[6].In(shanghai).Hour() != 0 {
			t.Errorf("%s: %v", now, days)
		}
	}
}

// TestComparisonsFindExactlyWhatDiffers lets chance decide what becomes of
// each booking, and expects just that.
func TestComparisonsFindExactlyWhatDiffers(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 26, 0, 0, 0, 0, shanghai)
	rapid.Check(t, func(t *rapid.T) {
		b := payments.NewBooks(day)
		var want []string
		matched := int64(0)
		expect := func(code payments.Code, kind provider.Kind, of id.ID) {
			want = append(want, fmt.Sprint(code, " ", kind, " ", of))
		}
		for i := range rapid.IntRange(0, 30).Draw(t, "bookings") {
			of := id.ID(1_000_000 + i)
			kind := rapid.SampledFrom([]provider.Kind{provider.Payment, provider.Payoff}).Draw(t, "kind")
			fen := rapid.Int64Range(1, 1000).Draw(t, "fen")
			at := day.Add(time.Duration(rapid.Int64Range(0, int64(24*time.Hour)-1).Draw(t, "at")))
			line := provider.Line{Kind: kind, ID: of.String(), Ref: "ref-" + of.String(), Amount: money.Fen(fen), At: at}
			if rapid.Bool().Draw(t, "by ref") {
				line.ID = ""
			}
			switch rapid.IntRange(0, 8).Draw(t, "fate") {
			case 0:
				b.Ours(kind, of, fen, payments.Paid, at)
				b.Theirs(line)
				matched++
			case 1:
				b.Ours(kind, of, fen, payments.Paid, at)
				expect(payments.MissingThere, kind, of)
			case 2: // one of us a day off, either way
				b.Ours(kind, of, fen, payments.Paid, at)
				line.At = at.AddDate(0, 0, rapid.SampledFrom([]int{-1, 1}).Draw(t, "off"))
				b.Theirs(line)
			case 3: // ours is of another day
				b.Ours(kind, of, fen, payments.Paid, at.AddDate(0, 0, rapid.SampledFrom([]int{-1, 1}).Draw(t, "off")))
				b.Theirs(line)
				matched++
			case 4:
				b.Ours(kind, of, fen, payments.Pending, time.Time{})
				b.Theirs(line)
				expect(payments.MissingHere, kind, of)
			case 5:
				b.Ours(kind, of, fen, payments.Failed, at)
				b.Theirs(line)
				expect(map[provider.Kind]payments.Code{provider.Payment: payments.MissingHere, provider.Payoff: payments.StatusDiffers}[kind], kind, of)
			case 6:
				b.Ours(kind, of, fen+1, payments.Paid, at)
				b.Theirs(line)
				expect(payments.AmountDiffers, kind, of)
			case 7:
				b.Ours(kind, of, fen, payments.Paid, at)
				b.Theirs(line)
				b.Theirs(line)
				matched++
				expect(payments.TwiceThere, kind, of)
			case 8:
				line.ID = of.String()
				b.Theirs(line)
				expect(payments.UnknownID, kind, of)
			}
		}
		n, found := b.Compare()
		got := make([]string, len(found))
		for i, d := range found {
			got[i] = fmt.Sprint(d.Code, " ", d.Kind, " ", d.ID)
		}
		slices.Sort(got)
		slices.Sort(want)
		if n != matched || !slices.Equal(got, want) {
			t.Fatalf("%d match, want %d; got %v, want %v", n, matched, got, want)
		}
	})
}

func TestABusyDayIsCompared(t *testing.T) {
	t.Parallel()
	w := newBanked(t, 1)
	a := w.people(1, 0)[0]
	const lines = 100_000
	first := id.New()
	w.exec(`INSERT INTO topups (id, account_id, provider, amount, status, ref, checkout_url, created_at, expires_at, ended_at)
		SELECT $1::bigint + n, $2, 'sandbox', n, 'paid', 'r' || n, '', $3, $3, $3 FROM generate_series(1, $4::int) n`, first, a.User, w.noon(), lines)
	for n := range lines - 1 { // the last is not there
		of := first + id.ID(n+1)
		w.bank.book = append(w.bank.book, provider.Line{Kind: provider.Payment, ID: of.String(), Amount: money.Fen(int64(n + 1)), At: w.noon()})
	}
	if c := w.reconcile(w.day); c.Matched != lines-1 || len(c.Differences) != 1 || c.Differences[0].Code != payments.MissingThere {
		t.Errorf("%d match, %d differ", c.Matched, len(c.Differences))
	}
}

func TestTheSandboxIsCompared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	b, err := sandbox.New(context.Background(), w.pool, sandbox.Options{Behaviour: sandbox.Never}) // pays and does not tell
	if err != nil {
		t.Fatal(err)
	}
	w.nodes = append(w.nodes, w.node(func(o *payments.Options) { o.Providers = []provider.Provider{b} }))
	a := w.people(1, 0)[0]
	in := w.topUp(a, 1000)
	c, err := w.money().Reconcile(t.Context(), "sandbox", time.Now())
	if err != nil || len(c.Differences) != 1 || c.Differences[0].Code != payments.MissingHere || c.Differences[0].ID != in.ID.String() || w.balance(a) != 1000 {
		t.Fatalf("%s %v, the wallet has %d", asJSON(t, c), err, w.balance(a))
	}
	_, err = b.Refund(t.Context(), provider.Refund{ID: "byhand", Order: provider.Order{ID: in.ID.String(), Amount: money.Fen(1000)}, Amount: money.Fen(400)})
	if err != nil {
		t.Fatal(err)
	}
	c, err = w.money().Reconcile(t.Context(), "sandbox", time.Now())
	if err != nil || len(c.Differences) != 1 || c.Differences[0].Code != payments.RefundedThere || *c.Differences[0].Theirs != 400 || c.Matched != 1 {
		t.Errorf("%s %v", asJSON(t, c), err)
	}
}
