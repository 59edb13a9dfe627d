package payments_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
	"lifecircle/payments"
)

func TestTheBooksOfALivingTownAreInOrder(t *testing.T) {
	t.Parallel()
	w := newTown(t, 300)
	told := 0
	r, err := payments.Audit(t.Context(), w.pool, func(payments.AuditCheck) { told++ })
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK || told != len(r.Checks) || told == 0 || time.Since(r.At) > time.Hour {
		t.Errorf("%s", asJSON(t, r))
	}
	sum := r.Totals
	if sum.Wallets+sum.Income+sum.Reserve+sum.Providers+sum.Test != 0 || sum.Transfers < 50 || sum.Entries < 2*sum.Transfers || sum.Income == 0 || sum.Providers == 0 {
		t.Errorf("%+v", sum)
	}
	if n := w.number(`SELECT sum(balance)::bigint FROM accounts WHERE id >= 1000`); n != sum.Wallets {
		t.Errorf("wallets have %d, not %d", n, sum.Wallets)
	}
}

func TestAuditsOfBooksThatChangeFindNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	author, post := w.posted()
	fans := w.people(4, 10_000)
	done := make(chan struct{})
	var tipping sync.WaitGroup
	for i, fan := range fans {
		tipping.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				got, err := w.nodes[i%2].money.Tip(t.Context(), fan, post, fen(1), id.New().String())
				if err == nil && n%3 == 0 {
					_, err = w.nodes[n%2].money.Refund(t.Context(), author, got.ID, payments.NewRefund{}, id.New().String())
				}
				if err != nil && problem.From(err) == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for {
		r, err := payments.Audit(t.Context(), w.pool, nil)
		if err != nil || !r.OK {
			t.Errorf("%s %v", asJSON(t, r), err)
			break
		}
		if r.Totals.Transfers > 200 {
			break
		}
	}
	close(done)
	tipping.Wait()
}

func TestAnAuditSeesOneMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	_, post := w.posted()
	fan := w.people(1, 1000)[0]
	r, err := payments.Audit(t.Context(), w.pool, func(payments.AuditCheck) { w.tip(fan, post, 1) })
	if err != nil || !r.OK || r.Totals.Transfers != 1 || w.number(`SELECT count(*) FROM transfers`) != int64(1+len(r.Checks)) {
		t.Errorf("%s %v", asJSON(t, r), err)
	}
}

func TestAnAuditPlansForWholeTablesAndLeavesThePoolAsItWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	if _, err := payments.Audit(t.Context(), w.pool, nil); err != nil {
		t.Fatal(err)
	}
	for range w.pool.Stat().TotalConns() {
		var scan, timeout string
		if err := w.pool.QueryRow(t.Context(), `SELECT current_setting('enable_seqscan'), current_setting('statement_timeout')`).Scan(&scan, &timeout); err != nil || scan != "off" || timeout == "0" {
			t.Errorf("%s %s %v", scan, timeout, err)
		}
	}
}

// crime is something that a superuser does to the books. pick selects what,
// and since when it is to be found; do is SQL where %s stands for it.
type crime struct {
	pick   string
	do     string
	found  string   // "check: sentence"
	others []string // checks that find something, too
}

