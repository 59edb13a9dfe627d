package demo

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/auth"
	"lifecircle/internal/id"
	"lifecircle/internal/media"
	"lifecircle/internal/pg"
)

// Password is that of the demo logins. It is printed and no secret: only they
// have it, nobody can sign in as one of the other people of the demo world.
const Password = "circle-demo"

const worldSeed = 1 // the same story on every machine

// Accounts makes accounts; an auth.Service does.
type Accounts interface {
	CreateUsers(ctx context.Context, accounts []auth.NewUser, password string) ([]auth.User, error)
}

// Seed writes the demo world, as it stands now, into a database that has none
// yet, and tells whether it did. Nodes that start together write it once. It
// refuses to let its people speak for somebody who signed up by the same
// handle. All of it is written in one transaction, but for the accounts, which
// a second attempt finds again, and the files of photos. pictures may be nil: then
// nobody takes any.
func Seed(ctx context.Context, pool *pgxpool.Pool, accounts Accounts, pictures Pictures, out io.Writer) (written bool, err error) {
	if fresh, err := stillUnseeded(ctx, pool); err != nil || !fresh {
		return false, err
	}
	begin := time.Now()
	fmt.Fprintln(out, "Writing the demo world; this happens once.")
	world := NewWorld(begin, worldSeed)
	users, err := world.createUsers(ctx, accounts)
	if err != nil {
		return false, err
	}
	var painted []media.Finished
	if pictures != nil {
		if painted, err = paint(ctx, pictures); err != nil {
			return false, err
		}
	}
	p := newPlan(world, users, painted)
	err = pg.InTx(ctx, pool, func(tx pgx.Tx) (err error) {
		if written, err = unseeded(ctx, tx); err != nil || !written {
			return err
		}
		if err := refuseTaken(ctx, tx, p); err != nil {
			return err
		}
		return p.write(ctx, tx)
	})
	if err != nil || !written {
		return false, err
	}
	fmt.Fprintf(out, "Done: %d people in %d circles, %d posts, %d comments and %d likes in %.1f s.\n",
		len(world.People), len(world.Circles), len(world.Posts), len(world.Comments), len(world.Likes), time.Since(begin).Seconds())
	return true, nil
}

func stillUnseeded(ctx context.Context, pool *pgxpool.Pool) (fresh bool, err error) {
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) (err error) {
		fresh, err = unseeded(ctx, tx)
		return err
	})
	return fresh, err
}

// createUsers makes the accounts and returns them by handle.
func (w *World) createUsers(ctx context.Context, accounts Accounts) (map[string]auth.User, error) {
	groups := map[string][]auth.NewUser{} // by password
	for _, p := range w.People {
		password := ""
		if p.Demo {
			password = Password
		}
		groups[password] = append(groups[password], auth.NewUser{Handle: p.Handle, DisplayName: p.DisplayName})
	}
	byHandle := make(map[string]auth.User, len(w.People))
	for password, group := range groups {
		users, err := accounts.CreateUsers(ctx, group, password)
		if err != nil {
			return nil, fmt.Errorf("make the accounts of the demo world: %w", err)
		}
		for _, u := range users {
			byHandle[u.Handle] = u
		}
	}
	return byHandle, nil
}

func refuseTaken(ctx context.Context, tx pgx.Tx, p *plan) error {
	ids := make([]id.ID, len(p.people))
	for i, person := range p.people {
		ids[i] = person.ID
	}
	handle, err := taken(ctx, tx, ids)
	if err != nil {
		return fmt.Errorf("look for people who signed up: %w", err)
	}
	if handle != "" {
		return fmt.Errorf("somebody has signed up as %s, which is a person of the demo world: use an empty database", handle)
	}
	return nil
}

// Logins are the handles that visitors may sign in with.
func Logins() []string {
	people, _ := mustLoad()
	var handles []string
	for _, p := range people {
		if p.Demo {
			handles = append(handles, p.Handle)
		}
	}
	return handles
}
