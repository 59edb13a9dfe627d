package e2e

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// heads are the last offsets of the circles.
func (c *chaos) heads() map[id.ID]uint64 {
	c.t.Helper()
	heads := map[id.ID]uint64{}
	c.query(func(ctx context.Context, db *pgx.Conn) error {
		rows, _ := db.Query(ctx, `SELECT circle_id, head_offset FROM circle_heads`)
		var circle id.ID
		var head uint64
		_, err := pgx.ForEachRow(rows, []any{&circle, &head}, func() error { heads[circle] = head; return nil })
		return err
	})
	return heads
}

// verify compares a round's acknowledgements with what is in the database.
func (c *chaos) verify(round int, heads map[id.ID]uint64) {
	c.t.Helper()
	want := map[string]string{} // text to id, of posts and comments
	comments := 0
	for _, w := range c.writers {
		for _, done := range w.done {
			want[done.text] = done.id
			if done.comment {
				comments++
			}
		}
	}
	c.query(func(ctx context.Context, db *pgx.Conn) error {
		have, err := rowsOf(ctx, db, round)
		if err != nil {
			return err
		}
		c.compare("rows", want, have)
		told, err := logSince(ctx, db, heads)
		if err != nil {
			return err
		}
		c.compare("events", want, told)
		return c.verifyNumbers(ctx, db)
	})
	c.t.Logf("%d posts and %d comments were acknowledged", len(want)-comments, comments)
	if len(want) < len(c.writers)/4 {
		c.t.Errorf("only %d texts were written", len(want))
	}
}

// textAndID is a post or comment as the database has it.
type textAndID struct{ text, id string }

// rowsOf reads the posts and comments of a round.
func rowsOf(ctx context.Context, db *pgx.Conn, round int) (all []textAndID, err error) {
	rows, _ := db.Query(ctx, `
		SELECT text, circle_id, id, 0 FROM posts WHERE text LIKE $1
		UNION ALL
		SELECT text, circle_id, post_id, id FROM comments WHERE text LIKE $1`, fmt.Sprintf("round %d writer %%", round))
	var text string
	var post id.Post
	var comment id.ID
	_, err = pgx.ForEachRow(rows, []any{&text, &post.Circle, &post.Post, &comment}, func() error {
		name := post.String()
		if comment != 0 {
			name = id.Comment{Circle: post.Circle, Post: post.Post, Comment: comment}.String()
		}
		all = append(all, textAndID{text, name})
		return nil
	})
	return all, err
}

// logSince reads what the circles' logs tell after these offsets.
func logSince(ctx context.Context, db *pgx.Conn, heads map[id.ID]uint64) (all []textAndID, err error) {
	for circle, head := range heads {
		rows, _ := db.Query(ctx, `SELECT data FROM circle_events WHERE circle_id = $1 AND "offset" > $2`, circle, head)
		events, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, err
		}
		for _, data := range events {
			var e struct {
				Post    struct{ ID, Text string }
				Comment struct{ ID, Text string }
			}
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				return nil, err
			}
			all = append(all, textAndID{e.Post.Text + e.Comment.Text, e.Post.ID + e.Comment.ID})
		}
	}
	return all, nil
}

// compare fails unless have is want, each once.
func (c *chaos) compare(what string, want map[string]string, have []textAndID) {
	c.t.Helper()
	times := map[string]int{}
	for _, h := range have {
		times[h.text]++
		if name, ok := want[h.text]; !ok {
			c.t.Errorf("%s: %q was never acknowledged", what, h.text)
		} else if name != h.id {
			c.t.Errorf("%s: %q is %s, acknowledged as %s", what, h.text, h.id, name)
		}
	}
	for text, name := range want {
		if times[text] != 1 {
			c.t.Errorf("%s: %q (%s) was acknowledged and is there %d times", what, text, name, times[text])
		}
	}
}

// verifyNumbers compares likes with what their writers were told, counts with
// rows, and offsets with each other.
func (c *chaos) verifyNumbers(ctx context.Context, db *pgx.Conn) error {
	likes := map[string]bool{}
	rows, _ := db.Query(ctx, `SELECT circle_id, post_id, user_id FROM likes`)
	var p id.Post
	var user id.ID
	if _, err := pgx.ForEachRow(rows, []any{&p.Circle, &p.Post, &user}, func() error {
		likes[p.String()+" "+user.String()] = true
		return nil
	}); err != nil {
		return err
	}
	for _, w := range c.writers {
		for p, liked := range w.liked {
			if name := p + " " + w.person.ID; likes[name] != liked {
				c.t.Errorf("like %s: there %t, acknowledged %t", name, likes[name], liked)
			} else {
				delete(likes, name)
			}
		}
	}
	for name := range likes {
		c.t.Errorf("like %s was never acknowledged", name)
	}
	for what, query := range map[string]string{
		"posts whose counts are wrong": `
			SELECT count(*) FROM post_counts n
			LEFT JOIN (SELECT circle_id, post_id, count(*) FROM likes GROUP BY 1, 2) l USING (circle_id, post_id)
			LEFT JOIN (SELECT circle_id, post_id, count(*) FROM comments WHERE deleted_at IS NULL GROUP BY 1, 2) m USING (circle_id, post_id)
			WHERE n.likes <> coalesce(l.count, 0) OR n.comments <> coalesce(m.count, 0)`,
		"posts without counts": `SELECT count(*) FROM posts p LEFT JOIN post_counts n ON (n.circle_id, n.post_id) = (p.circle_id, p.id) WHERE n.post_id IS NULL`,
		"logs with holes": `
			SELECT count(*) FROM circle_heads h
			LEFT JOIN (SELECT circle_id, count(*), min("offset"), max("offset") FROM circle_events GROUP BY 1) e USING (circle_id)
			WHERE h.head_offset <> e.max OR e.count <> e.max - e.min + 1 OR e.max IS NULL AND h.head_offset > 0`,
	} {
		var n int
		if err := db.QueryRow(ctx, query).Scan(&n); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if n != 0 {
			c.t.Errorf("%d %s", n, what)
		}
	}
	return nil
}
