package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/money"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
)

// payerRow is what somebody may tip and has tipped. The lock of his account
// guards it.
type payerRow struct {
	own, next  limitsRow // nil members: the standard limit; no change is planned
	nextAt     *time.Time
	day, month time.Time // in which was spent what follows
	dayFen     int64
	monthFen   int64
	changed    bool
}

type limitsRow struct{ perTip, perDay, perMonth *int64 }

// unlimitedFen is what a lifted limit is.
const unlimitedFen = money.Max

// limits returns the limits in force at the time.
func (p *payerRow) limits(now time.Time, unlimited bool) TipLimits {
	l := TipLimits{PerTip: MaxTip, PerDay: DefaultTipsPerDay, PerMonth: DefaultTipsPerMonth}
	if unlimited {
		l.PerDay, l.PerMonth = unlimitedFen, unlimitedFen
	}
	p.own.over(&l)
	if p.nextAt != nil && !now.Before(*p.nextAt) {
		p.next.over(&l)
	}
	return l
}

func (r limitsRow) over(l *TipLimits) {
	for from, to := range map[*int64]*int64{r.perTip: &l.PerTip, r.perDay: &l.PerDay, r.perMonth: &l.PerMonth} {
		if from != nil {
			*to = *from
		}
	}
}

// spent returns what was spent on the day and in the month of now.
func (p *payerRow) spent(now time.Time) (day, month int64) {
	d, m := dayOf(now), monthOf(now)
	if d.Equal(p.day) {
		day = p.dayFen
	}
	if m.Equal(p.month) {
		month = p.monthFen
	}
	return day, month
}

// may tells whether so much may be tipped now.
func (p *payerRow) may(fen int64, now time.Time, unlimited bool) error {
	l := p.limits(now, unlimited)
	day, month := p.spent(now)
	switch {
	case fen > l.PerTip:
		return tipTooLarge(l.PerTip)
	case day+fen > l.PerDay:
		return spentUp(problem.TipDayLimit, "today", day, l.PerDay, fen)
	case month+fen > l.PerMonth:
		return spentUp(problem.TipMonthLimit, "this month", month, l.PerMonth, fen)
	}
	return nil
}

func spentUp(code problem.Code, when string, spent, limit, fen int64) error {
	p := problem.New(code, "You have tipped %d of at most %d fen %s.", spent, limit, when)
	p.Rule = []problem.Clause{{
		Clause: "tips " + when, Have: fmt.Sprintf("%d fen tipped", spent), Need: fmt.Sprintf("at most %d fen, this tip included", limit),
		How: fmt.Sprintf("tip at most %d fen, or raise your limit: that holds a day later", max(0, min(limit-spent, fen))),
	}}
	return p
}

// spend notes a tip.
func (p *payerRow) spend(fen int64, now time.Time) {
	day, month := p.spent(now)
	p.day, p.month, p.dayFen, p.monthFen, p.changed = dayOf(now), monthOf(now), day+fen, month+fen, true
}

// dayOf returns the date of a time in Asia/Shanghai, as Postgres gives dates.
func dayOf(t time.Time) time.Time {
	y, m, d := t.In(shanghai).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func monthOf(t time.Time) time.Time {
	y, m, _ := t.In(shanghai).Date()
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
}

// SetLimits changes how much the actor may tip: what is lower holds at once,
// what is higher from RaiseAfter on. It fails with LimitUnsuitable or a problem
// of an amount.
func (s *Service) SetLimits(ctx context.Context, a Actor, in LimitsChange) (out Limits, err error) {
	if a.User == 0 {
		return out, errSignIn
	}
	wanted, err := in.read()
	if err != nil {
		return out, err
	}
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		p, now, err := lockPayer(ctx, tx, a.User)
		if err != nil {
			return err
		}
		p.change(wanted, now, s.unlimited)
		out = p.shown(now, s.unlimited)
		return writeLimits(ctx, tx, a.User, p)
	})
	return out, outward(err)
}

func (in LimitsChange) read() (limitsRow, error) {
	var out limitsRow
	for _, one := range []struct {
		name string
		in   *money.Input
		out  **int64
		most int64
	}{{"per_tip", in.PerTip, &out.perTip, MaxTip}, {"per_day", in.PerDay, &out.perDay, money.Max}, {"per_month", in.PerMonth, &out.perMonth, money.Max}} {
		if one.in == nil {
			continue
		}
		n, err := one.in.Fen("body." + one.name)
		if err != nil {
			return out, err
		}
		if n > one.most {
			return out, problem.Invalid(problem.LimitUnsuitable, "body."+one.name, "it is at most %d fen", one.most)
		}
		*one.out = &n
	}
	return out, nil
}

// change brings in what has become due, then lowers at once and plans to raise.
func (p *payerRow) change(wanted limitsRow, now time.Time, unlimited bool) {
	if p.nextAt != nil && !now.Before(*p.nextAt) {
		p.own.take(p.next)
		p.next, p.nextAt = limitsRow{}, nil
	}
	have := p.limits(now, unlimited)
	raise := false
	for _, one := range []struct {
		wanted    *int64
		have      int64
		own, next **int64
	}{
		{wanted.perTip, have.PerTip, &p.own.perTip, &p.next.perTip},
		{wanted.perDay, have.PerDay, &p.own.perDay, &p.next.perDay},
		{wanted.perMonth, have.PerMonth, &p.own.perMonth, &p.next.perMonth},
	} {
		switch {
		case one.wanted == nil:
		case *one.wanted > one.have:
			*one.next, raise = one.wanted, true
		default:
			*one.own, *one.next = one.wanted, nil // takes a planned raise back
		}
	}
	switch {
	case raise:
		at := now.Add(RaiseAfter)
		p.nextAt = &at
	case p.next == limitsRow{}:
		p.nextAt = nil
	}
}

func (r *limitsRow) take(o limitsRow) {
	if o.perTip != nil {
		r.perTip = o.perTip
	}
	if o.perDay != nil {
		r.perDay = o.perDay
	}
	if o.perMonth != nil {
		r.perMonth = o.perMonth
	}
}

// shown is what the owner is told.
func (p *payerRow) shown(now time.Time, unlimited bool) Limits {
	l := Limits{TipLimits: p.limits(now, unlimited)}
	l.SpentToday, l.SpentMonth = p.spent(now)
	if p.nextAt != nil && now.Before(*p.nextAt) {
		next := l.TipLimits
		p.next.over(&next)
		l.Next, l.NextAt = &next, p.nextAt
	}
	return l
}
