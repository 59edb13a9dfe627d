package feed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

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

// crowd is those whom a circle's rules concern.
type crowd struct {
	circle policy.Circle
	made   time.Time
	at     time.Time // by the database's clock

	followers, authors int // all of them
	capped             bool
	people             map[id.ID]*crowdPerson // those whose rights were read
}

type crowdPerson struct {
	subject        policy.Subject
	follows, wrote bool
}

// maxRecent bounds the posts, and the comments, whose authors are looked for.
const maxRecent = 50_000

// readCrowd reads, set by set, who follows a circle, who wrote there lately and
// what is known of them.
func (s *Service) readCrowd(ctx context.Context, db sender, circle id.ID) (*crowd, error) {
	c := &crowd{people: map[id.ID]*crowdPerson{}}
	if err := readCrowdIDs(ctx, db, circle, c); err != nil {
		return nil, fmt.Errorf("read whom the rules of circle %s concern: %w", circle, err)
	}
	subjects, err := s.readSubjects(ctx, db, circle, slices.Sorted(maps.Keys(c.people)))
	if err != nil {
		return nil, fmt.Errorf("read the rights of those whom the rules of circle %s concern: %w", circle, err)
	}
	for user, person := range c.people {
		person.subject = subjects[user]
	}
	return c, nil
}

func readCrowdIDs(ctx context.Context, db sender, circle id.ID, c *crowd) error {
	var (
		q         pgx.Batch
		followers []id.ID
		authors   []id.ID
	)
	q.Queue(`SELECT c.name, c.place, c.category, c.tags, c.created_at, n.followers, clock_timestamp()
		FROM circles c JOIN circle_counts n ON n.circle_id = c.id WHERE c.id = $1`, circle).QueryRow(func(row pgx.Row) error {
		return row.Scan(&c.circle.Name, &c.circle.Place, &c.circle.Category, &c.circle.Tags, &c.made, &c.followers, &c.at)
	})
	q.Queue(`SELECT f.user_id FROM follows f WHERE f.circle_id = $1 AND (hashint8(f.user_id) & 2147483647)
			% (SELECT greatest(1, (n.followers + $2 - 1) / $2) FROM circle_counts n WHERE n.circle_id = $1) = 0`, circle, maxPreviewed).
		Query(func(rows pgx.Rows) (err error) { followers, err = pgx.CollectRows(rows, pgx.RowTo[id.ID]); return err })
	q.Queue(`WITH posted AS (SELECT author_id FROM posts WHERE circle_id = $1 AND id >= $2 AND deleted_at IS NULL ORDER BY id DESC LIMIT $3),
			commented AS (SELECT author_id FROM comments WHERE circle_id = $1 AND post_id >= $2 AND deleted_at IS NULL ORDER BY post_id DESC LIMIT $3)
		SELECT DISTINCT author_id, (SELECT count(*) FROM posted) = $3 OR (SELECT count(*) FROM commented) = $3
		FROM (SELECT author_id FROM posted UNION ALL SELECT author_id FROM commented) AS wrote`, circle, id.First(time.Now().Add(-previewSpan)), maxRecent).
		Query(func(rows pgx.Rows) error {
			var author id.ID
			return each(rows, []any{&author, &c.capped}, func() { authors = append(authors, author) })
		})
	if err := db.SendBatch(ctx, &q).Close(); err != nil {
		return err
	}
	c.authors = len(authors)
	if len(authors) > maxPreviewed {
		rand.Shuffle(len(authors), func(i, j int) { authors[i], authors[j] = authors[j], authors[i] }) //nolint:gosec // a sample needs no secrets
		authors = authors[:maxPreviewed]
	}
	for _, user := range followers {
		c.person(user).follows = true
	}
	for _, user := range authors {
		c.person(user).wrote = true
	}
	if c.followers <= maxPreviewed {
		c.followers = len(followers)
	}
	return nil
}

func (c *crowd) person(user id.ID) *crowdPerson {
	if c.people[user] == nil {
		c.people[user] = &crowdPerson{}
	}
	return c.people[user]
}

// exact tells whether everybody was asked.
func (c *crowd) exact() bool {
	return !c.capped && c.followers <= maxPreviewed && c.authors <= maxPreviewed
}
