package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
	"lifecircle/internal/text"
)

var (
	errNoAccount = errors.New("there is no account of this handle")
	errNotStaff  = errors.New("nobody of this handle decides verifications; see `lifecircle staff add`")
	errNoDomain  = errors.New("this domain is not in the list")

	errNobodyThere = errors.New("there is no account of this handle or id")
	errTwo         = errors.New("this is the id of one account and the handle of another; write @ before the handle, or another way to name it")
)

// AddStaff lets somebody decide verifications.
func AddStaff(ctx context.Context, pool *pgxpool.Pool, handle string) error {
	tag, err := pool.Exec(ctx, `INSERT INTO staff (user_id) SELECT id FROM users WHERE handle = $1
		ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id`, plain(handle))
	if err == nil && tag.RowsAffected() == 0 {
		err = errNoAccount
	}
	if err != nil {
		return fmt.Errorf("add staff: %w", err)
	}
	return nil
}

// RemoveStaff takes that back.
func RemoveStaff(ctx context.Context, pool *pgxpool.Pool, handle string) error {
	tag, err := pool.Exec(ctx, `DELETE FROM staff WHERE user_id = (SELECT id FROM users WHERE handle = $1)`, plain(handle))
	if err == nil && tag.RowsAffected() == 0 {
		err = errNotStaff
	}
	if err != nil {
		return fmt.Errorf("remove staff: %w", err)
	}
	return nil
}

// Staff returns the handles of those who decide.
func Staff(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	rows, err := pool.Query(ctx, `SELECT u.handle FROM staff s JOIN users u ON u.id = s.user_id ORDER BY u.handle`)
	if err != nil {
		return nil, fmt.Errorf("list staff: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// StaffMember returns who decides under a handle.
func (s *Service) StaffMember(ctx context.Context, handle string) (user id.ID, err error) {
	return StaffMember(ctx, s.pool, handle)
}

// StaffMember returns who decides under a handle.
func StaffMember(ctx context.Context, pool *pgxpool.Pool, handle string) (user id.ID, err error) {
	err = pool.QueryRow(ctx, `SELECT s.user_id FROM staff s JOIN users u ON u.id = s.user_id WHERE u.handle = $1 AND u.banned_at IS NULL`, plain(handle)).Scan(&user)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, errNotStaff
	}
	if err != nil {
		return 0, fmt.Errorf("look for staff: %w", err)
	}
	return user, nil
}

// Person finds an account by its handle or its id; @ says that it is a handle.
func (s *Service) Person(ctx context.Context, ref string) (user id.ID, err error) {
	var named id.ID // 0: it is no id
	if !strings.HasPrefix(ref, "@") {
		named, _ = id.Parse(ref)
	}
	rows, err := s.pool.Query(ctx, `SELECT id FROM users WHERE handle = $1 OR id = $2`, plain(ref), named)
	if err != nil {
		return 0, fmt.Errorf("look for an account: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[id.ID])
	switch {
	case err != nil:
		return 0, fmt.Errorf("look for an account: %w", err)
	case len(found) == 0:
		return 0, errNobodyThere
	case len(found) > 1:
		return 0, errTwo
	}
	return found[0], nil
}

// plain reads a handle as people write it.
func plain(handle string) string { return strings.TrimPrefix(strings.ToValidUTF8(handle, ""), "@") }

// Domain is one whose mailboxes are those of students or employees.
type Domain struct {
	Domain, Kind, Name string // Kind: school or company
}

// AddDomain puts a domain on the list, or changes what it stands for.
func AddDomain(ctx context.Context, pool *pgxpool.Pool, d Domain) error {
	name, err := text.Name("name", d.Name, MaxOf)
	if err != nil {
		return problem.From(err)
	}
	_, err = pool.Exec(ctx, `INSERT INTO domains (domain, kind, name) VALUES (lower($1), $2, $3)
		ON CONFLICT (domain) DO UPDATE SET kind = excluded.kind, name = excluded.name`, d.Domain, d.Kind, name)
	if pg.Constraint(err) != "" {
		return fmt.Errorf("%q is not a domain like tsinghua.edu.cn of a school or company", d.Domain)
	}
	if err != nil {
		return fmt.Errorf("add a domain: %w", err)
	}
	return nil
}

// RemoveDomain takes it from the list.
func RemoveDomain(ctx context.Context, pool *pgxpool.Pool, domain string) error {
	tag, err := pool.Exec(ctx, `DELETE FROM domains WHERE domain = lower($1)`, domain)
	if err == nil && tag.RowsAffected() == 0 {
		err = errNoDomain
	}
	if err != nil {
		return fmt.Errorf("remove a domain: %w", err)
	}
	return nil
}

// Domains returns the list.
func Domains(ctx context.Context, pool *pgxpool.Pool) ([]Domain, error) {
	rows, err := pool.Query(ctx, `SELECT domain, kind, name FROM domains ORDER BY domain`)
	if err != nil {
		return nil, fmt.Errorf("list domains: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Domain])
}
