package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/id"
	"lifecircle/internal/pg"
	"lifecircle/internal/problem"
	"lifecircle/internal/text"
)

// Lengths of what accounts consist of; served at /v1/limits.
const (
	MinHandle      = 3 // of a-z, 0-9 and _
	MaxHandle      = 30
	MinPassword    = 8 // code points
	MaxPassword    = 200
	maxDisplayName = 50 // graphemes
)

// NewAccount is what somebody gives to sign up.
type NewAccount struct {
	Handle      string
	Password    string
	DisplayName string
}

// String hides the password from fmt.
func (a NewAccount) String() string { return fmt.Sprintf("account %q", a.Handle) }

// GoString hides the password from %#v.
func (a NewAccount) GoString() string { return a.String() }

// LogValue hides the password from slog.
func (a NewAccount) LogValue() slog.Value { return slog.StringValue(a.String()) }

// User is an account as others may see it.
type User struct {
	ID          id.ID
	Handle      string
	DisplayName string
}

// Register makes an account and its first session. The problem is HandleForm,
// PasswordWeak or one of package text's, each with its place in Fields;
// HandleTaken; or Overloaded.
func (s *Service) Register(ctx context.Context, a NewAccount) (Grant, error) {
	a, err := a.normalised()
	if err != nil {
		return Grant{}, err
	}
	if taken, err := s.handleExists(ctx, a.Handle); err != nil {
		return Grant{}, err
	} else if taken { // found before the costly hash; the constraint below still has the last word
		return Grant{}, handleTaken(a.Handle)
	}
	hash, err := s.hasher.hash(ctx, a.Password)
	if err != nil {
		return Grant{}, err
	}
	user := User{Handle: a.Handle, DisplayName: a.DisplayName}
	var session newSession
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if user.ID, err = s.insertUser(ctx, tx, user, hash); err != nil {
			return err
		}
		session, err = s.insertSession(ctx, tx, user.ID)
		return err
	})
	if err != nil {
		return Grant{}, fmt.Errorf("register: %w", err)
	}
	return s.grant(ctx, user, session)
}

// Login opens a session. The problem is InvalidCredentials, Banned or
// Overloaded.
func (s *Service) Login(ctx context.Context, handle, password string) (Grant, error) {
	if len(password) > MaxPassword*utf8.UTFMax {
		return Grant{}, invalidCredentials() // nobody's, and not worth the work
	}
	found, err := s.selectLogin(ctx, lower(handle))
	if err != nil {
		return Grant{}, err
	}
	ok, stale, err := s.hasher.verify(ctx, password, found.hash)
	switch {
	case err != nil:
		return Grant{}, fmt.Errorf("log in: %w", err)
	case !ok:
		return Grant{}, invalidCredentials()
	case found.banned:
		return Grant{}, banned()
	}
	if stale {
		s.rehash(ctx, found, password)
	}
	var session newSession
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		session, err = s.insertSession(ctx, tx, found.user.ID)
		return err
	})
	if err != nil {
		return Grant{}, fmt.Errorf("log in: %w", err)
	}
	return s.grant(ctx, found.user, session)
}

// rehash brings a password's hash to today's cost. A failure waits for the
// next login.
func (s *Service) rehash(ctx context.Context, found login, password string) {
	hash, err := s.hasher.hash(ctx, password)
	if err == nil {
		err = s.updateHash(ctx, found.user.ID, found.hash, hash)
	}
	if err != nil {
		s.log.Warn("could not renew a password hash", "user", found.user.ID, "error", err)
	}
}

// normalised returns a as it is stored, or one problem with every fault.
func (a NewAccount) normalised() (NewAccount, error) {
	var all *problem.Problem
	fault := func(err error) {
		if p := problem.From(err); p != nil && all == nil {
			all = p
		} else if p != nil {
			all.Fields = append(all.Fields, p.Fields...)
		}
	}
	a.Handle = lower(a.Handle)
	fault(checkHandle(a.Handle))
	fault(checkPassword(a.Password, a.Handle))
	name, err := text.Name("body.display_name", a.DisplayName, maxDisplayName)
	fault(err)
	if all != nil {
		return NewAccount{}, all
	}
	a.DisplayName = name
	return a, nil
}

// lower maps ASCII only: the Kelvin sign is no k.
func lower(handle string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, handle)
}

// wellFormed tells whether a handle can be somebody's.
func wellFormed(handle string) bool {
	bad := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }
	return len(handle) >= MinHandle && len(handle) <= MaxHandle && !strings.ContainsFunc(handle, bad)
}

func checkHandle(handle string) error {
	if !wellFormed(handle) {
		return problem.Invalid(problem.HandleForm, "body.handle",
			"a handle has %d to %d letters a to z, digits and underscores", MinHandle, MaxHandle)
	}
	return nil
}

func checkPassword(password, handle string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case n < MinPassword || n > MaxPassword || !utf8.ValidString(password):
		return problem.Invalid(problem.PasswordWeak, "body.password", "a password has %d to %d characters", MinPassword, MaxPassword)
	case lower(password) == handle:
		return problem.Invalid(problem.PasswordWeak, "body.password", "a password must differ from the handle")
	case strings.TrimSpace(password) == "":
		return problem.Invalid(problem.PasswordWeak, "body.password", "a password needs more than spaces")
	}
	return nil
}

func handleTaken(handle string) error {
	return problem.Invalid(problem.HandleTaken, "body.handle", "the handle %s is taken", handle)
}

func invalidCredentials() error {
	return problem.New(problem.InvalidCredentials, "the handle or the password is wrong")
}

func banned() *problem.Problem {
	return &problem.Problem{Code: problem.Banned, Detail: "This account is suspended.", Rule: []problem.Clause{
		{Clause: "account", Have: "suspended", Need: "an account in good standing", How: "write to the operator"},
	}}
}

var errIDs = errors.New("no free id after several tries")
