package payments

import (
	"fmt"
	"strings"
)

func tipsSQL() string {
	const which = `'tip ' || t.id || ' of post ' || t.post_id || ' in circle ' || t.circle_id || ', transfer ' || t.transfer_id`
	return `
	SELECT CASE WHEN x.id IS NULL THEN 'A tip has no transfer.' ELSE 'The transfer of a tip is another one''s: its kind, payer or source differ.' END, ` + which + `, t.created_at
		FROM tips t LEFT JOIN transfers x ON x.id = t.transfer_id
		WHERE x.id IS NULL OR x.kind <> 'tip' OR x.payer_id <> t.payer_id OR x.source <> ` + tipName("t.circle_id", "t.post_id", "t.id") + `
	UNION ALL SELECT 'The transfer of a tip does not give everybody his part.',
		'transfer ' || transfer_id || ': account ' || CASE account WHEN 0 THEN 'of ours' ELSE account::text END || ' is off by ' || -sum(fen) || ' fen', min(at)
		FROM (
			SELECT t.transfer_id, part.account, part.fen, t.created_at AS at FROM tips t CROSS JOIN LATERAL (
				VALUES (t.payer_id, -t.amount), (t.author_id, t.author_part), (t.partner_id, t.partner_part), (0, t.platform_part)) part (account, fen)
				WHERE part.fen <> 0
			UNION ALL SELECT e.transfer_id, CASE WHEN e.account_id IN (` + ours() + `) THEN 0 ELSE e.account_id END, -e.amount, e.created_at
				FROM entries e JOIN tips t ON t.transfer_id = e.transfer_id
		) both_sides GROUP BY transfer_id, account HAVING sum(fen) <> 0
	UNION ALL SELECT 'A transfer is of a tip that is not there.', 'tip ' || x.source || ', transfer ' || x.id, x.created_at
		FROM transfers x WHERE x.kind = 'tip' AND NOT EXISTS (SELECT FROM tips t WHERE t.transfer_id = x.id)`
}

// tipName is the SQL of a tip's name outside.
func tipName(circle, post, tip string) string {
	return outside(circle) + " || " + outside(post) + " || " + outside(tip)
}

func refundsSQL() string {
	const which = `'refund ' || r.id || ' of tip ' || r.tip_id || ' of post ' || r.post_id || ' in circle ' || r.circle_id || ', transfer ' || r.transfer_id`
	return `
	SELECT CASE WHEN t.id IS NULL THEN 'A refund is of a tip that is not there.'
			WHEN x.id IS NULL THEN 'A refund has no transfer.'
			ELSE 'The transfer of a refund is another one''s: its kind, payer or source differ.' END, ` + which + `, r.created_at
		FROM refunds r LEFT JOIN tips t ON t.circle_id = r.circle_id AND t.post_id = r.post_id AND t.id = r.tip_id LEFT JOIN transfers x ON x.id = r.transfer_id
		WHERE t.id IS NULL OR x.id IS NULL OR x.kind <> 'refund' OR x.payer_id <> t.author_id
			OR x.source <> ` + tipName("r.circle_id", "r.post_id", "r.tip_id") + ` || ` + outside("r.id") + `
	UNION ALL SELECT 'The transfer of a refund does not take from everybody what he gives back.', ` + which + `, r.created_at
		FROM (` + refundLegs() + `) r
		WHERE given IS DISTINCT FROM amount OR to_others OR by_strangers OR coalesce(by_us, 0) <> platform_part + reserve_paid
			OR coalesce(by_author, 0) > author_part + CASE WHEN author_id = partner_id THEN partner_part ELSE 0 END
			OR coalesce(by_partner, 0) > partner_part + CASE WHEN author_id = partner_id THEN author_part ELSE 0 END
	UNION ALL SELECT 'A transfer is of a refund that is not there.', 'refund ' || x.source || ', transfer ' || x.id, x.created_at
		FROM transfers x WHERE x.kind = 'refund' AND NOT EXISTS (SELECT FROM refunds r WHERE r.transfer_id = x.id)
	UNION ALL SELECT CASE WHEN t.refunded <> coalesce(r.fen, 0) THEN 'What a tip says was given back of it is not the sum of its refunds.'
			ELSE 'More was given back of a tip, or of somebody''s part of it, than there was.' END,
		'tip ' || t.id || ' of post ' || t.post_id || ' in circle ' || t.circle_id || ': ' || t.refunded || ' of ' || t.amount || ' fen, refunds sum to ' || coalesce(r.fen, 0),
		t.created_at
		FROM tips t LEFT JOIN (SELECT circle_id, post_id, tip_id, sum(amount) AS fen, sum(author_part) AS author, sum(partner_part) AS partner, sum(platform_part) AS platform
			FROM refunds GROUP BY circle_id, post_id, tip_id) r ON r.circle_id = t.circle_id AND r.post_id = t.post_id AND r.tip_id = t.id
		WHERE t.refunded <> coalesce(r.fen, 0) OR t.refunded > t.amount
			OR r.author > t.author_part OR r.partner > t.partner_part OR r.platform > t.platform_part`
}

