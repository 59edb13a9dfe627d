package payments

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// beginAudit lets this transaction plan for whole tables, which the pool
// forbids, and take its time.
func beginAudit(ctx context.Context, tx pgx.Tx) (at time.Time, err error) {
	err = tx.QueryRow(ctx, `SELECT now(), set_config('enable_seqscan', 'on', true), set_config('enable_hashjoin', 'on', true),
		set_config('enable_mergejoin', 'on', true), set_config('plan_cache_mode', 'auto', true), set_config('statement_timeout', '0', true),
		set_config('work_mem', '128MB', true)`).Scan(&at, nil, nil, nil, nil, nil, nil)
	return at.UTC(), err
}

const maxExamples = 5

// readFindings makes a check and gathers what it found by sentence.
func readFindings(ctx context.Context, tx pgx.Tx, c check) ([]Finding, error) {
	found := []Finding{}
	rows, err := tx.Query(ctx, `WITH bad (what, example, at) AS MATERIALIZED (`+c.sql+`)
		SELECT w.what, w.n, w.since, ARRAY(SELECT b.example FROM bad b WHERE b.what = w.what ORDER BY b.at, b.example LIMIT `+fmt.Sprint(maxExamples)+`)
		FROM (SELECT what, count(*) AS n, min(at) AS since FROM bad GROUP BY what) w ORDER BY w.what`, pgx.QueryExecModeExec)
	if err != nil {
		return found, err
	}
	for rows.Next() {
		f := Finding{Check: c.name}
		if err := rows.Scan(&f.What, &f.Count, &f.Since, &f.Examples); err != nil {
			return found, err
		}
		f.Since = inUTC(f.Since)
		found = append(found, f)
	}
	rows.Close()
	return found, rows.Err()
}

func readTotals(ctx context.Context, tx pgx.Tx) (t AuditTotals, err error) {
	err = tx.QueryRow(ctx, `SELECT count(*), (SELECT count(*) FROM transfers), (SELECT count(*) FROM entries),
			coalesce(sum(balance) FILTER (WHERE kind = 'wallet'), 0)::bigint, coalesce(sum(held), 0)::bigint,
			coalesce(sum(balance) FILTER (WHERE kind = 'platform'), 0)::bigint, coalesce(sum(balance) FILTER (WHERE kind = 'reserve'), 0)::bigint,
			coalesce(sum(balance) FILTER (WHERE kind = 'provider'), 0)::bigint, coalesce(sum(balance) FILTER (WHERE kind = 'test'), 0)::bigint
		FROM accounts`, pgx.QueryExecModeExec).
		Scan(&t.Accounts, &t.Transfers, &t.Entries, &t.Wallets, &t.Held, &t.Income, &t.Reserve, &t.Providers, &t.Test)
	if err != nil {
		return t, fmt.Errorf("sum up the books: %w", err)
	}
	return t, nil
}

// outside is the SQL that writes an id as id.ID.String does: 13 characters of
// five bits, the last of four.
func outside(column string) string {
	const letters = "0123456789abcdefghjkmnpqrstvwxyz"
	parts := make([]string, 0, 13)
	for shift := 59; shift > 0; shift -= 5 {
		parts = append(parts, fmt.Sprintf("substr('%s', (%s >> %d & 31)::int + 1, 1)", letters, column, shift))
	}
	parts = append(parts, fmt.Sprintf("substr('%s', ((%s & 15) << 1)::int + 1, 1)", letters, column))
	return "(" + strings.Join(parts, " || ") + ")"
}

// numbers is a list of accounts for SQL.
func numbers(accounts []id.ID) string {
	parts := make([]string, len(accounts))
	for i, a := range accounts {
		parts[i] = fmt.Sprint(int64(a))
	}
	return strings.Join(parts, ", ")
}

// guard is a trigger that must be there.
type guard struct {
	table, name string
	kind        int // tgtype of pg_trigger: row 1, before 2, insert 4, delete 8, update 16, truncate 32
}

var guards = []guard{
	{"entries", "entries_append_only", 2 + 8 + 16 + 32},
	{"entries", "entries_sum_to_zero", 4},
	{"transfers", "transfers_append_only", 2 + 8 + 16 + 32},
	{"users", "users_have_wallets", 4},
	{"idempotency_keys", "idempotency_keys_kept", 1 + 2 + 8},
}