var crimes = []crime{
	// guards
	{`SELECT 0, NULL`, `ALTER TABLE entries DISABLE TRIGGER entries_append_only`, `guards: A trigger that guards`, nil},
	{`SELECT 0, NULL`, `ALTER TABLE entries ENABLE REPLICA TRIGGER entries_sum_to_zero`, `guards: A trigger that guards`, nil},
	{`SELECT 0, NULL`, `DROP TRIGGER idempotency_keys_kept ON idempotency_keys`, `guards: A trigger that guards`, nil},
	{
		`SELECT 0, NULL`, `DROP TRIGGER transfers_append_only ON transfers;
		CREATE TRIGGER transfers_append_only BEFORE UPDATE ON transfers FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`, `guards: A trigger that guards`, nil,
	},
	{`SELECT 0, NULL`, `DROP INDEX transfers_once`, `guards: A unique index that guards`, nil},
	{`SELECT 0, NULL`, `ALTER TABLE accounts DROP CONSTRAINT accounts_not_overdrawn`, `guards: A constraint that guards`, nil},
	{
		`SELECT 0, NULL`, `ALTER TABLE tips DROP CONSTRAINT tips_refunded; ALTER TABLE tips ADD CONSTRAINT tips_refunded CHECK (refunded BETWEEN 0 AND amount) NOT VALID`,
		`guards: A constraint that guards`, nil,
	},
	// entries and transfers
	{
		`SELECT e.transfer_id, e.created_at FROM entries e JOIN transfers t ON t.id = e.transfer_id WHERE t.kind = 'test' LIMIT 1`,
		`UPDATE entries SET amount = amount + 1 WHERE transfer_id = %s AND account_id <> 31`, `sum_zero: The entries of a transfer`,
		[]string{"running_balances", "balances"},
	},
	{
		`SELECT transfer_id, created_at FROM tips ORDER BY 1 LIMIT 1`,
		`UPDATE entries SET amount = amount + 5 WHERE transfer_id = %s AND amount < 0`, `sum_zero: All entries together`,
		[]string{"running_balances", "balances", "tips"},
	},
	{`SELECT 7, '2026-02-03Z'::timestamptz`, `INSERT INTO transfers VALUES (%s, 'test', 31, 'x', '2026-02-03Z')`, `transfers: A transfer has no entries`, nil},
	{`SELECT id, created_at FROM transfers WHERE kind = 'test' LIMIT 1`, `DELETE FROM transfers WHERE id = %s`, `transfers: An entry has no transfer`, nil},
	{
		`SELECT account_id, max(created_at) FROM entries GROUP BY 1 LIMIT 1`,
		`UPDATE entries SET version = version + 1 WHERE account_id = %[1]s AND version = (SELECT max(version) FROM entries WHERE account_id = %[1]s)`,
		`running_balances: The entries of an account are not numbered`, nil,
	},
	{
		`SELECT account_id, created_at FROM entries WHERE version = 2 AND account_id > 1000 LIMIT 1`,
		`DELETE FROM entries WHERE account_id = %s AND version = 1`,
		`running_balances: The entries of an account are not numbered`,
		[]string{"sum_zero", "balances"},
	},
	{
		`SELECT account_id, max(created_at) FROM entries WHERE account_id > 1000 GROUP BY 1 LIMIT 1`,
		`UPDATE entries SET balance = balance + 1 WHERE account_id = %[1]s AND version = (SELECT max(version) FROM entries WHERE account_id = %[1]s)`,
		`running_balances: The balance after an entry`, nil,
	},
	// accounts
	{
		`SELECT account_id, max(created_at) FROM entries WHERE account_id > 1000 GROUP BY 1 LIMIT 1`,
		`UPDATE accounts SET balance = balance + 1 WHERE id = %s`, `balances: The balance of an account`, nil,
	},
	{
		`SELECT account_id, max(created_at) FROM entries WHERE account_id > 1000 GROUP BY 1 LIMIT 1`,
		`UPDATE accounts SET version = version + 1 WHERE id = %s`, `balances: The version of an account`, nil,
	},
	{
		`SELECT account_id, min(created_at) FROM entries WHERE account_id IN (SELECT account_id FROM holds WHERE kind = 'withdrawal') GROUP BY 1 LIMIT 1`,
		`DELETE FROM accounts WHERE id = %[1]s; DELETE FROM holds WHERE account_id = %[1]s AND kind = 'review'`, `balances: Entries belong to an account`,
		[]string{"wallets", "holds"},
	},
	{
		`SELECT 12345, '2026-02-03Z'::timestamptz`, `INSERT INTO users (id, handle, display_name, password_hash, created_at) VALUES (%s, 'poor', 'Poor', '-', '2026-02-03Z')`,
		`wallets: Somebody has no wallet`, nil,
	},
	{`SELECT 23, NULL`, `UPDATE accounts SET kind = 'test' WHERE id = %s`, `wallets: One of our own accounts`, nil},
	{
		`SELECT account_id, max(created_at) FROM entries WHERE account_id > 1000 GROUP BY 1 LIMIT 1`,
		`ALTER TABLE accounts DROP CONSTRAINT accounts_not_overdrawn; UPDATE accounts SET balance = held - 1 WHERE id = %s`,
		`overdrafts: An account that may not owe has less`,
		[]string{"guards", "balances"},
	},
	{
		`SELECT account_id, max(created_at) FROM entries WHERE account_id > 1000 GROUP BY 1 LIMIT 1`,
		`UPDATE entries SET balance = -1 WHERE account_id = %[1]s AND version = (SELECT max(version) FROM entries WHERE account_id = %[1]s)`,
		`overdrafts: An account that may not owe was below zero`,
		[]string{"running_balances"},
	},
	// holds
	{
		`SELECT a.id, min(h.created_at) FROM accounts a JOIN holds h ON h.account_id = a.id WHERE h.ended_at IS NULL AND a.balance > a.held GROUP BY 1 LIMIT 1`,
		`UPDATE accounts SET held = held + 1 WHERE id = %s`, `holds: What is held of an account`, nil,
	},
	{
		`SELECT 4711, '2026-02-03Z'::timestamptz`, `INSERT INTO holds VALUES (%s, 1, 'review', 5, '', NULL, '2026-02-03Z')`, `holds: A hold is on an account`, nil,
	},
	{
		`SELECT account_id, '2026-02-03Z'::timestamptz FROM withdrawals LIMIT 1`, `INSERT INTO holds VALUES (%s, 1, 'withdrawal', 5, '', NULL, '2026-02-03Z', now(), 'voided')`,
		`withdrawal_holds: A hold is of a withdrawal`, nil,
	},
	{`SELECT id, created_at FROM withdrawals WHERE status = 'paid' LIMIT 1`, `DELETE FROM holds WHERE id = %s`, `withdrawal_holds: A withdrawal has no hold`, nil},
	{`SELECT id, created_at FROM withdrawals WHERE status = 'failed' LIMIT 1`, `UPDATE holds SET amount = amount + 1 WHERE id = %s`, `withdrawal_holds: The hold of a withdrawal is of another amount`, nil},
	{`SELECT id, created_at FROM withdrawals WHERE status = 'failed' LIMIT 1`, `UPDATE holds SET outcome = 'posted' WHERE id = %s`, `withdrawal_holds: The hold of a withdrawal has another state`, nil},
	{
		`SELECT id, created_at FROM withdrawals WHERE status = 'pending' LIMIT 1`,
		`UPDATE accounts a SET held = held - h.amount FROM holds h WHERE h.account_id = a.id AND h.id = %[1]s; UPDATE holds SET outcome = 'voided', ended_at = now() WHERE id = %[1]s`,
		`withdrawal_holds: The hold of a withdrawal has another state`, nil,
	},
	// tips
	{`SELECT transfer_id, created_at FROM tips LIMIT 1`, `UPDATE tips SET transfer_id = 1 WHERE transfer_id = %s`, `tips: A tip has no transfer`, nil},
	{`SELECT transfer_id, created_at FROM tips LIMIT 1`, `UPDATE transfers SET payer_id = 31 WHERE id = %s`, `tips: The transfer of a tip is another one's`, nil},
	{`SELECT transfer_id, created_at FROM tips LIMIT 1`, `UPDATE transfers SET source = 'x' WHERE id = %s`, `tips: The transfer of a tip is another one's`, nil},
	{`SELECT transfer_id, created_at FROM tips LIMIT 1`, `UPDATE transfers SET kind = 'test' WHERE id = %s`, `tips: The transfer of a tip is another one's`, nil},
	{
		`SELECT transfer_id, created_at FROM tips WHERE refunded = 0 AND author_part > 0 LIMIT 1`,
		`UPDATE tips SET author_part = author_part - 1, platform_part = platform_part + 1 WHERE transfer_id = %s`, `tips: The transfer of a tip does not give`, nil,
	},
	{
		`SELECT transfer_id, created_at FROM tips WHERE partner_part > 0 AND refunded = 0 LIMIT 1`,
		`UPDATE tips SET partner_id = (SELECT id FROM users u WHERE u.id NOT IN (payer_id, author_id, partner_id) LIMIT 1) WHERE transfer_id = %s`, `tips: The transfer of a tip does not give`, nil,
	},
	{
		`SELECT transfer_id, created_at FROM tips WHERE refunded = 0 LIMIT 1`, `DELETE FROM tips WHERE transfer_id = %s`,
		`tips: A transfer is of a tip that is not there`,
		[]string{"post_totals", "payers", "keys"},
	},
	// refunds
	{`SELECT transfer_id, created_at FROM refunds LIMIT 1`, `UPDATE refunds SET tip_id = 1 WHERE transfer_id = %s`, `refunds: A refund is of a tip that is not there`, nil},
	{`SELECT transfer_id, created_at FROM refunds LIMIT 1`, `UPDATE refunds SET transfer_id = 1 WHERE transfer_id = %s`, `refunds: A refund has no transfer`, nil},
	{`SELECT transfer_id, created_at FROM refunds LIMIT 1`, `UPDATE transfers SET source = 'x' WHERE id = %s`, `refunds: The transfer of a refund is another one's`, nil},
	{
		`SELECT r.transfer_id, r.created_at FROM refunds r WHERE author_part > reserve_paid LIMIT 1`,
		`UPDATE refunds SET author_part = author_part - 1, platform_part = platform_part + 1 WHERE transfer_id = %s`, `refunds: The transfer of a refund does not take`, nil,
	},
	{
		`SELECT r.transfer_id, r.created_at FROM refunds r LIMIT 1`, `UPDATE entries SET account_id = 23 WHERE transfer_id = %s AND amount > 0`,
		`refunds: The transfer of a refund does not take`,
		[]string{"running_balances", "balances"},
	},
	{`SELECT transfer_id, created_at FROM refunds LIMIT 1`, `DELETE FROM refunds WHERE transfer_id = %s`, `refunds: A transfer is of a refund that is not there`, []string{"keys"}},
	{
		`SELECT transfer_id, created_at FROM tips WHERE refunded > 1 LIMIT 1`, `UPDATE tips SET refunded = refunded - 1 WHERE transfer_id = %s`,
		`refunds: What a tip says was given back`,
		[]string{"post_totals"},
	},
	{
		`SELECT r.transfer_id, t.created_at FROM refunds r JOIN tips t ON t.circle_id = r.circle_id AND t.id = r.tip_id WHERE r.amount = t.amount AND r.platform_part > 0 LIMIT 1`,
		`UPDATE refunds SET author_part = author_part + 1, platform_part = platform_part - 1 WHERE transfer_id = %s`, `refunds: More was given back of a tip`, nil,
	},
	// top-ups and withdrawals
	{`SELECT id, '2026-02-03Z'::timestamptz FROM topups WHERE status = 'failed' LIMIT 1`, `UPDATE topups SET status = 'paid', ended_at = '2026-02-03Z' WHERE id = %s`, `topups: A top-up is paid and has no transfer`, nil},
	{`SELECT id, ended_at FROM topups WHERE status = 'paid' LIMIT 1`, `UPDATE topups SET status = 'failed' WHERE id = %s`, `topups: A top-up is not paid and has a transfer`, nil},
	{`SELECT id, ended_at FROM topups WHERE status = 'paid' LIMIT 1`, `UPDATE topups SET amount = amount + 1 WHERE id = %s`, `topups: The transfer of a top-up moves another`, nil},
	{`SELECT id, ended_at FROM topups WHERE status = 'paid' LIMIT 1`, `UPDATE topups SET provider = 'alipay' WHERE id = %s`, `topups: The transfer of a top-up moves another`, nil},
	{`SELECT id, ended_at FROM topups WHERE status = 'paid' LIMIT 1`, `UPDATE topups SET account_id = (SELECT min(id) FROM users WHERE id <> account_id) WHERE id = %s`, `topups: The transfer of a top-up moves another`, []string{"keys"}},
	{`SELECT id, ended_at FROM topups WHERE status = 'paid' LIMIT 1`, `DELETE FROM topups WHERE id = %s`, `topups: A transfer is of a top-up that is not there`, []string{"keys"}},
	{
		`SELECT id, ended_at FROM withdrawals WHERE status = 'paid' LIMIT 1`, `UPDATE withdrawals SET status = 'failed' WHERE id = %[1]s; UPDATE holds SET outcome = 'voided' WHERE id = %[1]s`,
		`withdrawals: A withdrawal is not paid and has a transfer`, nil,
	},
	{
		`SELECT id, ended_at FROM withdrawals WHERE status = 'failed' LIMIT 1`, `UPDATE withdrawals SET status = 'paid' WHERE id = %[1]s; UPDATE holds SET outcome = 'posted' WHERE id = %[1]s`,
		`withdrawals: A withdrawal is paid and has no transfer`, nil,
	},
	{
		`SELECT id, ended_at FROM withdrawals WHERE status = 'paid' LIMIT 1`, `UPDATE withdrawals SET amount = amount + 1 WHERE id = %[1]s; UPDATE holds SET amount = amount + 1 WHERE id = %[1]s`,
		`withdrawals: The transfer of a withdrawal moves another`, nil,
	},
	{
		`SELECT id, ended_at FROM withdrawals WHERE status = 'paid' LIMIT 1`, `DELETE FROM withdrawals WHERE id = %[1]s; DELETE FROM holds WHERE id = %[1]s`,
		`withdrawals: A transfer is of a withdrawal that is not there`,
		[]string{"keys"},
	},
	// what is counted
	{`SELECT post_id, min(created_at) FROM tips GROUP BY 1 LIMIT 1`, `UPDATE post_counts SET tip_total = tip_total + 1 WHERE post_id = %s`, `post_totals: The number or the sum`, nil},
	{`SELECT post_id, min(created_at) FROM tips GROUP BY 1 LIMIT 1`, `UPDATE post_counts SET tip_count = tip_count + 1 WHERE post_id = %s`, `post_totals: The number or the sum`, nil},
	{`SELECT payer_id, max(created_at) FROM tips GROUP BY 1 LIMIT 1`, `UPDATE payers SET day_spent = day_spent - 1 WHERE account_id = %s`, `payers: What a payer has tipped`, nil},
	{`SELECT payer_id, max(created_at) FROM tips GROUP BY 1 LIMIT 1`, `UPDATE payers SET month_spent = month_spent + 1 WHERE account_id = %s`, `payers: What a payer has tipped`, nil},
	{`SELECT payer_id, max(created_at) FROM tips GROUP BY 1 LIMIT 1`, `UPDATE payers SET day = day - 1, day_spent = 0 WHERE account_id = %s`, `payers: What a payer has tipped`, nil},
	{`SELECT payer_id, max(created_at) FROM tips GROUP BY 1 LIMIT 1`, `DELETE FROM payers WHERE account_id = %s`, `payers: What a payer has tipped`, nil},
	{
		`SELECT quote_literal(key), created_at FROM idempotency_keys WHERE forever AND status = 201 AND answer LIKE '%"split"%' LIMIT 1`,
		`UPDATE idempotency_keys SET answer = overlay(answer PLACING 'zzzz' FROM 30 FOR 4) WHERE key = %s`, `keys: A kept key says`, nil,
	},
	{
		`SELECT quote_literal(key), created_at FROM idempotency_keys WHERE forever AND status = 201 LIMIT 1`,
		`UPDATE idempotency_keys SET answer = 'nonsense' WHERE key = %s`, `keys: A kept key says`, nil,
	},
	{
		`SELECT quote_literal(key), created_at FROM idempotency_keys WHERE forever AND status = 201 LIMIT 1`,
		`UPDATE idempotency_keys SET user_id = 1 WHERE key = %s`, `keys: A kept key says`, nil,
	},
}