// refundLegs sums up who gave how much in the transfer of each refund. What
// author and partner do not have any more, the reserve pays.
func refundLegs() string {
	return strings.ReplaceAll(`SELECT r.circle_id, r.post_id, r.tip_id, r.id, r.transfer_id, r.created_at, r.amount, r.author_part, r.partner_part, r.platform_part, r.reserve_paid,
			t.author_id, t.partner_id, sum(e.amount) FILTER (WHERE e.amount > 0) AS given,
			coalesce(bool_or(e.amount > 0 AND e.account_id <> t.payer_id), false) AS to_others,
			coalesce(bool_or(e.amount < 0 AND e.account_id NOT IN ($ours) AND e.account_id NOT IN (t.author_id, coalesce(t.partner_id, t.author_id))), false) AS by_strangers,
			-sum(e.amount) FILTER (WHERE e.account_id IN ($ours)) AS by_us,
			-sum(e.amount) FILTER (WHERE e.account_id = t.author_id AND e.amount < 0) AS by_author,
			-sum(e.amount) FILTER (WHERE e.account_id = t.partner_id AND e.amount < 0) AS by_partner
		FROM refunds r JOIN tips t ON t.circle_id = r.circle_id AND t.post_id = r.post_id AND t.id = r.tip_id LEFT JOIN entries e ON e.transfer_id = r.transfer_id
		GROUP BY r.circle_id, r.post_id, r.tip_id, r.id, t.author_id, t.partner_id`, "$ours", ours())
}

func topUpsSQL() string { return moved("topups", "topup", "top-up", 1, "known.account") }

func withdrawalsSQL() string {
	return moved("withdrawals", "withdrawal", "withdrawal", -1, "w.account_id")
}

// moved compares what came in or went out with its transfers: sign is that of
// the wallet's entry, payer the account that pays.
func moved(table, kind, name string, sign int, payer string) string {
	known := make([]string, 0, len(accountOf))
	for _, provider := range sortedKeys(accountOf) {
		known = append(known, fmt.Sprintf("('%s', %d)", provider, accountOf[provider]))
	}
	return strings.NewReplacer("$table", table, "$kind", kind, "$name", name, "$sign", fmt.Sprint(sign), "$payer", payer,
		"$known", strings.Join(known, ", "), "$id", outside("w.id")).Replace(`
	SELECT CASE WHEN w.id IS NULL THEN 'A transfer is of a $name that is not there.'
			WHEN x.id IS NULL THEN 'A $name is paid and has no transfer.'
			WHEN w.status <> 'paid' THEN 'A $name is not paid and has a transfer.'
			ELSE 'The transfer of a $name moves another amount or other accounts.' END,
		coalesce('$name ' || w.id || ' of account ' || w.account_id || ': ' || w.amount || ' fen, ' || w.status, '$name ' || x.source) || coalesce(', transfer ' || x.id, ''),
		coalesce(w.ended_at, w.created_at, x.created_at)
	FROM $table w LEFT JOIN (VALUES $known) known (provider, account) ON known.provider = w.provider
	FULL JOIN (
		SELECT x.id, x.source, x.payer_id, x.created_at, array_agg(e.account_id || ' ' || e.amount) AS legs
		FROM transfers x LEFT JOIN entries e ON e.transfer_id = x.id WHERE x.kind = '$kind' GROUP BY x.id
	) x ON x.source = $id
	WHERE w.id IS NULL OR (w.status = 'paid') <> (x.id IS NOT NULL)
		OR w.status = 'paid' AND (known.account IS NULL OR x.payer_id <> $payer OR cardinality(x.legs) <> 2
			OR NOT x.legs @> ARRAY[w.account_id || ' ' || $sign * w.amount, known.account || ' ' || -($sign) * w.amount])`)
}

