package creditscore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
)

const collectLock = 0x636f6c6c // one node collects at a time

func tryCollecting(ctx context.Context, tx pgx.Tx) (mine bool, err error) {
	if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, collectLock).Scan(&mine); err != nil {
		return false, fmt.Errorf("ask who collects: %w", err)
	}
	return mine, nil
}

func cursorOf(ctx context.Context, tx pgx.Tx, source string) (place id.ID, err error) {
	err = tx.QueryRow(ctx, `SELECT place FROM score_cursors WHERE source = $1 AND of = 0`, source).Scan(&place)
	if err != nil && !missing(err) {
		return 0, fmt.Errorf("read the cursor of %s: %w", source, err)
	}
	return place, nil
}

func moveCursor(ctx context.Context, tx pgx.Tx, source string, of, place id.ID) error {
	_, err := tx.Exec(ctx, `INSERT INTO score_cursors (source, of, place) VALUES ($1, $2, $3) ON CONFLICT (source, of) DO UPDATE SET place = excluded.place`, source, of, place)
	if err != nil {
		return fmt.Errorf("move the cursor of %s: %w", source, err)
	}
	return nil
}

// collectTransfers takes the next page of transfers: tips, refunds, top-ups.
func collectTransfers(ctx context.Context, w *writer) (more bool, err error) {
	const source = "transfers"
	place, err := cursorOf(ctx, w.tx, source)
	if err != nil {
		return false, err
	}
	rows, err := w.tx.Query(ctx, `SELECT id, kind, source, created_at FROM transfers WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3`,
		place, id.First(w.now.Add(-settled)), pageSize)
	if err != nil {
		return false, fmt.Errorf("read transfers: %w", err)
	}
	var (
		kind, name string
		at         time.Time
		n          int
		tips       = map[id.Comment]time.Time{}
		refunds    = map[id.Comment]id.ID{}
		topups     []id.ID
	)
	if _, err := pgx.ForEachRow(rows, []any{&place, &kind, &name, &at}, func() error {
		n++
		switch kind {
		case "tip":
			if t, err := id.ParseComment(name); err == nil {
				tips[t] = at
			}
		case "refund": // the tip's name, and the refund's
			if len(name) > tipLength {
				t, err1 := id.ParseComment(name[:tipLength])
				r, err2 := id.Parse(name[tipLength:])
				if err1 == nil && err2 == nil {
					refunds[t] = max(refunds[t], r)
				}
			}
		case "topup":
			if t, err := id.Parse(name); err == nil {
				topups = append(topups, t)
			}
		}
		return nil
	}); err != nil {
		return false, fmt.Errorf("read transfers: %w", err)
	}
	if n == 0 {
		return false, nil
	}
	all, err := readTips(ctx, w.tx, tips, refunds)
	if err != nil {
		return false, err
	}
	made, lifts := tipEvents(all)
	own, err := readTopUps(ctx, w.tx, topups)
	if err != nil {
		return false, err
	}
	if err := w.appendOurs(ctx, append(made, own...), lifts); err != nil {
		return false, err
	}
	for _, t := range all {
		if !t.returned {
			if err := w.notify(ctx, t.author, tipNote(t)); err != nil {
				return false, err
			}
		}
	}
	return n == pageSize, moveCursor(ctx, w.tx, source, 0, place)
}

const tipLength = 39 // characters of a tip's name

