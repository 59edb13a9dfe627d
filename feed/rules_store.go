package feed

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed/policy"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// rulesRow is a version of a circle's rules on its way into the table.
type rulesRow struct {
	version    int
	texts      map[policy.Action]string
	reason     string
	revertedTo *int
}

// insertRules writes a version and puts it in force.
func insertRules(ctx context.Context, tx pgx.Tx, circle id.ID, a Actor, r rulesRow) error {
	if r.texts == nil {
		r.texts = map[policy.Action]string{}
	}
	var q pgx.Batch
	q.Queue(`INSERT INTO circle_rules (circle_id, version, rules, reason, reverted_to, created_by) VALUES ($1, $2, $3, $4, $5, $6)`,
		circle, r.version, r.texts, r.reason, r.revertedTo, a.User)
	q.Queue(`UPDATE circles SET rules_version = $2, ruled = $3 WHERE id = $1`, circle, r.version, len(r.texts) > 0)
	if err := tx.SendBatch(ctx, &q).Close(); err != nil {
		return fmt.Errorf("write the rules of circle %s: %w", circle, err)
	}
	return nil
}

func readRulesVersion(ctx context.Context, tx pgx.Tx, circle id.ID) (version int, err error) {
	if err := tx.QueryRow(ctx, `SELECT rules_version FROM circles WHERE id = $1`, circle).Scan(&version); err != nil {
		return 0, fmt.Errorf("read the version of the rules of circle %s: %w", circle, err)
	}
	return version, nil
}

// readOldRules reads a version to go back to; 0 is no rules.
func readOldRules(ctx context.Context, tx pgx.Tx, circle id.ID, version int) (texts map[policy.Action]string, reason string, err error) {
	if version == 0 {
		return nil, "", nil
	}
	err = tx.QueryRow(ctx, `SELECT rules, reason FROM circle_rules WHERE circle_id = $1 AND version = $2`, circle, version).Scan(&texts, &reason)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, "", problem.Invalid(problem.Invalid_, "body.revert_to", "The circle's rules have had no version %d.", version)
	}
	if err != nil {
		return nil, "", fmt.Errorf("read version %d of the rules of circle %s: %w", version, circle, err)
	}
	return texts, reason, nil
}

// readRules reads the rules in force and the history. Before the first rules
// there was version 0, as old as the circle.
func readRules(ctx context.Context, db sender, circle id.ID) (out CircleRules, err error) {
	var q pgx.Batch
	out.History, out.Templates = []RulesVersion{}, policy.Templates()
	q.Queue(`SELECT c.created_at, c.created_by, coalesce(u.handle, ''), coalesce(u.display_name, '')
		FROM circles c LEFT JOIN users u ON u.id = c.created_by WHERE c.id = $1`, circle).
		QueryRow(func(row pgx.Row) error {
			return row.Scan(&out.CreatedAt, &out.By.ID, &out.By.Handle, &out.By.DisplayName)
		})
	q.Queue(`SELECT r.version, r.rules, r.reason, r.reverted_to, r.created_at, r.created_by, coalesce(u.handle, ''), coalesce(u.display_name, '')
		FROM circle_rules r LEFT JOIN users u ON u.id = r.created_by WHERE r.circle_id = $1 ORDER BY r.version DESC LIMIT $2`, circle, MaxRulesHistory).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var v RulesVersion
				if err := rows.Scan(&v.Version, &v.Rules, &v.Reason, &v.RevertedTo, &v.CreatedAt, &v.By.ID, &v.By.Handle, &v.By.DisplayName); err != nil {
					return err
				}
				v.CreatedAt = v.CreatedAt.UTC()
				out.History = append(out.History, v)
			}
			return rows.Err()
		})
	switch err := db.SendBatch(ctx, &q).Close(); {
	case errors.Is(err, pgx.ErrNoRows):
		return out, errCircleNotFound
	case err != nil:
		return out, fmt.Errorf("read the rules of circle %s: %w", circle, err)
	}
	out.Rules, out.CreatedAt = map[policy.Action]string{}, out.CreatedAt.UTC()
	if len(out.History) > 0 {
		out.RulesVersion = out.History[0]
	}
	return out, nil
}
