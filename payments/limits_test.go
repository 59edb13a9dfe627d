package payments

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"lifecircle/internal/problem"
)

// at is a time in Shanghai.
func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", text, shanghai)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// Days and months begin at midnight in Shanghai, wherever the server stands.
func TestWhatWasSpentEndsAtMidnight(t *testing.T) {
	t.Parallel()
	p := &payerRow{}
	for _, c := range []struct {
		at         string
		spends     int64
		day, month int64 // before
	}{
		{"2026-11-30 23:59:59", 100, 0, 0},
		{"2026-11-30 23:59:59", 10, 100, 100},
		{"2026-12-01 00:00:00", 5, 0, 0},
		{"2026-12-01 07:59:59", 5, 5, 5}, // midnight of UTC is no midnight
		{"2026-12-01 08:00:00", 5, 10, 10},
		{"2026-12-02 00:00:00", 1, 0, 15},
		{"2026-12-31 23:59:59", 1, 0, 16},
		{"2027-01-01 00:00:00", 1, 0, 0},
		{"2027-12-01 00:00:00", 1, 0, 0}, // the same month, a year later
		{"2028-02-29 12:00:00", 1, 0, 0},
	} {
		day, month := p.spent(at(c.at))
		if day != c.day || month != c.month {
			t.Errorf("%s: %d and %d spent, want %d and %d", c.at, day, month, c.day, c.month)
		}
		p.spend(c.spends, at(c.at))
	}
}

func TestMayTipUpToTheLimit(t *testing.T) {
	t.Parallel()
	now := at("2026-12-31 23:59:59")
	fresh := func(day, month int64) *payerRow {
		return &payerRow{day: dayOf(now), month: monthOf(now), dayFen: day, monthFen: month}
	}
	for name, c := range map[string]struct {
		p         *payerRow
		fen       int64
		unlimited bool
		code      problem.Code
	}{
		"the first":                     {&payerRow{}, MaxTip, false, ""},
		"one fen more than a tip":       {&payerRow{}, MaxTip + 1, false, problem.TipTooLarge},
		"the last of the day":           {fresh(DefaultTipsPerDay-10, 0), 10, false, ""},
		"one more than the day":         {fresh(DefaultTipsPerDay-10, 0), 11, false, problem.TipDayLimit},
		"the last of the month":         {fresh(0, DefaultTipsPerMonth-10), 10, false, ""},
		"one more than the month":       {fresh(0, DefaultTipsPerMonth-10), 11, false, problem.TipMonthLimit},
		"limits are lifted":             {fresh(DefaultTipsPerDay, DefaultTipsPerMonth), 10, true, ""},
		"lifted, but not those of tips": {&payerRow{}, MaxTip + 1, true, problem.TipTooLarge},
	} {
		if err := c.p.may(c.fen, now, c.unlimited); c.code == "" && err != nil || c.code != "" && !problem.Has(err, c.code) {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
	}
	full := fresh(DefaultTipsPerDay, DefaultTipsPerMonth)
	if err := full.may(1, at("2027-01-01 00:00:00"), false); err != nil {
		t.Errorf("a second later: %v", err)
	}
	if err := fresh(DefaultTipsPerDay, 0).may(1, at("2026-12-30 12:00:00"), false); err != nil {
		t.Errorf("another day: %v", err)
	}
}

// Whatever is asked for in whatever order: what was lowered holds at once and
// for as long as a raise must wait, and no limit is higher than somebody asked
// for at least that long ago.
func TestLimitsRiseLateAndFallAtOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type ask struct {
			fen int64
			at  time.Time
		}
		var (
			p    = &payerRow{}
			now  = at("2026-11-27 12:00:00")
			asks = [3][]ask{}
		)
		standard := [3]int64{MaxTip, DefaultTipsPerDay, DefaultTipsPerMonth}
		inForce := func(t time.Time) [3]int64 {
			l := p.limits(t, false)
			return [3]int64{l.PerTip, l.PerDay, l.PerMonth}
		}
		for range rapid.IntRange(1, 12).Draw(t, "changes") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "hours")) * time.Hour)
			before := inForce(now)
			var wanted limitsRow
			fields := [3]**int64{&wanted.perTip, &wanted.perDay, &wanted.perMonth}
			var values [3]*int64
			for i, f := range fields {
				if rapid.Bool().Draw(t, "asks") {
					n := rapid.Int64Range(1, 2*standard[i]).Draw(t, "fen")
					*f, values[i] = &n, &n
					asks[i] = append(asks[i], ask{n, now})
				}
			}
			p.change(wanted, now, false)
			after := inForce(now)
			for i, v := range values {
				want := before[i]
				if v != nil {
					want = min(want, *v)
				}
				if after[i] != want {
					t.Fatalf("field %d was %d, asked for %v, is %d", i, before[i], v, after[i])
				}
				if v != nil && *v <= before[i] { // also what was to be raised before
					if got := inForce(now.Add(1000 * time.Hour))[i]; got != *v {
						t.Fatalf("field %d was lowered to %d and will be %d", i, *v, got)
					}
				}
			}
			for i, n := range inForce(now) {
				most := standard[i]
				for _, a := range asks[i] {
					if now.Sub(a.at) >= RaiseAfter {
						most = max(most, a.fen)
					}
				}
				if n > most {
					t.Fatalf("field %d is %d, nobody asked for more than %d in time", i, n, most)
				}
			}
			shown := p.shown(now, false)
			if (shown.Next == nil) != (p.next == limitsRow{}) || shown.Next != nil && !shown.NextAt.After(now) {
				t.Fatalf("shown %+v of %+v", shown, p)
			}
		}
	})
}

func TestARaiseWaits(t *testing.T) {
	t.Parallel()
	p, now := &payerRow{}, at("2026-11-27 12:00:00")
	fen := func(n int64) *int64 { return &n }
	p.change(limitsRow{perTip: fen(50), perDay: fen(600_000)}, now, false)
	if l := p.shown(now, false); l.PerTip != 50 || l.PerDay != DefaultTipsPerDay || l.Next == nil || l.Next.PerDay != 600_000 || l.Next.PerTip != 50 || !l.NextAt.Equal(now.Add(RaiseAfter)) {
		t.Errorf("%+v", l)
	}
	if l := p.limits(now.Add(RaiseAfter-time.Microsecond), false); l.PerDay != DefaultTipsPerDay {
		t.Errorf("too early: %+v", l)
	}
	if l := p.shown(now.Add(RaiseAfter), false); l.PerDay != 600_000 || l.Next != nil || l.NextAt != nil {
		t.Errorf("a day later: %+v", l)
	}
	p.change(limitsRow{perDay: fen(400_000)}, now.Add(time.Hour), false) // lowered before it rose
	if l := p.shown(now.Add(2*RaiseAfter), false); l.PerDay != 400_000 || l.PerTip != 50 || l.Next != nil {
		t.Errorf("the raise was not cancelled: %+v", l)
	}
}
