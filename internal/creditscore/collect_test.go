package creditscore_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// said is a circle with a log, as the feed writes it.
type said struct {
	w      *world
	circle id.ID
	offset int
}

func (s *said) log(line string) {
	s.w.t.Helper()
	s.offset++
	s.w.exec(`INSERT INTO circle_events (circle_id, "offset", data, created_at) VALUES ($1, $2, $3, $4)`, s.circle, s.offset, line, s.w.clock())
	s.w.exec(`INSERT INTO circle_heads (circle_id, epoch, head_offset) VALUES ($1, 'abcd', $2) ON CONFLICT (circle_id) DO UPDATE SET head_offset = excluded.head_offset`, s.circle, s.offset)
}

func (s *said) post(author id.ID, n int) id.Post {
	p := id.Post{Circle: s.circle, Post: id.ID(n)}
	s.w.exec(`INSERT INTO posts (circle_id, id, author_id, text) VALUES ($1, $2, $3, '')`, s.circle, p.Post, author)
	s.log(fmt.Sprintf(`{"type":"post.created","post":{"id":%q,"author":{"id":%q}}}`, p, author))
	return p
}

// remove deletes a post as somebody.
func (s *said) remove(p id.Post, by id.ID) {
	s.w.exec(`UPDATE posts SET deleted_at = $3, deleted_by = nullif($4::bigint, 0) WHERE circle_id = $1 AND id = $2`, p.Circle, p.Post, s.w.clock(), by)
	s.log(fmt.Sprintf(`{"type":"post.deleted","post_id":%q}`, p))
}

func (s *said) comment(author id.ID, post id.Post, n int, to *id.Comment) id.Comment {
	c := id.Comment{Circle: post.Circle, Post: post.Post, Comment: id.ID(n)}
	reply := "null"
	var replyTo *id.ID
	if to != nil {
		reply, replyTo = fmt.Sprintf("%q", to), &to.Comment
	}
	s.w.exec(`INSERT INTO comments (circle_id, post_id, id, author_id, reply_to, text) VALUES ($1, $2, $3, $4, $5, '')`, c.Circle, c.Post, c.Comment, author, replyTo)
	s.log(fmt.Sprintf(`{"type":"comment.created","comment":{"id":%q,"author":{"id":%q},"reply_to":%s}}`, c, author, reply))
	return c
}

