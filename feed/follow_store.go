package feed

import (
	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
)

// readFollows marks which of the follows exist, and counts how many circles
// each of the people follows. The circles' counts are locked before, so nobody
// changes the follows meanwhile.
func readFollows(q *pgx.Batch, pairs set[membership]) (map[membership]*mark, map[id.ID]int) {
	out, following := make(map[membership]*mark, len(pairs)), map[id.ID]int{}
	if len(pairs) == 0 {
		return out, following
	}
	for m := range pairs {
		out[m] = &mark{}
	}
	circles, users := membershipColumns(pairs)
	q.Queue(`SELECT f.circle_id, f.user_id FROM unnest($1::bigint[], $2::bigint[]) AS n (circle_id, user_id)
		JOIN follows f USING (circle_id, user_id)`, circles, users).
		Query(func(rows pgx.Rows) error {
			var m membership
			return each(rows, []any{&m.circle, &m.user}, func() { *out[m] = mark{was: true, is: true} })
		})
	q.Queue(`SELECT n.user_id, (SELECT count(*) FROM (SELECT FROM follows f WHERE f.user_id = n.user_id LIMIT $2) AS counted)
		FROM (SELECT DISTINCT unnest($1::bigint[]) AS user_id) n`, users, MaxFollows).
		Query(func(rows pgx.Rows) error {
			var (
				user id.ID
				n    int
			)
			return each(rows, []any{&user, &n}, func() { following[user] = n })
		})
	return out, following
}

func (b *batch) writeFollows(q *pgx.Batch) {
	var made, ended struct{ circles, users []id.ID }
	for m, f := range b.follows {
		to := &made
		if f.was {
			to = &ended
		}
		if f.was != f.is {
			to.circles, to.users = append(to.circles, m.circle), append(to.users, m.user)
		}
	}
	if len(made.users) > 0 {
		q.Queue(`INSERT INTO follows (circle_id, user_id) SELECT * FROM unnest($1::bigint[], $2::bigint[])`, made.circles, made.users)
	}
	if len(ended.users) > 0 {
		q.Queue(`DELETE FROM follows f USING unnest($1::bigint[], $2::bigint[]) AS n (circle_id, user_id)
			WHERE f.circle_id = n.circle_id AND f.user_id = n.user_id`, ended.circles, ended.users)
	}
	var (
		circles []id.ID
		n       []int64
	)
	for circle, f := range b.followers {
		if f.changed {
			circles, n = append(circles, circle), append(n, f.n)
		}
	}
	if len(circles) > 0 {
		q.Queue(`UPDATE circle_counts c SET followers = n.followers FROM unnest($1::bigint[], $2::bigint[]) AS n (circle_id, followers)
			WHERE c.circle_id = n.circle_id`, circles, n)
	}
}
