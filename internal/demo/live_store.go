package demo

import (
	"context"

	"github.com/jackc/pgx/v5"

	"lifecircle/feed"
	"lifecircle/internal/id"
)

func (p *presence) findPeople(ctx context.Context) error {
	handles := make([]string, len(p.world.People))
	for i, person := range p.world.People {
		handles[i] = person.Handle
	}
	rows, err := p.pool.Query(ctx, `SELECT id, handle FROM users WHERE handle = ANY($1) AND banned_at IS NULL`, handles)
	if err != nil {
		return err
	}
	var (
		user   id.ID
		handle string
	)
	_, err = pgx.ForEachRow(rows, []any{&user, &handle}, func() error {
		p.people[handle] = feed.Actor{User: user}
		return nil
	})
	return err
}

// findCircles goes by name and founder; a circle that was renamed is left
// alone from then on.
func (p *presence) findCircles(ctx context.Context) error {
	for _, c := range p.world.Circles {
		rows, err := p.pool.Query(ctx, `SELECT id FROM circles WHERE name = $1 AND created_by = $2 ORDER BY id LIMIT 1`, c.Name, p.people[c.Owner].User)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[id.ID])
		if err != nil {
			return err
		}
		if len(found) == 1 {
			p.circles[c.Key] = found[0]
			p.keys = append(p.keys, c.Key)
		}
	}
	return nil
}