func (w *world) events() []string {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), `SELECT user_id - 1000 || ' ' || kind || coalesce(' ' || (other_id - 1000), '') FROM score_events WHERE kind <> 'joined' ORDER BY 1`)
	if err != nil {
		w.t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func (w *world) expect(want ...string) {
	w.t.Helper()
	if got := w.events(); !slices.Equal(got, want) {
		w.t.Errorf("events %q\nwant   %q", got, want)
	}
}

// Comments tie two people only when each has turned to the other; what was
// deleted no longer counts.
func TestWhatIsSaidIsCollectedFromTheLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.people(3)
	s := w.service("a")
	feed := &said{w: w, circle: 5}
	post := feed.post(u[0], 10)
	question := feed.comment(u[1], post, 11, nil)
	feed.comment(u[2], post, 12, &question) // a stranger's answer: nobody asked him
	if err := s.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.expect("0 item_posted", "1 item_posted", "2 item_posted")
	feed.comment(u[0], post, 13, &question) // the author's answer to who wrote to him
	other := feed.post(u[2], 14)
	feed.log(fmt.Sprintf(`{"type":"post.deleted","post_id":%q}`, other))
	feed.log(`{"type":"circle.updated","circle":{}}`)
	feed.log(`not a line`)
	for range 2 {
		if err := s.Collect(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.expect("0 appreciated 1", "0 contact_answered 1", "0 item_posted", "0 item_posted", "1 appreciated 0", "1 contact_answered 0", "1 item_posted", "2 item_posted", "2 item_posted", "2 lifted")
	var a, b id.ID
	if err := w.pool.QueryRow(t.Context(), `SELECT a, b FROM trust_links`).Scan(&a, &b); err != nil || a != u[0] || b != u[1] {
		t.Errorf("tied %d and %d: %v", a, b, err)
	}
}

// What an author deletes is as if it had not been; what a moderator removes is
// held against the author, once a month and circle, and may be appealed against.
func TestWhoDeletedMatters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.people(3)
	s := w.service("a")
	feed, other := &said{w: w, circle: 5}, &said{w: w, circle: 6}
	author, moderator := u[0], u[1]
	feed.remove(feed.post(author, 10), author)
	feed.remove(feed.post(author, 11), 0) // by a binary that does not say who
	feed.remove(feed.post(author, 12), moderator)
	feed.remove(feed.post(author, 13), moderator)
	comment := feed.comment(author, feed.post(u[2], 14), 15, nil)
	w.exec(`UPDATE comments SET deleted_at = now(), deleted_by = $1 WHERE id = $2`, moderator, comment.Comment)
	feed.log(fmt.Sprintf(`{"type":"comment.deleted","comment_id":%q,"post_id":%q}`, comment, comment.PostID()))
	removals := func(want int) {
		t.Helper()
		if err := s.Collect(t.Context()); err != nil {
			t.Fatal(err)
		}
		var n, lifted int
		if err := w.pool.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE kind = 'item_removed' AND user_id = $1 AND other_id = $2), count(*) FILTER (WHERE kind = 'lifted')
			FROM score_events`, author, moderator).Scan(&n, &lifted); err != nil || n != want {
			t.Errorf("%d removals, want %d; %v", n, want, err)
		}
		if lifted != 4+want {
			t.Errorf("%d items no longer count, want %d", lifted, 4+want)
		}
	}
	removals(1)
	other.remove(other.post(author, 10), moderator)
	removals(2)
	w.pass(31 * 24 * time.Hour)
	feed.remove(feed.post(author, 16), moderator)
	removals(3)
	w.night(s)
	c, err := s.Credit(t.Context(), author)
	if err != nil || len(c.Against) != 3 || c.Against[0].Kind != "item_removed" {
		t.Fatalf("%+v %v", c.Against, err)
	}
	a, err := s.MakeAppeal(t.Context(), author, c.Against[0].EventID, "It was about my dog.", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Decide(t.Context(), a.ID, true, ""); err != nil {
		t.Fatal(err)
	}
	w.night(s)
	w.replayed(s)
}

func (w *world) tip(n int, payer, author id.ID) id.Comment {
	w.t.Helper()
	tip := id.Comment{Circle: 5, Post: 10, Comment: id.ID(100 + n)}
	w.exec(`INSERT INTO tips (circle_id, post_id, id, payer_id, author_id, amount, message, visibility, contract_version, author_part, partner_part, platform_part, transfer_id, created_at)
		VALUES ($1, $2, $3, $4, $5, 10, '', 'anonymous', 0, 10, 0, 0, $6, $7)`, tip.Circle, tip.Post, tip.Comment, payer, author, n, w.clock())
	w.exec(`INSERT INTO transfers (id, kind, payer_id, source, created_at) VALUES ($1, 'tip', $2, $3, $4)`, id.First(w.clock())+id.ID(n), payer, tip.String(), w.clock())
	return tip
}

func TestMoneyIsCollectedFromItsTransfers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.people(3)
	s := w.service("a")
	w.tip(1, u[1], u[0])
	returned := w.tip(2, u[2], u[0])
	if err := s.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.expect() // they may not have been committed before others yet
	w.pass(3 * time.Minute)
	if err := s.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.expect("0 appreciated 1", "0 appreciated 2", "0 settled 1", "0 settled 2")
	w.exec(`UPDATE tips SET refunded = amount WHERE id = $1`, returned.Comment)
	w.exec(`INSERT INTO refunds (circle_id, post_id, tip_id, id, amount, author_part, partner_part, platform_part, reserve_paid, reason, by_id, transfer_id, created_at)
		VALUES (5, 10, $1, 9, 10, 10, 0, 0, 0, '', $2, 3, $3)`, returned.Comment, u[2], w.clock())
	w.exec(`INSERT INTO transfers (id, kind, payer_id, source, created_at) VALUES ($1, 'refund', $2, $3, $4)`,
		id.First(w.clock()), u[0], returned.String()+id.ID(9).String(), w.clock())
	w.exec(`INSERT INTO topups (id, account_id, provider, amount, status, checkout_url, created_at, expires_at, ended_at) VALUES (77, $1, 'sandbox', 5, 'paid', '', $2, $2, $2)`, u[1], w.clock())
	w.exec(`INSERT INTO transfers (id, kind, payer_id, source, created_at) VALUES ($1, 'topup', 21, $2, $3)`, id.First(w.clock())+1, id.ID(77).String(), w.clock())
	w.pass(3 * time.Minute)
	for range 2 {
		if err := s.Collect(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.expect("0 appreciated 1", "0 appreciated 2", "0 lifted", "0 lifted", "0 settled 1", "0 settled 2", "1 settled 1", "2 reversed 0")
	var links int
	w.pass(31 * 24 * time.Hour)
	w.tip(4, u[0], u[1])
	w.pass(3 * time.Minute)
	if err := s.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.pool.QueryRow(t.Context(), `SELECT count(*) FROM trust_links WHERE a = $1 AND b = $2 AND kind = 3`, u[0], u[1]).Scan(&links); err != nil || links != 1 {
		t.Errorf("%d links by transactions in both directions over 30 days: %v", links, err)
	}
}

// What happened before the run that has begun counts after it.
func TestNothingIsDatedBeforeARun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.people(2)
	s := w.service("a")
	w.tip(1, u[1], u[0])
	w.exec(`UPDATE score_cursors SET place = 0`)
	at := w.night(s)
	first := w.score(u[0])
	w.exec(`INSERT INTO tips (circle_id, post_id, id, payer_id, author_id, amount, message, visibility, contract_version, author_part, partner_part, platform_part, transfer_id, created_at)
		VALUES (5, 10, 500, $1, $2, 10, '', 'public', 0, 10, 0, 0, 500, $3)`, u[1], u[0], at.Add(-time.Hour))
	w.exec(`INSERT INTO transfers (id, kind, payer_id, source, created_at) VALUES ($1, 'tip', $2, $3, $4)`,
		id.First(w.clock()), u[1], id.Comment{Circle: 5, Post: 10, Comment: 500}.String(), at.Add(-time.Hour))
	w.pass(3 * time.Minute)
	if err := s.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	var early int
	if err := w.pool.QueryRow(t.Context(), `SELECT count(*) FROM score_events WHERE at <= $1 AND ref LIKE '%' || $2`, at, id.ID(500).String()).Scan(&early); err != nil || early != 0 {
		t.Errorf("%d events are dated before the run: %v", early, err)
	}
	w.night(s)
	if first == 0 {
		t.Error("no score")
	}
	w.replayed(w.service("b"))
}
