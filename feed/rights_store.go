package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed/policy"
	"lifecircle/internal/id"
)

// sender is a pool or a transaction.
type sender interface {
	SendBatch(ctx context.Context, q *pgx.Batch) pgx.BatchResults
}

const (
	rulingColumns = `c.id, c.rules_version, c.name, c.place, c.category, c.tags, c.created_at, coalesce(r.rules, '{"view": "false"}'), coalesce(r.reason, '')`
	rulingTables  = `circles c LEFT JOIN circle_rules r ON r.circle_id = c.id AND r.version = c.rules_version`
)

// queueRulings reads the rules of those of the circles that have some. The
// usual answer has no row, which is what makes open circles cheap.
func (s *Service) queueRulings(q *pgx.Batch, circles []id.ID) map[id.ID]*ruling {
	out := map[id.ID]*ruling{}
	if len(circles) > 0 {
		q.Queue(`SELECT `+rulingColumns+` FROM `+rulingTables+` WHERE c.id = ANY($1::bigint[]) AND c.ruled`, circles).
			Query(func(rows pgx.Rows) error { return s.scanRulings(rows, out) })
	}
	return out
}

// queueFollowedRulings does the same for all circles that a person follows.
func (s *Service) queueFollowedRulings(q *pgx.Batch, a Actor) map[id.ID]*ruling {
	out := map[id.ID]*ruling{}
	q.Queue(`SELECT `+rulingColumns+` FROM follows f JOIN `+rulingTables+` ON c.id = f.circle_id WHERE f.user_id = $1 AND c.ruled`, a.User).
		Query(func(rows pgx.Rows) error { return s.scanRulings(rows, out) })
	return out
}

func (s *Service) scanRulings(rows pgx.Rows, into map[id.ID]*ruling) error {
	for rows.Next() {
		var (
			circle  id.ID
			version int
			texts   map[policy.Action]string
			reason  string
			r       ruling
		)
		if err := rows.Scan(&circle, &version, &r.circle.Name, &r.circle.Place, &r.circle.Category, &r.circle.Tags, &r.made, &texts, &reason); err != nil {
			return err
		}
		r.rules = s.rules.of(circle, version, texts, reason)
		into[circle] = &r
	}
	return rows.Err()
}

// viewer is one who looks.
type viewer struct {
	s      *Service
	actor  Actor
	at     time.Time // by the database's clock
	exists bool
	banned bool
	rights func(id.ID, time.Time) policy.Subject
}

// queueViewer reads what rules ask of the one who looks.
func (s *Service) queueViewer(q *pgx.Batch, a Actor) *viewer {
	v := &viewer{s: s, actor: a}
	q.Queue(`SELECT clock_timestamp(), u.id IS NOT NULL, u.banned_at IS NOT NULL FROM (SELECT $1::bigint AS id) n LEFT JOIN users u ON u.id = n.id`, a.User).
		QueryRow(func(row pgx.Row) error { return row.Scan(&v.at, &v.exists, &v.banned) })
	if !a.Guest() {
		v.rights = s.rights.Queue(q, []id.ID{a.User})
	}
	return v
}

// in says who the viewer is in a circle; r is nil where there are no rules.
func (v *viewer) in(r *ruling, role string, follows bool) standing {
	var subject policy.Subject
	if v.exists && !v.actor.Guest() {
		subject = v.rights(v.actor.User, v.at)
		subject.SignedIn, subject.Banned, subject.Role, subject.Follows = true, v.banned, role, follows
	}
	return v.s.stand(subject, r, v.at)
}

// glance is a viewer at one circle.
type glance struct {
	*viewer
	circle  id.ID
	rulings map[id.ID]*ruling
	role    string
	follows bool
}

// queueGlance reads what the rules of one circle, if there are any, ask of the
// one who looks.
func (s *Service) queueGlance(q *pgx.Batch, a Actor, circle id.ID) *glance {
	g := &glance{viewer: s.queueViewer(q, a), circle: circle, rulings: s.queueRulings(q, []id.ID{circle})}
	if !a.Guest() {
		q.Queue(`SELECT coalesce((SELECT m.role FROM circle_members m WHERE m.circle_id = $1 AND m.user_id = $2), ''),
			EXISTS (SELECT FROM follows f WHERE f.circle_id = $1 AND f.user_id = $2)`, circle, a.User).
			QueryRow(func(row pgx.Row) error { return row.Scan(&g.role, &g.follows) })
	}
	return g
}