var constraints = map[string][]string{
	"accounts":         {"accounts_pkey", "accounts_kind", "accounts_currency", "accounts_held_positive", "accounts_not_overdrawn"},
	"transfers":        {"transfers_pkey", "transfers_kind"},
	"entries":          {"entries_pkey", "entries_amount", "entries_version_positive"},
	"holds":            {"holds_pkey", "holds_kind", "holds_amount_positive", "holds_end", "holds_outcome"},
	"tips":             {"tips_pkey", "tips_amount_positive", "tips_parts", "tips_refunded", "tips_not_to_oneself", "tips_visibility"},
	"refunds":          {"refunds_pkey", "refunds_amount_positive", "refunds_parts"},
	"contracts":        {"contracts_pkey", "contracts_shares", "contracts_partner", "contracts_max_tip", "contracts_signed"},
	"payers":           {"payers_pkey", "payers_spent_positive"},
	"topups":           {"topups_pkey", "topups_amount_positive", "topups_status", "topups_end"},
	"withdrawals":      {"withdrawals_pkey", "withdrawals_amount_positive", "withdrawals_status", "withdrawals_end"},
	"idempotency_keys": {"idempotency_keys_pkey"},
	"post_counts":      {"post_counts_pkey", "post_counts_positive"},
}

func guardsSQL() string {
	var triggers, checks []string
	for _, g := range guards {
		triggers = append(triggers, fmt.Sprintf("('%s', '%s', %d)", g.table, g.name, g.kind))
	}
	for _, table := range sortedKeys(constraints) {
		for _, name := range constraints[table] {
			checks = append(checks, fmt.Sprintf("('%s', '%s')", table, name))
		}
	}
	return `SELECT 'A trigger that guards the books is missing, switched off or another one.', w.name || ' on ' || w.tab, NULL::timestamptz
		FROM (VALUES ` + strings.Join(triggers, ", ") + `) w (tab, name, kind)
		LEFT JOIN pg_trigger t ON t.tgrelid = to_regclass(w.tab) AND t.tgname = w.name
		WHERE t.oid IS NULL OR t.tgenabled NOT IN ('O', 'A') OR t.tgtype <> w.kind
	UNION ALL SELECT 'A constraint that guards the books is missing or was never checked.', w.name || ' on ' || w.tab, NULL
		FROM (VALUES ` + strings.Join(checks, ", ") + `) w (tab, name)
		LEFT JOIN pg_constraint c ON c.conrelid = to_regclass(w.tab) AND c.conname = w.name
		WHERE c.oid IS NULL OR NOT c.convalidated
	UNION ALL SELECT 'A unique index that guards the books is missing or not valid.', 'transfers_once on transfers', NULL
		WHERE NOT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('transfers_once') AND indisunique AND indisvalid)`
}

const sumZeroSQL = `
	WITH off AS MATERIALIZED (
		SELECT transfer_id, sum(amount) AS fen, min(created_at) AS at FROM entries GROUP BY transfer_id HAVING sum(amount) <> 0)
	SELECT 'The entries of a transfer do not sum to zero.', 'transfer ' || transfer_id || ' sums to ' || fen || ' fen', at FROM off
	UNION ALL SELECT 'All entries together do not sum to zero.', sum(fen) || ' fen', min(at) FROM off HAVING sum(fen) <> 0`

const transfersSQL = `
	SELECT 'A transfer has no entries.', t.kind || ' ' || t.source || ', transfer ' || t.id, t.created_at
		FROM transfers t WHERE NOT EXISTS (SELECT FROM entries e WHERE e.transfer_id = t.id)
	UNION ALL SELECT 'An entry has no transfer.', 'entry ' || e.version || ' of account ' || e.account_id || ', transfer ' || e.transfer_id, e.created_at
		FROM entries e WHERE NOT EXISTS (SELECT FROM transfers t WHERE t.id = e.transfer_id)`

const runningSQL = `
	SELECT CASE WHEN version <> coalesce(before, 0) + 1 THEN 'The entries of an account are not numbered 1, 2, 3 without gaps.'
			ELSE 'The balance after an entry is not the one before it plus its amount.' END,
		'entry ' || version || ' of account ' || account_id || ': ' || coalesce(stood, 0) || ' and ' || amount || ' make ' || balance || ' fen, after entry ' || coalesce(before, 0),
		created_at
	FROM (SELECT account_id, version, amount, balance, created_at, lag(version) OVER one AS before, lag(balance) OVER one AS stood
		FROM entries WINDOW one AS (PARTITION BY account_id ORDER BY version)) e
	WHERE version <> coalesce(before, 0) + 1 OR balance <> coalesce(stood, 0) + amount`

const balancesSQL = `
	SELECT CASE WHEN a.id IS NULL THEN 'Entries belong to an account that is not there.'
			WHEN a.balance <> coalesce(e.fen, 0) THEN 'The balance of an account is not the sum of its entries.'
			ELSE 'The version of an account is not the number of its entries.' END,
		'account ' || coalesce(a.id, e.account_id) || ' has ' || coalesce(a.balance, 0) || ' fen at version ' || coalesce(a.version, 0)
			|| ', its ' || coalesce(e.n, 0) || ' entries sum to ' || coalesce(e.fen, 0) || ' fen',
		CASE WHEN a.id IS NULL THEN e.first ELSE coalesce(e.last, a.created_at) END
	FROM accounts a FULL JOIN (
		SELECT account_id, sum(amount) AS fen, count(*) AS n, min(created_at) AS first, max(created_at) AS last FROM entries GROUP BY account_id
	) e ON e.account_id = a.id
	WHERE a.id IS NULL OR a.balance <> coalesce(e.fen, 0) OR a.version <> coalesce(e.n, 0)`