const postTotalsSQL = `
	SELECT 'The number or the sum of the tips of a post is not what it shows.',
		'post ' || coalesce(c.post_id, t.post_id) || ' in circle ' || coalesce(c.circle_id, t.circle_id) || ' shows ' || coalesce(c.tip_count, 0) || ' tips of ' || coalesce(c.tip_total, 0)
			|| ' fen, there are ' || coalesce(t.n, 0) || ' of ' || coalesce(t.fen, 0) || ' fen',
		coalesce(t.first, (SELECT p.created_at FROM posts p WHERE p.circle_id = c.circle_id AND p.id = c.post_id))
	FROM (SELECT * FROM post_counts WHERE tip_count <> 0 OR tip_total <> 0) c FULL JOIN (
		SELECT circle_id, post_id, sum(amount - refunded) AS fen, count(*) FILTER (WHERE refunded < amount) AS n, min(created_at) AS first FROM tips GROUP BY circle_id, post_id
	) t ON t.circle_id = c.circle_id AND t.post_id = c.post_id
	WHERE coalesce(c.tip_count, 0) <> coalesce(t.n, 0) OR coalesce(c.tip_total, 0) <> coalesce(t.fen, 0)`

// The row of a payer is of the day and month of his last tip. Days are those of
// Asia/Shanghai, of which not every Postgres has heard.
const payersSQL = `
	SELECT 'What a payer has tipped in a day or month is not the sum of his tips then.',
		'account ' || coalesce(p.account_id, t.payer_id) || ': ' || coalesce(p.day_spent, 0) || ' fen on ' || coalesce(p.day::text, 'no day') || ' and ' || coalesce(p.month_spent, 0)
			|| ' in its month, tips sum to ' || coalesce(t.day_fen, 0) || ' and ' || coalesce(t.month_fen, 0) || ', the last is of ' || coalesce(t.last::text, 'no day'),
		t.last_at
	FROM payers p FULL JOIN (
		SELECT t.payer_id, max(d.day) AS last, max(t.created_at) AS last_at,
			sum(t.amount) FILTER (WHERE d.day = q.day) AS day_fen, sum(t.amount) FILTER (WHERE date_trunc('month', d.day)::date = q.month) AS month_fen
		FROM tips t CROSS JOIN LATERAL (SELECT (t.created_at AT TIME ZONE interval '8 hours')::date AS day) d LEFT JOIN payers q ON q.account_id = t.payer_id
		GROUP BY t.payer_id
	) t ON t.payer_id = p.account_id
	WHERE p.account_id IS NULL OR p.day_spent <> coalesce(t.day_fen, 0) OR p.month_spent <> coalesce(t.month_fen, 0)
		OR p.day < t.last OR p.month < date_trunc('month', t.last)::date`

// The answer that is kept with a key begins with the id of what was made.
func keysSQL() string {
	return `
	SELECT 'A kept key says that money was moved by something that is not there.',
		'key ' || k.key || ' of user ' || k.user_id || ' names ' || coalesce(k.id, 'nothing'), k.created_at
	FROM (SELECT user_id, key, created_at, substring(answer FROM '^\{"id":"([0-9a-z]+)"') AS id FROM idempotency_keys WHERE forever AND status = 201) k
	LEFT JOIN (
		SELECT ` + tipName("circle_id", "post_id", "id") + ` AS id, payer_id AS owner FROM tips
		UNION ALL SELECT ` + outside("id") + `, by_id FROM refunds
		UNION ALL SELECT ` + outside("id") + `, account_id FROM topups
		UNION ALL SELECT ` + outside("id") + `, account_id FROM withdrawals
	) made ON made.id = k.id AND made.owner = k.user_id
	WHERE made.id IS NULL`
}
