package payments

import (
	"cmp"
	"slices"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/payments/ledger"
)

// Accounts of ours; see migrations. Income and the reserve are spread over
// several, so that batches of several lanes and nodes seldom wait for the same.
const (
	slots          = 8
	firstPlatform  = id.ID(1)
	firstReserve   = id.ID(11)
	testAccount    = id.ID(31)
	sandboxAccount = id.ID(21)
	alipayAccount  = id.ID(22)
	stripeAccount  = id.ID(23)
)

// accountOf holds what each provider keeps for us.
var accountOf = map[string]id.ID{"sandbox": sandboxAccount, "alipay": alipayAccount, "stripe": stripeAccount}

func (b *batch) platform() id.ID { return firstPlatform + b.slot - 1 }
func (b *batch) reserve() id.ID  { return firstReserve + b.slot - 1 }

func platformAccounts() []id.ID { return accountRange(firstPlatform) }
func reserveAccounts() []id.ID  { return accountRange(firstReserve) }
func ourAccounts() []id.ID      { return append(platformAccounts(), reserveAccounts()...) }

func accountRange(first id.ID) []id.ID {
	ids := make([]id.ID, slots)
	for i := range ids {
		ids[i] = first + id.ID(i)
	}
	return ids
}

// lockAccounts queues the lock of the accounts in the order of their ids. The
// book is complete once the queue was sent.
func lockAccounts(q *pgx.Batch, ids set[id.ID]) (book func() *ledger.Book) {
	var accounts []ledger.Account
	if len(ids) > 0 {
		q.Queue(`SELECT id, kind, balance, held, version FROM accounts WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE`, sortedKeys(ids)).
			Query(func(rows pgx.Rows) error {
				var a ledger.Account
				return each(rows, []any{&a.ID, &a.Kind, &a.Balance, &a.Held, &a.Version}, func() { accounts = append(accounts, a) })
			})
	}
	return func() *ledger.Book { return ledger.NewBook(accounts...) }
}

func (b *batch) writeAccounts(q *pgx.Batch) {
	changed := b.book.Changed()
	if len(changed) == 0 {
		return
	}
	slices.SortFunc(changed, func(a, b *ledger.Account) int { return cmp.Compare(a.ID, b.ID) })
	n := len(changed)
	ids, balances, helds, versions := make([]id.ID, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i, a := range changed {
		ids[i], balances[i], helds[i], versions[i] = a.ID, a.Balance, a.Held, a.Version
	}
	q.Queue(`UPDATE accounts a SET balance = n.balance, held = n.held, version = n.version
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS n (id, balance, held, version)
		WHERE a.id = n.id`, ids, balances, helds, versions)
}

// writeTransfers stores the transfers, then all their entries by one
// statement, which the database checks to sum to zero.
func (b *batch) writeTransfers(q *pgx.Batch) {
	if len(b.transfers) == 0 {
		return
	}
	n := len(b.transfers)
	ids, kinds, payers, sources := make([]id.ID, n), make([]string, n), make([]id.ID, n), make([]string, n)
	for i, t := range b.transfers {
		ids[i], kinds[i], payers[i], sources[i] = t.id, t.kind, t.payer, t.source
	}
	q.Queue(`INSERT INTO transfers (id, kind, payer_id, source, created_at)
		SELECT id, kind, payer_id, source, $5 FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[]) AS n (id, kind, payer_id, source)`,
		ids, kinds, payers, sources, b.now)

	entries := b.book.Entries()
	n = len(entries)
	accounts, transfers := make([]id.ID, n), make([]id.ID, n)
	versions, amounts, balances := make([]int64, n), make([]int64, n), make([]int64, n)
	for i, e := range entries {
		accounts[i], transfers[i], versions[i], amounts[i], balances[i] = e.Account, e.Transfer, e.Version, e.Amount, e.Balance
	}
	q.Queue(`INSERT INTO entries (account_id, version, transfer_id, amount, balance, created_at)
		SELECT account_id, version, transfer_id, amount, balance, $6
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS n (account_id, version, transfer_id, amount, balance)`,
		accounts, versions, transfers, amounts, balances, b.now)
}