// readTips reads tips by key: those that were given, then those of which all
// has been given back.
func readTips(ctx context.Context, tx pgx.Tx, given map[id.Comment]time.Time, refunds map[id.Comment]id.ID) (all []tip, err error) {
	var circles, posts, ids, returns []id.ID
	add := func(c id.Comment, refund id.ID) {
		circles, posts, ids, returns = append(circles, c.Circle), append(posts, c.Post), append(ids, c.Comment), append(returns, refund)
	}
	for c := range given {
		add(c, 0)
	}
	for c, refund := range refunds {
		add(c, refund)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, `SELECT t.circle_id, t.post_id, t.id, t.payer_id, t.author_id, t.amount, t.visibility <> 'anonymous', t.refunded = t.amount,
			n.refund, coalesce(r.by_id, 0), coalesce(r.created_at, t.created_at)
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS n (circle_id, post_id, id, refund)
		JOIN tips t ON t.circle_id = n.circle_id AND t.post_id = n.post_id AND t.id = n.id
		LEFT JOIN refunds r ON n.refund <> 0 AND r.circle_id = n.circle_id AND r.post_id = n.post_id AND r.tip_id = n.id AND r.id = n.refund
		ORDER BY coalesce(r.created_at, t.created_at), n.id`, circles, posts, ids, returns)
	if err != nil {
		return nil, fmt.Errorf("read tips: %w", err)
	}
	var (
		c      id.Comment
		t      tip
		whole  bool
		refund id.ID
	)
	_, err = pgx.ForEachRow(rows, []any{&c.Circle, &c.Post, &c.Comment, &t.payer, &t.author, &t.amount, &t.visible, &whole, &refund, &t.by, &t.at}, func() error {
		t.name, t.post, t.returned = c.String(), c.PostID(), refund != 0
		if !t.returned || whole {
			all = append(all, t)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read tips: %w", err)
	}
	return all, nil
}

// readTopUps makes events of top-ups that were paid: transactions with oneself,
// which the model counts for nothing, because money must not buy credit.
func readTopUps(ctx context.Context, tx pgx.Tx, ids []id.ID) (events []Event, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, `SELECT id, account_id, coalesce(ended_at, created_at) FROM topups WHERE id = ANY($1::bigint[]) AND status = 'paid'`, ids)
	if err != nil {
		return nil, fmt.Errorf("read top-ups: %w", err)
	}
	var (
		topup, user id.ID
		at          time.Time
	)
	_, err = pgx.ForEachRow(rows, []any{&topup, &user, &at}, func() error {
		events = append(events, Event{Event: model.Event{User: user, Kind: model.Settled, Other: user, At: at}, Ref: "topup:" + topup.String()})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read top-ups: %w", err)
	}
	return events, nil
}

// collectLogs takes the next page of one circle's log that has grown.
func collectLogs(ctx context.Context, w *writer) (more bool, err error) {
	const source = "log"
	var circle, place id.ID
	err = w.tx.QueryRow(ctx, `SELECT h.circle_id, coalesce(c.place, 0) FROM circle_heads h
		LEFT JOIN score_cursors c ON c.source = $1 AND c.of = h.circle_id
		WHERE h.head_offset > coalesce(c.place, 0) LIMIT 1`, source).Scan(&circle, &place)
	if missing(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look which logs have grown: %w", err)
	}
	rows, err := w.tx.Query(ctx, `SELECT "offset", data, created_at FROM circle_events WHERE circle_id = $1 AND "offset" > $2 ORDER BY "offset" LIMIT $3`, circle, place, pageSize)
	if err != nil {
		return false, fmt.Errorf("read the log of circle %s: %w", circle, err)
	}
	var (
		lines  []told
		data   string
		at     time.Time
		offset = place
	)
	if _, err := pgx.ForEachRow(rows, []any{&offset, &data, &at}, func() error {
		line, err := parseLine(data, at)
		if err != nil {
			w.s.Log.Warn("an event of a log is no score event", "circle", circle, "offset", int64(offset), "err", err)
		}
		lines = append(lines, line)
		return nil
	}); err != nil {
		return false, fmt.Errorf("read the log of circle %s: %w", circle, err)
	}
	if len(lines) == 0 { // trimmed up to its head
		err := w.tx.QueryRow(ctx, `SELECT head_offset FROM circle_heads WHERE circle_id = $1`, circle).Scan(&offset)
		if err != nil {
			return false, fmt.Errorf("read the head of circle %s: %w", circle, err)
		}
	}
	if err := w.collectSaid(ctx, sayings(lines)); err != nil {
		return false, err
	}
	return true, moveCursor(ctx, w.tx, source, circle, offset)
}

func (w *writer) collectSaid(ctx context.Context, s said) error {
	gone, err := readDeleted(ctx, w.tx, s)
	if err != nil {
		return err
	}
	removed, lifts := deletionEvents(gone)
	if err := w.appendOurs(ctx, append(s.made, removed...), lifts); err != nil {
		return err
	}
	met, err := readAnswered(ctx, w.tx, s.answers)
	if err != nil {
		return err
	}
	return w.meet(ctx, met)
}

// readDeleted finds whose posts and comments were deleted, and by whom.
func readDeleted(ctx context.Context, tx pgx.Tx, s said) (all []deletion, err error) {
	var circles, posts, comments []id.ID
	for _, p := range s.posts {
		circles, posts, comments = append(circles, p.Circle), append(posts, p.Post), append(comments, 0)
	}
	for _, c := range s.comments {
		circles, posts, comments = append(circles, c.Circle), append(posts, c.Post), append(comments, c.Comment)
	}
	if len(circles) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, `SELECT n.circle_id, n.post_id, n.id,
			CASE WHEN n.id = 0 THEN p.author_id ELSE c.author_id END, coalesce(CASE WHEN n.id = 0 THEN p.deleted_by ELSE c.deleted_by END, 0)
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (circle_id, post_id, id)
		JOIN posts p ON p.circle_id = n.circle_id AND p.id = n.post_id
		LEFT JOIN comments c ON n.id <> 0 AND c.circle_id = n.circle_id AND c.post_id = n.post_id AND c.id = n.id
		WHERE n.id = 0 OR c.id IS NOT NULL`, circles, posts, comments)
	if err != nil {
		return nil, fmt.Errorf("read what was deleted: %w", err)
	}
	var (
		c id.Comment
		d deletion
	)
	_, err = pgx.ForEachRow(rows, []any{&c.Circle, &c.Post, &c.Comment, &d.author, &d.by}, func() error {
		name, kind := c.PostID().String(), "post:"
		if c.Comment != 0 {
			name, kind = c.String(), "comment:"
		}
		d.circle, d.ref, d.at = c.Circle, kind+name, s.at[name]
		all = append(all, d)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what was deleted: %w", err)
	}
	return all, nil
}

// readAnswered finds out whom answers were given to, and keeps those in which
// the answered had turned to the one who answers: with a comment on his post, or
// an answer to his comment.
func readAnswered(ctx context.Context, tx pgx.Tx, answers []answer) (met []meeting, err error) {
	if len(answers) == 0 {
		return nil, nil
	}
	var circles, posts, comments, by []id.ID
	var at []time.Time
	for _, a := range answers {
		circles, posts, comments = append(circles, a.comment.Circle), append(posts, a.comment.Post), append(comments, a.comment.Comment)
		by, at = append(by, a.by), append(at, a.at)
	}
	rows, err := tx.Query(ctx, `SELECT DISTINCT ON (least(c.author_id, n.by_id), greatest(c.author_id, n.by_id)) c.author_id, n.by_id, n.at
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[]) AS n (circle_id, post_id, id, by_id, at)
		JOIN comments c ON c.circle_id = n.circle_id AND c.post_id = n.post_id AND c.id = n.id
		JOIN posts p ON p.circle_id = n.circle_id AND p.id = n.post_id
		LEFT JOIN comments q ON q.circle_id = c.circle_id AND q.post_id = c.post_id AND q.id = c.reply_to
		WHERE c.author_id <> n.by_id AND (p.author_id = n.by_id OR q.author_id = n.by_id)
		ORDER BY least(c.author_id, n.by_id), greatest(c.author_id, n.by_id), n.at`, circles, posts, comments, by, at)
	if err != nil {
		return nil, fmt.Errorf("read who was answered: %w", err)
	}
	met, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m meeting, err error) {
		return m, row.Scan(&m.a, &m.b, &m.at)
	})
	if err != nil {
		return nil, fmt.Errorf("read who was answered: %w", err)
	}
	return met, nil
}

type liftKey struct {
	user id.ID
	ref  string
}

// findOurs finds events of ours by what they are of.
func findOurs(ctx context.Context, tx pgx.Tx, lifts []lift) (map[liftKey]id.ID, error) {
	if len(lifts) == 0 {
		return nil, nil //nolint:nilnil // nothing is looked for
	}
	users, refs := make([]id.ID, len(lifts)), make([]string, len(lifts))
	for i, l := range lifts {
		users[i], refs[i] = l.user, l.ref
	}
	rows, err := tx.Query(ctx, `SELECT e.user_id, e.ref, e.id FROM unnest($1::bigint[], $2::text[]) AS n (user_id, ref)
		JOIN score_events e ON e.user_id = n.user_id AND e.issuer = $3 AND e.ref = n.ref`, users, refs, ours)
	if err != nil {
		return nil, fmt.Errorf("find events: %w", err)
	}
	out := map[liftKey]id.ID{}
	var (
		k     liftKey
		found id.ID
	)
	if _, err := pgx.ForEachRow(rows, []any{&k.user, &k.ref, &found}, func() error {
		out[k] = found
		return nil
	}); err != nil {
		return nil, fmt.Errorf("find events: %w", err)
	}
	return out, nil
}