// walletsSQL also knows our own accounts.
func walletsSQL() string {
	var ours []string
	for _, a := range platformAccounts() {
		ours = append(ours, fmt.Sprintf("(%d, 'platform')", a))
	}
	for _, a := range reserveAccounts() {
		ours = append(ours, fmt.Sprintf("(%d, 'reserve')", a))
	}
	for _, name := range sortedKeys(accountOf) {
		ours = append(ours, fmt.Sprintf("(%d, 'provider')", accountOf[name]))
	}
	ours = append(ours, fmt.Sprintf("(%d, 'test')", testAccount))
	return `SELECT 'Somebody has no wallet.', 'user ' || u.id, u.created_at
		FROM users u WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.id = u.id AND a.kind = 'wallet')
	UNION ALL SELECT 'One of our own accounts is missing or of another kind.', w.kind || ' account ' || w.id, NULL
		FROM (VALUES ` + strings.Join(ours, ", ") + `) w (id, kind) LEFT JOIN accounts a ON a.id = w.id WHERE a.kind IS DISTINCT FROM w.kind`
}

const overdraftsSQL = `
	SELECT 'An account that may not owe has less than what is held of it.', 'account ' || a.id || ' has ' || a.balance || ' fen, ' || a.held || ' are held',
		coalesce((SELECT max(e.created_at) FROM entries e WHERE e.account_id = a.id), a.created_at)
		FROM accounts a WHERE a.held < 0 OR a.kind NOT IN ('provider', 'test') AND a.balance < a.held
	UNION ALL SELECT 'An account that may not owe was below zero.', 'entry ' || e.version || ' of account ' || e.account_id || ': ' || e.balance || ' fen', e.created_at
		FROM entries e JOIN accounts a ON a.id = e.account_id WHERE e.balance < 0 AND a.kind NOT IN ('provider', 'test')`

const holdsSQL = `
	SELECT CASE WHEN a.id IS NULL THEN 'A hold is on an account that is not there.' ELSE 'What is held of an account is not the sum of its open holds.' END,
		'account ' || coalesce(a.id, h.account_id) || ': ' || coalesce(a.held, 0) || ' fen are held, its ' || coalesce(h.n, 0) || ' open holds sum to ' || coalesce(h.fen, 0) || ' fen',
		coalesce(h.first, (SELECT max(coalesce(o.ended_at, o.created_at)) FROM holds o WHERE o.account_id = a.id), a.created_at)
	FROM accounts a FULL JOIN (
		SELECT account_id, coalesce(sum(amount) FILTER (WHERE ended_at IS NULL), 0) AS fen, count(*) FILTER (WHERE ended_at IS NULL) AS n,
			min(created_at) FILTER (WHERE ended_at IS NULL) AS first FROM holds GROUP BY account_id
	) h ON h.account_id = a.id
	WHERE a.id IS NULL OR a.held <> coalesce(h.fen, 0)`

const withdrawalHoldsSQL = `
	SELECT CASE WHEN w.id IS NULL THEN 'A hold is of a withdrawal that is not there.'
			WHEN h.id IS NULL THEN 'A withdrawal has no hold.'
			WHEN h.amount <> w.amount THEN 'The hold of a withdrawal is of another amount.'
			ELSE 'The hold of a withdrawal has another state: open while it is pending, posted when it is paid, voided when it has failed.' END,
		'withdrawal ' || coalesce(w.id, h.id) || ' of account ' || coalesce(w.account_id, h.account_id) || ' is ' || coalesce(w.status, 'not there')
			|| ', its hold is ' || CASE WHEN h.id IS NULL THEN 'not there' ELSE coalesce(h.outcome, 'open') END
			|| coalesce(' (' || w.amount || ' and ' || h.amount || ' fen)', ''),
		coalesce(w.created_at, h.created_at)
	FROM withdrawals w FULL JOIN (SELECT * FROM holds WHERE kind = 'withdrawal') h ON h.account_id = w.account_id AND h.id = w.id
	WHERE w.id IS NULL OR h.id IS NULL OR h.amount <> w.amount
		OR coalesce(h.outcome, 'open') <> CASE w.status WHEN 'pending' THEN 'open' WHEN 'paid' THEN 'posted' ELSE 'voided' END`

// ours is a list for SQL of the accounts that share the platform's part of tips.
func ours() string { return numbers(slices.Concat(platformAccounts(), reserveAccounts())) }
