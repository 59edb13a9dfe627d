package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
	"lifecircle/internal/identity"
	"lifecircle/internal/media"
)

// unseeded locks the deployment's row until the transaction ends and tells
// whether the demo world is still to be written.
func unseeded(ctx context.Context, tx pgx.Tx) (bool, error) {
	var at *time.Time
	if err := tx.QueryRow(ctx, `SELECT seeded_at FROM deployment FOR UPDATE`).Scan(&at); err != nil {
		return false, fmt.Errorf("look whether the demo world is there: %w", err)
	}
	return at == nil, nil
}

// taken returns the handle of one of the people who has signed in already and
// is therefore none of ours, or "".
func taken(ctx context.Context, tx pgx.Tx, people []id.ID) (handle string, err error) {
	err = tx.QueryRow(ctx, `SELECT coalesce(min(u.handle), '') FROM users u JOIN sessions s ON s.user_id = u.id
		WHERE u.id = ANY($1::bigint[])`, people).Scan(&handle)
	return handle, err
}

// table is rows on their way into a table.
type table struct {
	name    string
	columns []string
	rows    [][]any
}

func (t *table) add(row ...any) { t.rows = append(t.rows, row) }

// write writes the plan and marks the deployment as seeded.
func (p *plan) write(ctx context.Context, tx pgx.Tx) error {
	for _, person := range p.people {
		if _, err := tx.Exec(ctx, `UPDATE users SET bio = $2, created_at = $3 WHERE id = $1`, person.ID, person.bio, person.joined); err != nil {
			return fmt.Errorf("write the page of %s: %w", person.Handle, err)
		}
	}
	if err := identity.SeedTx(ctx, tx, p.verified()); err != nil {
		return fmt.Errorf("write what is verified of the people: %w", err)
	}
	for _, t := range p.tables() {
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromRows(t.rows)); err != nil {
			return fmt.Errorf("write %s: %w", t.name, err)
		}
	}
	if err := media.Tie(ctx, tx, p.pictures); err != nil {
		return err
	}
	if err := p.writeIdentities(ctx, tx); err != nil {
		return err
	}
	for _, c := range p.circles {
		if err := writeLog(ctx, tx, c); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `UPDATE deployment SET seeded_at = now()`)
	return err
}

// tables lays the plan out in rows. The order is that of foreign keys.
func (p *plan) tables() []*table {
	circles := &table{name: "circles", columns: []string{"id", "name", "description", "category", "tags", "place", "parent_id", "created_by", "created_at", "updated_at", "rules_version", "ruled"}}
	rules := &table{name: "circle_rules", columns: []string{"circle_id", "version", "rules", "created_by", "created_at"}}
	counts := &table{name: "circle_counts", columns: []string{"circle_id", "followers"}}
	members := &table{name: "circle_members", columns: []string{"circle_id", "user_id", "role", "created_at"}}
	follows := &table{name: "follows", columns: []string{"circle_id", "user_id", "created_at"}}
	posts := &table{name: "posts", columns: []string{"circle_id", "id", "author_id", "text", "photos", "created_at"}}
	postCounts := &table{name: "post_counts", columns: []string{"circle_id", "post_id", "version", "likes", "comments"}}
	likes := &table{name: "likes", columns: []string{"circle_id", "post_id", "user_id", "created_at"}}
	comments := &table{name: "comments", columns: []string{"circle_id", "post_id", "id", "author_id", "reply_to", "text", "created_at"}}
	for _, c := range p.circles {
		circles.add(c.ID, c.Name, c.Description, c.Category, c.Tags, c.Place, c.Parent, c.creator, c.CreatedAt, c.UpdatedAt, c.RulesVersion, len(c.Rules) > 0)
		if len(c.Rules) > 0 {
			rules.add(c.ID, c.RulesVersion, c.Rules, c.creator, c.CreatedAt)
		}
		counts.add(c.ID, len(c.followers))
		for _, m := range c.members {
			members.add(c.ID, m.user, m.role, c.CreatedAt)
		}
		for _, f := range c.followers {
			follows.add(c.ID, f.user, f.at)
		}
		for _, post := range c.posts {
			posts.add(c.ID, post.ID.Post, post.Author.ID, post.Text, post.storedPhotos(), post.CreatedAt)
			postCounts.add(c.ID, post.ID.Post, post.Counts.Version, post.Counts.Likes, post.Counts.Comments)
			for _, l := range post.likes {
				likes.add(c.ID, post.ID.Post, l.user, l.at)
			}
			for _, comment := range post.comments {
				var to *id.ID
				if comment.ReplyTo != nil {
					to = &comment.ReplyTo.Comment
				}
				comments.add(c.ID, post.ID.Post, comment.ID.Comment, comment.Author.ID, to, comment.Text, comment.CreatedAt)
			}
		}
	}
	return append([]*table{circles, rules, counts, members, follows, posts, postCounts, likes, comments}, p.photoTables()...)
}

// writeLog gives the circle its log: all offsets are used, and those events
// are there that would not have been trimmed by now.
func writeLog(ctx context.Context, tx pgx.Tx, c *plannedCircle) error {
	if err := circlelog.Create(ctx, tx, c.ID); err != nil {
		return err
	}
	events := &table{columns: []string{"circle_id", "offset", "data", "created_at"}}
	for i, e := range c.events {
		if last := i == len(c.events)-1; last || time.Since(e.at) < circlelog.Retention {
			events.add(c.ID, i+1, e.data, e.at)
		}
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"circle_events"}, events.columns, pgx.CopyFromRows(events.rows)); err != nil {
		return fmt.Errorf("write the log of circle %s: %w", c.ID, err)
	}
	if _, err := tx.Exec(ctx, `UPDATE circle_heads SET head_offset = $2, last_id = $3 WHERE circle_id = $1`, c.ID, len(c.events), c.lastID); err != nil {
		return fmt.Errorf("write the head of circle %s: %w", c.ID, err)
	}
	return nil
}
