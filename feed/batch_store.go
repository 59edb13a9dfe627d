package feed

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/media"
)

// needs are the rows that the commands of a batch lock and read.
type needs struct {
	actor     id.ID      // whose command is asked just now
	authors   set[id.ID] // actors whose names are written
	actors    []id.ID    // all others
	roles     set[membership]
	circles   []id.ID      // in which something is done
	posts     set[id.Post] // locked, for their text, their photos or their end
	photos    []id.ID      // locked
	ending    []id.Post    // whose photos are locked, too: a trigger lets them go
	reviewers []id.ID      // actors that may be
	counts    set[id.Post] // locked; guards the post's likes and comments, too
	comments  set[id.Comment]
	likes     []like
	follows   set[membership]
	followers set[id.ID] // locked; guards the circle's follows, too
	logs      set[id.ID] // locked
}

type set[K comparable] map[K]struct{}

func (s *set[K]) add(k K) {
	if *s == nil {
		*s = set[K]{}
	}
	(*s)[k] = struct{}{}
}

// read begins the transaction, takes every lock in the product's order (keys,
// posts, photos, post_counts, circle_counts, circle_heads; each by id) and reads what
// the decisions need, in one round trip; circles with rules take another one
// for the rights of those who act there. What is guarded by a lock is read in
// a statement after the one that takes it, so that it is seen as it is. Rules
// are read after the heads are locked: who writes into a circle's log is judged
// by the rules that the log has told before.
func (b *batch) read(ctx context.Context, conn *pgx.Conn, commands []*command) error {
	var (
		n        = needs{actors: make([]id.ID, 0, len(commands)), likes: make([]like, 0, len(commands)), circles: make([]id.ID, 0, len(commands))}
		requests []idempotency.Request
		q        pgx.Batch
	)
	for _, c := range commands {
		n.actor = c.actor.User
		c.action.need(&n)
		n.circles = append(n.circles, c.action.circle())
		if _, reads := n.authors[n.actor]; !reads {
			n.actors = append(n.actors, n.actor)
		}
		if c.key.Used() {
			requests = append(requests, c.key)
		}
	}
	q.Queue("BEGIN")
	b.keys = idempotency.Lock(&q, requests)
	lockPosts(&q, n.posts)
	b.photos = media.Lock(&q, n.photos, n.ending...)
	b.counts = lockCounts(&q, n.counts)
	b.followers = lockFollowers(&q, n.followers)
	b.heads = circlelog.Lock(&q, sorted(n.logs))
	readBarred(&q, n.actors, b.barred)
	b.authors = readAuthors(&q, n.authors, b.barred)
	readRoles(&q, n.roles, b.roles)
	b.reviewers = media.QueueReviewers(&q, n.reviewers)
	slices.Sort(n.circles)
	b.rulings = b.s.queueRulings(&q, slices.Compact(n.circles))
	b.posts = readPosts(&q, n.posts)
	b.comments = readComments(&q, n.comments)
	b.likes = readLikes(&q, n.likes)
	b.follows, b.following = readFollows(&q, n.follows)
	b.queueClock(&q)
	if err := conn.SendBatch(ctx, &q).Close(); err != nil || len(b.rulings) == 0 {
		return err
	}
	return b.readRuled(ctx, conn, commands)
}

// write stores what was decided and commits, in one round trip.
func (b *batch) write(ctx context.Context, conn *pgx.Conn) error {
	var q pgx.Batch
	b.writePosts(&q)
	b.writePhotos(&q)
	b.writeComments(&q)
	b.writeLikes(&q)
	b.writeCounts(&q)
	b.writeFollows(&q)
	b.heads.Write(&q)
	b.keys.Write(&q)
	q.Queue("COMMIT")
	return conn.SendBatch(ctx, &q).Close()
}

func sorted(ids set[id.ID]) []id.ID { return slices.Sorted(maps.Keys(ids)) }

// columns turns posts into two arrays in the order of their ids.
func columns(posts set[id.Post]) (circles, ids []id.ID) {
	for _, p := range slices.SortedFunc(maps.Keys(posts), comparePosts) {
		circles, ids = append(circles, p.Circle), append(ids, p.Post)
	}
	return circles, ids
}

func comparePosts(a, b id.Post) int {
	return cmp.Or(cmp.Compare(a.Circle, b.Circle), cmp.Compare(a.Post, b.Post))
}

