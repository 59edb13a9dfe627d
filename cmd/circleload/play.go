package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"lifecircle/cmd/circleload/player"
	"lifecircle/cmd/circleload/report"
	"lifecircle/cmd/circleload/scenario"
)

// play is a run from the flags to the exit status.
func (f *runFlags) play(ctx context.Context, stdout, stderr io.Writer) error {
	if err := f.Target.check(); err != nil {
		return usage(err)
	}
	s, err := f.scenario()
	if err != nil {
		return usage(err)
	}
	m, err := newMeter(f.Output.PID)
	if err != nil {
		return usage(err)
	}
	files, err := f.Output.create()
	if err != nil {
		return usage(err)
	}
	r, err := f.run(ctx, s, m, stderr)
	if err != nil {
		files.remove()
		return notCarried(err)
	}
	if err := errors.Join(r.WriteText(stdout), files.write(r)); err != nil {
		return notCarried(err)
	}
	return judge(r)
}

// run plays the scenario. An error means that there is nothing to report.
func (f *runFlags) run(ctx context.Context, s scenario.Scenario, m *meter, stderr io.Writer) (report.Report, error) {
	fmt.Fprintf(stderr, "%s: %s\n", s.Name, s.About)
	r := report.Report{
		Scenario: s.Name, About: s.About, Protocol: f.Sockets.Protocol, Seed: f.Numbers.Seed, Settings: settings(s, f),
	}
	preparing, cancel := context.WithTimeout(ctx, prepareTimeout)
	t, err := f.Target.prepare(preparing, s)
	cancel()
	if err != nil {
		return r, err
	}
	r.Target = t.name
	ctx, cancel = context.WithTimeout(ctx, limit(s))
	defer cancel()
	p := f.plan(s, t)
	p.OnPhase = m.phase
	bar := newProgress(stderr)
	r.Result, err = player.Run(ctx, p, func(now player.Snapshot) {
		m.second(now.At)
		bar.show(now)
	})
	bar.end()
	m.into(&r)
	r.Problem = problem(r.Result, err)
	return r, nil
}

// enough of the subscriptions must have stood at one time for the scenario to
// have been played.
const enough = 0.9

// problem says why a scenario was not carried out, or not all of it: too few
// came, or a kind of action never succeeded.
func problem(v player.Result, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case v.Measured == 0:
		return "it ended before anything was measured"
	}
	var stood int64
	for _, second := range v.Series {
		if second.Phase == player.Measuring {
			stood = max(stood, second.Subscribed)
		}
	}
	if len(v.Series) > 0 && float64(stood) < enough*float64(v.Subscriptions) {
		return fmt.Sprintf("no more than %d of %d subscriptions stood; the commonest error was %s", stood, v.Subscriptions, commonest(v.Errors))
	}
	for _, kind := range slices.Sorted(maps.Keys(v.Commands)) {
		c := v.Commands[kind]
		if tried := c.Refused + c.Failed; c.Done == 0 && tried > 0 {
			return fmt.Sprintf("none of %d attempts to %s succeeded; the commonest answer was %s", tried, kind, commonest(c.Codes))
		}
	}
	return ""
}

func commonest(codes map[string]int64) string {
	best := "none"
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		if best == "none" || codes[code] > codes[best] {
			best = code
		}
	}
	return best
}

// judge is the exit status; the report has said the reason.
func judge(r report.Report) error {
	switch {
	case r.Judged() && r.Result.Faults() > 0:
		return failure{status: exitFaults, silent: true, err: errors.New("faults")}
	case r.Problem != "":
		return failure{status: exitNotCarried, silent: true, err: errors.New(r.Problem)}
	}
	return nil
}
