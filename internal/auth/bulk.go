package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
	"lifecircle/internal/text"
)

// MaxBulk is how many users CreateUsers makes at once.
const MaxBulk = 10_000

// NewUser is one account of many.
type NewUser struct {
	Handle      string
	DisplayName string // "" is the handle
}

// CreateUsers makes accounts for the dev surface and the demo. All get the
// one password, which is hashed once; with "" nobody can sign in to them. An
// account that is there already stays as it is and is returned. The result is
// in the order of the input. The problems are those of Register.
func (s *Service) CreateUsers(ctx context.Context, accounts []NewUser, password string) ([]User, error) {
	if len(accounts) > MaxBulk {
		return nil, problem.Invalid(problem.Invalid_, "body.count", "at most %d users at once", MaxBulk)
	}
	users := make([]User, len(accounts))
	for i, a := range accounts {
		var err error
		if users[i], err = a.normalised(); err != nil {
			return nil, err
		}
	}
	hash := unusable
	if password != "" {
		if err := checkPassword(password, ""); err != nil {
			return nil, err
		}
		var err error
		if hash, err = s.hasher.hash(ctx, password); err != nil {
			return nil, err
		}
	}
	there, err := s.ensureUsers(ctx, users, hash)
	if err != nil {
		return nil, fmt.Errorf("create users: %w", err)
	}
	for i, u := range users {
		users[i] = there[u.Handle]
	}
	return users, nil
}

func (a NewUser) normalised() (User, error) {
	u := User{Handle: lower(a.Handle), DisplayName: a.DisplayName}
	if err := checkHandle(u.Handle); err != nil {
		return User{}, err
	}
	if u.DisplayName == "" {
		u.DisplayName = u.Handle
	}
	name, err := text.Name("body.display_name", u.DisplayName, maxDisplayName)
	if err != nil {
		return User{}, err
	}
	u.DisplayName = name
	return u, nil
}

// ensureUsers inserts those whose handle is free and returns all by handle.
// An id that was taken is drawn again.
func (s *Service) ensureUsers(ctx context.Context, users []User, hash string) (map[string]User, error) {
	there := make(map[string]User, len(users))
	missing := users
	for range idTries {
		if err := s.insertUsers(ctx, missing, hash); err != nil {
			return nil, err
		}
		if err := s.selectUsers(ctx, missing, there); err != nil {
			return nil, err
		}
		missing = slices.DeleteFunc(slices.Clone(missing), func(u User) bool { return there[u.Handle].ID != 0 })
		if len(missing) == 0 {
			return there, nil
		}
	}
	return nil, errIDs
}

// insertUsers goes by handle, so that two callers wait for each other in one
// direction only.
func (s *Service) insertUsers(ctx context.Context, users []User, hash string) error {
	byHandle := func(a, b User) int { return strings.Compare(a.Handle, b.Handle) }
	users = slices.Clone(users)
	slices.SortFunc(users, byHandle)
	var ids []id.ID
	var handles, names []string
	for _, u := range users {
		ids, handles, names = append(ids, s.newID()), append(handles, u.Handle), append(names, u.DisplayName)
	}
	_, err := s.pool.Exec(ctx, `
		INSERT INTO users (id, handle, display_name, password_hash)
		SELECT u.id, u.handle, u.display_name, $4
		FROM unnest($1::bigint[], $2::text[], $3::text[]) AS u (id, handle, display_name)
		ON CONFLICT DO NOTHING`, ids, handles, names, hash)
	return err
}

func (s *Service) selectUsers(ctx context.Context, users []User, into map[string]User) error {
	handles := make([]string, len(users))
	for i, u := range users {
		handles[i] = u.Handle
	}
	rows, err := s.pool.Query(ctx, `SELECT id, handle, display_name FROM users WHERE handle = ANY($1)`, handles)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var u User
		if err := rows.Scan(&u.ID, &u.Handle, &u.DisplayName); err != nil {
			return err
		}
		into[u.Handle] = u
	}
	return rows.Err()
}