func lockPosts(q *pgx.Batch, posts set[id.Post]) {
	if len(posts) == 0 {
		return
	}
	circles, ids := columns(posts)
	q.Queue(`SELECT FROM unnest($1::bigint[], $2::bigint[]) AS n (circle_id, id) JOIN posts p USING (circle_id, id)
		ORDER BY circle_id, id FOR UPDATE OF p`, circles, ids)
}

func lockCounts(q *pgx.Batch, posts set[id.Post]) map[id.Post]*countsRow {
	out := make(map[id.Post]*countsRow, len(posts))
	if len(posts) == 0 {
		return out
	}
	circles, ids := columns(posts)
	q.Queue(`SELECT circle_id, post_id, version, likes, comments, tip_count, tip_total, deleted
		FROM unnest($1::bigint[], $2::bigint[]) AS n (circle_id, post_id) JOIN post_counts c USING (circle_id, post_id)
		ORDER BY circle_id, post_id FOR UPDATE OF c`, circles, ids).
		Query(func(rows pgx.Rows) error {
			var (
				p id.Post
				c countsRow
			)
			return each(rows, []any{&p.Circle, &p.Post, &c.Version, &c.Likes, &c.Comments, &c.TipCount, &c.TipTotal, &c.deleted}, func() {
				one := c
				out[p] = &one
			})
		})
	return out
}

func lockFollowers(q *pgx.Batch, circles set[id.ID]) map[id.ID]*followersRow {
	out := make(map[id.ID]*followersRow, len(circles))
	if len(circles) == 0 {
		return out
	}
	q.Queue(`SELECT circle_id, followers FROM circle_counts
		WHERE circle_id = ANY($1::bigint[]) ORDER BY circle_id FOR UPDATE`, sorted(circles)).
		Query(func(rows pgx.Rows) error {
			var (
				circle id.ID
				n      int64
			)
			return each(rows, []any{&circle, &n}, func() { out[circle] = &followersRow{n: n} })
		})
	return out
}

// readBarred adds who of the actors may do nothing. The usual answer has no
// row, which is what makes the judgement cheap for likes.
func readBarred(q *pgx.Batch, actors []id.ID, barred map[id.ID]error) {
	if len(actors) == 0 {
		return
	}
	slices.Sort(actors)
	q.Queue(`SELECT n.id, u.id IS NOT NULL FROM unnest($1::bigint[]) AS n (id) LEFT JOIN users u ON u.id = n.id
		WHERE u.id IS NULL OR u.banned_at IS NOT NULL`, slices.Compact(actors)).
		Query(func(rows pgx.Rows) error {
			var (
				actor     id.ID
				suspended bool // else the account is gone
			)
			return each(rows, []any{&actor, &suspended}, func() {
				barred[actor] = errSignIn
				if suspended {
					barred[actor] = errSuspended
				}
			})
		})
}

// readAuthors does the same, and reads the authors' names.
func readAuthors(q *pgx.Batch, authors set[id.ID], barred map[id.ID]error) map[id.ID]Author {
	out := make(map[id.ID]Author, len(authors))
	if len(authors) == 0 {
		return out
	}
	for a := range authors {
		barred[a] = errSignIn // until the account is found
	}
	q.Queue(`SELECT id, handle, display_name, banned_at IS NOT NULL FROM users WHERE id = ANY($1::bigint[])`, sorted(authors)).
		Query(func(rows pgx.Rows) error {
			var (
				a         Author
				suspended bool
			)
			return each(rows, []any{&a.ID, &a.Handle, &a.DisplayName, &suspended}, func() {
				out[a.ID] = a
				delete(barred, a.ID)
				if suspended {
					barred[a.ID] = errSuspended
				}
			})
		})
	return out
}

func readRoles(q *pgx.Batch, pairs set[membership], into map[membership]string) {
	if len(pairs) == 0 {
		return
	}
	circles, users := membershipColumns(pairs)
	q.Queue(`SELECT m.circle_id, m.user_id, m.role FROM unnest($1::bigint[], $2::bigint[]) AS n (circle_id, user_id)
		JOIN circle_members m USING (circle_id, user_id)`, circles, users).
		Query(func(rows pgx.Rows) error {
			var (
				m    membership
				role string
			)
			return each(rows, []any{&m.circle, &m.user, &role}, func() { into[m] = role })
		})
}

func membershipColumns(pairs set[membership]) (circles, users []id.ID) {
	for m := range pairs {
		circles, users = append(circles, m.circle), append(users, m.user)
	}
	return circles, users
}

// each scans all rows into the targets and calls f after each.
func each(rows pgx.Rows, targets []any, f func()) error {
	_, err := pgx.ForEachRow(rows, targets, func() error { f(); return nil })
	return err
}
