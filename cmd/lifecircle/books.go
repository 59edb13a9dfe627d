package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"lifecircle/internal/app"
	"lifecircle/internal/pg"
	"lifecircle/payments"
)

// withBooks does work on a database as it is: looking at books changes no schema.
func (p program) withBooks(ctx context.Context, work func(context.Context, *app.Database) error) (err error) {
	db, err := app.OpenDatabase(ctx, p.config.Database, false, p.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close(ctx)) }()
	if err := pg.CheckSchema(ctx, db.Pool); err != nil {
		return err
	}
	return work(ctx, db)
}

// audit proves that the books are in order; what is not is an error, too.
func (p program) audit(ctx context.Context, db *app.Database) error {
	lines := p.auditLine
	if p.config.Books.JSON {
		lines = nil
	}
	r, err := payments.Audit(ctx, db.Pool, lines)
	if err != nil {
		return err
	}
	if p.config.Books.JSON {
		err = p.printJSON(r)
	} else {
		err = p.auditTotals(r)
	}
	return errors.Join(err, verdict(r))
}

func verdict(r payments.Report) error {
	wrong := 0
	for _, c := range r.Checks {
		if !c.OK() {
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("the books are not in order: %d of %d checks found something", wrong, len(r.Checks))
	}
	return nil
}

// auditLine prints a check when it is done.
func (p program) auditLine(c payments.AuditCheck) {
	mark := "✓"
	if !c.OK() {
		mark = "✗"
	}
	fmt.Fprintf(p.out, "%s %-18s %s (%s)\n", mark, c.Name, c.Title, c.Took.Round(time.Millisecond))
	for _, f := range c.Findings {
		since := ""
		if f.Since != nil {
			since = ", since " + f.Since.Format(time.RFC3339Nano)
		}
		fmt.Fprintf(p.out, "    %s %d found%s, such as:\n      %s\n", f.What, f.Count, since, strings.Join(f.Examples, "\n      "))
	}
}

func (p program) auditTotals(r payments.Report) error {
	t := r.Totals
	_, err := fmt.Fprintf(p.out, `
%d accounts, %d transfers, %d entries, as of %s, looked at in %s.
Wallets    %15s yuan, of which held %s
Income     %15s
Reserve    %15s
Providers  %15s
Test       %15s
`, t.Accounts, t.Transfers, t.Entries, r.At.Format(time.RFC3339), r.Took.Round(time.Millisecond),
		yuan(t.Wallets), yuan(t.Held), yuan(t.Income), yuan(t.Reserve), yuan(t.Providers), yuan(t.Test))
	return err
}

// reconcile compares a provider's books with ours. Differences are an error, too.
func (p program) reconcile(ctx context.Context, db *app.Database) error {
	c, err := app.Reconcile(ctx, p.config, db, p.log)
	if err != nil {
		return err
	}
	if p.config.Books.JSON {
		err = p.printJSON(c)
	} else {
		err = p.printComparison(c)
	}
	if n := len(c.Differences); n > 0 {
		err = errors.Join(err, fmt.Errorf("the books of %s of %s and ours differ in %d places", c.Provider, c.Day, n))
	}
	return err
}

func (p program) printComparison(c payments.Comparison) error {
	for _, d := range c.Differences {
		fmt.Fprintf(p.out, "%-14s %-7s id %s ref %s\n    %s\n", d.Code, d.Kind, or(d.ID, "-"), or(d.Ref, "-"), d.Cause)
	}
	_, err := fmt.Fprintf(p.out, "%s, %s: %d bookings are the same in both books, %d differences.\n", c.Provider, c.Day, c.Matched, len(c.Differences))
	return err
}

func (p program) printJSON(v any) error {
	enc := json.NewEncoder(p.out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// yuan writes fen for people.
func yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return fmt.Sprintf("%s%d.%02d", sign, fen/100, fen%100)
}