var errUndo = errors.New("undo it")

func TestEveryCorruptionIsFoundNamedAndDated(t *testing.T) {
	t.Parallel()
	w := newTown(t, 300)
	covered := map[string]bool{}
	for _, c := range crimes {
		name, _, _ := strings.Cut(c.found, ":")
		covered[name] = true
		w.commit(c)
	}
	r, err := payments.Audit(t.Context(), w.pool, nil)
	if err != nil || !r.OK {
		t.Errorf("the town was left in disorder: %s (%v)", asJSON(t, r), err)
	}
	for _, c := range r.Checks {
		if !covered[c.Name] {
			t.Errorf("nothing here is found by %s", c.Name)
		}
	}
}

// commit corrupts, audits and takes it back.
func (w *town) commit(c crime) {
	w.t.Helper()
	what, since := w.pick(c.pick)
	do := c.do
	if strings.Contains(do, "%") {
		do = fmt.Sprintf(do, what)
	}
	var r payments.Report
	err := pgx.BeginFunc(w.t.Context(), w.pool, func(tx pgx.Tx) (err error) {
		// Nobody is looked after by triggers then.
		if _, err = tx.Exec(w.t.Context(), `SET LOCAL session_replication_role = replica; `+do, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		if r, err = payments.AuditIn(w.t.Context(), tx, nil); err != nil {
			return err
		}
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		w.t.Errorf("%s: %v", do, err)
		return
	}
	w.solved(c, do, since, r)
}

func (w *town) solved(c crime, do string, since *time.Time, r payments.Report) {
	w.t.Helper()
	check, what, _ := strings.Cut(c.found, ": ")
	found, named := false, map[string]bool{}
	for _, k := range r.Checks {
		for _, f := range k.Findings {
			named[k.Name] = true
			if k.Name != check || f.Check != check || !strings.HasPrefix(f.What, what) {
				continue
			}
			found = true
			if f.Count < 1 || len(f.Examples) < 1 || len(f.Examples) > 5 || f.Examples[0] == "" {
				w.t.Errorf("%s: %+v", do, f)
			}
			if (f.Since == nil) != (since == nil) || since != nil && !f.Since.Equal(*since) {
				w.t.Errorf("%s: since %v, want %v: %+v", do, f.Since, since, f)
			}
		}
	}
	want := append([]string{check}, c.others...)
	for name := range named {
		if !slices.Contains(want, name) {
			w.t.Errorf("%s: %s was found, too: %s", do, name, asJSON(w.t, r.Checks))
		}
	}
	if !found || r.OK || len(named) != len(want) {
		w.t.Errorf("%s: found %v, want %s and %v", do, named, c.found, c.others)
	}
}

// pick finds what a crime is done to; if there is none yet, more happens.
func (w *town) pick(sql string) (what string, since *time.Time) {
	w.t.Helper()
	for range 2000 {
		err := w.pool.QueryRow(w.t.Context(), `SELECT a::text, b::timestamptz FROM (`+sql+`) one (a, b)`).Scan(&what, &since)
		switch {
		case err == nil:
			return what, since
		case !errors.Is(err, pgx.ErrNoRows):
			w.t.Fatalf("%s: %v", sql, err)
		}
		w.something()
	}
	w.t.Fatalf("nothing for %s", sql)
	return "", nil
}

func TestTheDatabaseRefusesByItself(t *testing.T) {
	t.Parallel()
	w := newTown(t, 40)
	w.tip(w.people[0], w.posts[2], 1)
	a := w.people[0].User
	for sql, constraint := range map[string]string{
		`UPDATE entries SET amount = amount`:                   "entries_append_only",
		`DELETE FROM entries`:                                  "entries_append_only",
		`DELETE FROM entries WHERE version = -1`:               "entries_append_only",
		`TRUNCATE entries`:                                     "entries_append_only",
		`UPDATE transfers SET source = source`:                 "transfers_append_only",
		`DELETE FROM transfers`:                                "transfers_append_only",
		`TRUNCATE transfers`:                                   "transfers_append_only",
		`TRUNCATE transfers, entries`:                          "transfers_append_only",
		`INSERT INTO entries VALUES (1, 9999, 5, 1, 1, now())`: "entries_sum_to_zero",
		`INSERT INTO entries VALUES (1, 9999, 5, 1, 1, now()), (2, 9999, 6, -1, 1, now())`:                              "entries_sum_to_zero",
		`INSERT INTO entries VALUES (1, 9999, 5, 0, 1, now())`:                                                          "entries_amount",
		fmt.Sprintf(`UPDATE accounts SET balance = -1, held = 0 WHERE id = %d`, a):                                      "accounts_not_overdrawn",
		fmt.Sprintf(`UPDATE accounts SET balance = 5, held = 6 WHERE id = %d`, a):                                       "accounts_not_overdrawn",
		fmt.Sprintf(`UPDATE accounts SET held = -1 WHERE id = %d`, a):                                                   "accounts_held_positive",
		`UPDATE accounts SET balance = -1 WHERE kind = 'reserve'`:                                                       "accounts_not_overdrawn",
		`UPDATE tips SET refunded = amount + 1`:                                                                         "tips_refunded",
		`UPDATE tips SET author_part = author_part + 1`:                                                                 "tips_parts",
		`INSERT INTO transfers SELECT 1, kind, payer_id, source, created_at FROM transfers WHERE kind = 'test' LIMIT 1`: "transfers_once",
		`INSERT INTO entries SELECT account_id, version, 1, n, n, now() FROM entries, (VALUES (1), (-1)) s (n)`:         "entries_pkey",
	} {
		_, err := w.pool.Exec(t.Context(), sql)
		if got := pg.Constraint(err); got != constraint {
			t.Errorf("%s: %v, want %s", sql, err, constraint)
		}
	}
	before := w.number(`SELECT count(*) FROM idempotency_keys WHERE forever`)
	w.exec(`INSERT INTO idempotency_keys (user_id, key, fingerprint, status, answer) VALUES ($1, 'passing', '', 201, '{}')`, id.New())
	w.exec(`DELETE FROM idempotency_keys`)
	if n := w.number(`SELECT count(*) FROM idempotency_keys`); n != before || n == 0 {
		t.Errorf("%d keys are left of %d kept ones", n, before)
	}
	r, err := payments.Audit(t.Context(), w.pool, nil)
	if err != nil || !r.OK {
		t.Errorf("%s %v", asJSON(t, r), err)
	}
}