// here is standing for rows that bring the role along.
func (g *glance) here(_ id.ID, role string) standing {
	return g.in(g.rulings[g.circle], role, g.follows)
}

func (g *glance) standing() standing { return g.in(g.rulings[g.circle], g.role, g.follows) }

// MayView tells whether the actor may look into a circle. It fails with
// CircleNotFound if there is none, for him.
func (s *Service) MayView(ctx context.Context, a Actor, circle id.ID) error {
	return outward(s.mayView(ctx, s.pool, a, circle))
}

func (s *Service) mayView(ctx context.Context, db sender, a Actor, circle id.ID) error {
	_, err := s.look(ctx, db, a, circle)
	return err
}

// look returns who the actor is in a circle that is not closed to him.
func (s *Service) look(ctx context.Context, db sender, a Actor, circle id.ID) (who standing, err error) {
	var q pgx.Batch
	q.Queue(`SELECT FROM circles WHERE id = $1`, circle).QueryRow(func(row pgx.Row) error { return row.Scan() })
	g := s.queueGlance(&q, a, circle)
	switch err := db.SendBatch(ctx, &q).Close(); {
	case errors.Is(err, pgx.ErrNoRows):
		return who, errCircleNotFound
	case err != nil:
		return who, fmt.Errorf("read who may look into circle %s: %w", circle, err)
	}
	if who = g.standing(); who.closed() {
		return who, errCircleNotFound
	}
	return who, nil
}

// readOwner refuses whoever is no owner of the circle.
func (s *Service) readOwner(ctx context.Context, db sender, a Actor, circle id.ID) error {
	who, err := s.look(ctx, db, a, circle)
	switch {
	case err != nil:
		return err
	case !who.subject.SignedIn:
		return errSignIn
	case who.subject.Banned:
		return errSuspended
	default:
		return requireOwner(who.subject.Role)
	}
}

// readRuled reads, in a second round trip, what the rules of the batch's
// circles ask of those who act there, and the time at which they are judged.
func (b *batch) readRuled(ctx context.Context, conn *pgx.Conn, commands []*command) error {
	var (
		q      pgx.Batch
		pairs  = set[membership]{}
		people = set[id.ID]{}
	)
	for _, c := range commands {
		if circle := c.action.circle(); b.rulings[circle] != nil {
			pairs.add(membership{circle, c.actor.User})
			people.add(c.actor.User)
		}
	}
	readRoles(&q, pairs, b.roles)
	b.followed = readFollowed(&q, pairs)
	b.rights = b.s.rights.Queue(&q, sorted(people))
	b.queueClock(&q)
	return conn.SendBatch(ctx, &q).Close()
}

func (b *batch) queueClock(q *pgx.Batch) {
	q.Queue("SELECT clock_timestamp()").QueryRow(func(row pgx.Row) error {
		err := row.Scan(&b.now)
		b.now = b.now.UTC().Truncate(time.Microsecond)
		return err
	})
}

// readFollowed marks which of the follows exist, for rules that ask for it.
func readFollowed(q *pgx.Batch, pairs set[membership]) map[membership]bool {
	out := map[membership]bool{}
	circles, users := membershipColumns(pairs)
	q.Queue(`SELECT f.circle_id, f.user_id FROM unnest($1::bigint[], $2::bigint[]) AS n (circle_id, user_id)
		JOIN follows f USING (circle_id, user_id)`, circles, users).
		Query(func(rows pgx.Rows) error {
			var m membership
			return each(rows, []any{&m.circle, &m.user}, func() { out[m] = true })
		})
	return out
}

// stand says who the actor is in a circle. Without rules nothing of his rights
// was read.
func (b *batch) stand(circle id.ID, a Actor) standing {
	var (
		subject policy.Subject
		m       = membership{circle, a.User}
	)
	if b.rights != nil {
		subject = b.rights(a.User, b.now)
	}
	subject.SignedIn, subject.Role, subject.Follows = true, b.roles[m], b.followed[m]
	return b.s.stand(subject, b.rulings[circle], b.now)
}
