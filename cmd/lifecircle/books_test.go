package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/localpg"
	"lifecircle/payments"
)

// TestBooksBesideAServer looks at the books of a server at work, and at what a
// superuser did to them.
func TestBooksBesideAServer(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	early := runToEnd(t, nil, "audit", "--data-dir="+dir)
	refused(t, early, "database")
	if strings.Contains(early.errs.String(), "relation") {
		t.Errorf("an unmigrated database: %s", &early.errs)
	}
	serve(t, dir, "--dev", "--demo")

	good := runToEnd(t, nil, "audit", "--data-dir="+dir)
	if said := good.out.String(); good.status != 0 || strings.Count(said, "✓") < 16 || strings.Contains(said, "✗") || !strings.Contains(said, "accounts, ") {
		t.Errorf("status %d\n%s%s", good.status, said, &good.errs)
	}
	day := time.Now().In(time.FixedZone("", 8*60*60)).Format(time.DateOnly)
	same := runToEnd(t, nil, "reconcile", "--provider=sandbox", "--day="+day, "--json", "--data-dir="+dir)
	var c payments.Comparison
	if err := json.Unmarshal([]byte(same.out.String()), &c); err != nil || same.status != 0 || c.Provider != "sandbox" || c.Day != day || len(c.Differences) != 0 {
		t.Errorf("status %d %v\n%s%s", same.status, err, &same.out, &same.errs)
	}
	refused(t, runToEnd(t, nil, "reconcile", "--provider=alipay", "--day="+day, "--data-dir="+dir), "alipay")

	holdAndRelease(t, dir)
	corrupt(t, dir)
	bad := runToEnd(t, nil, "audit", "--json", "--data-dir="+dir)
	var r payments.Report
	if err := json.Unmarshal([]byte(bad.out.String()), &r); err != nil || r.OK {
		t.Errorf("%v\n%s", err, &bad.out)
	}
	refused(t, bad, "not in order: 1 of")
	bad = runToEnd(t, nil, "audit", "--data-dir="+dir)
	if said := bad.out.String(); !strings.Contains(said, "✗ guards") || !strings.Contains(said, "entries_append_only on entries") {
		t.Errorf("%s", said)
	}
	differ := runToEnd(t, nil, "reconcile", "--provider=sandbox", "--day="+day, "--data-dir="+dir)
	if !strings.Contains(differ.out.String(), "unknown_id     payment id stranger") {
		t.Errorf("%s", &differ.out)
	}
	refused(t, differ, "differ in 1 places")
}

// holdAndRelease sets money of somebody's wallet aside, too much of it, and
// gives it back.
func holdAndRelease(t *testing.T, dir string) {
	t.Helper()
	var user id.ID
	onDatabase(t, dir, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT id FROM accounts WHERE kind = 'wallet' AND balance BETWEEN 1000 AND 999999 LIMIT 1`).Scan(&user)
	})
	wallet := []string{"--data-dir=" + dir, "--user=" + user.String()}
	place := func(fen string) *process {
		return runToEnd(t, nil, append([]string{"hold", "place", "--reason=a question", "--amount=" + fen}, wallet...)...)
	}
	refused(t, place("1000000"), "insufficient_funds")
	refused(t, place("0"), "amount_not_positive")
	held := place("1000")
	hold, _, _ := strings.Cut(strings.TrimPrefix(held.out.String(), "Hold "), ":")
	if _, err := id.Parse(hold); err != nil || held.status != 0 || !strings.Contains(held.out.String(), "10.00 yuan") {
		t.Fatalf("%s%s", &held.out, &held.errs)
	}
	if over := runToEnd(t, nil, append([]string{"hold", "release", "--hold=" + hold}, wallet...)...); over.status != 0 {
		t.Errorf("%s%s", &over.out, &over.errs)
	}
	refused(t, runToEnd(t, nil, append([]string{"hold", "release", "--hold=" + user.String()}, wallet...)...), "no such hold")
}

// corrupt takes a guard away, and has the bank book what is not ours.
func corrupt(t *testing.T, dir string) {
	t.Helper()
	onDatabase(t, dir, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `ALTER TABLE entries DISABLE TRIGGER entries_append_only;
			INSERT INTO sandbox_payments (id, token, amount, paid, title, return_url, state, settle_at, settle_as, settled_at)
			VALUES ('stranger', 't', 5, 5, '', '', 'paid', now(), 'paid', now())`)
		return err
	})
}

// onDatabase does something with the Postgres of a server at work.
func onDatabase(t *testing.T, dir string, do func(context.Context, *pgx.Conn) error) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	pg, err := localpg.Start(ctx, localpg.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pg.Stop(ctx) }()
	conn, err := pgx.Connect(ctx, pg.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if err := do(ctx, conn); err != nil {
		t.Fatal(err)
	}
}
