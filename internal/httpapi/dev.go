package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"golang.org/x/sync/errgroup"

	"lifecircle/internal/auth"
	"lifecircle/internal/id"
	"lifecircle/internal/identity"
	"lifecircle/internal/money"
	"lifecircle/internal/problem"
)

const (
	devArea        = "/v1/dev"
	maxDevPrefix   = 16 // characters, so that prefix, mark and number fit a handle
	devMark        = 7  // characters that tell one request's users from another's
	ignored        = "Exists with --dev only, 404 without. New users are adults unless birth_date says otherwise; what is left out of an update stays as it is."
	adultBirthDate = "1990-01-01" // of new users
	walletsAtOnce  = 512          // balances that wait for the same few commits
)

func devPath(path string) bool { return path == devArea || strings.HasPrefix(path, devArea+"/") }

func (s *server) devRoutes() {
	register(s, route{
		id: "create_dev_users", method: http.MethodPost, path: devArea + "/users", tag: "dev", dev: true, ops: true, status: http.StatusCreated,
		summary: "Make users to test with", about: ignored, codes: []problem.Code{problem.Overloaded, problem.ClaimUnsuitable, problem.TextEmpty, problem.TextTooLong, problem.TextControl},
	}, s.createDevUsers)
	register(s, route{
		id: "update_dev_user", method: http.MethodPut, path: devArea + "/users/{id}", tag: "dev", dev: true, ops: true,
		summary: "Change a user to test with, and get a new token", about: ignored, codes: []problem.Code{problem.UserNotFound, problem.InsufficientFunds, problem.FundsHeld, problem.Overloaded, problem.ClaimUnsuitable, problem.TextEmpty, problem.TextTooLong, problem.TextControl},
	}, s.updateDevUser)
}

// DevUser is what both requests can set of a user.
type DevUser struct {
	Level      *int           `json:"level,omitempty" minimum:"0" maximum:"3" doc:"of identity"`
	Attributes *devAttributes `json:"attributes,omitempty" required:"false"`
	Score      *int           `json:"score,omitempty" minimum:"350" maximum:"950"`
	Balance    *devBalance    `json:"balance,omitempty" required:"false" doc:"what the wallet has from now on"`
	TTLSeconds int            `json:"ttl_seconds,omitempty" minimum:"1" maximum:"86400" default:"86400" doc:"how long the token lasts"`
}

type devAttributes struct {
	BirthDate string      `json:"birth_date,omitempty" format:"date"`
	Gender    string      `json:"gender,omitempty" enum:"female,male,other"`
	City      string      `json:"city,omitempty"`
	Student   *devBelongs `json:"student,omitempty"`
	Employee  *devBelongs `json:"employee,omitempty"`
}

type devBelongs struct {
	Of        string `json:"of"`
	ExpiresAt string `json:"expires_at,omitempty" doc:"any time or day, also a past one; left out: in 12 months"`
}

// devBalance is an amount in fen, plain or with its currency. 0 is one, too.
type devBalance struct{ fen int64 }

// UnmarshalJSON implements json.Unmarshaler; the schema has checked the value.
func (b *devBalance) UnmarshalJSON(raw []byte) error {
	if raw[0] != '{' {
		return json.Unmarshal(raw, &b.fen)
	}
	var with struct {
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
	}
	err := json.Unmarshal(raw, &with)
	b.fen = with.Amount
	return err
}

// Schema implements huma.SchemaProvider.
func (devBalance) Schema(huma.Registry) *huma.Schema {
	zero, most := 0.0, float64(money.Max)
	amount := &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: &zero, Maximum: &most, Description: "fen"}
	with := &huma.Schema{
		Type: huma.TypeObject, Required: []string{"amount", "currency"}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{"amount": amount, "currency": {Type: huma.TypeString, Enum: []any{"CNY"}}},
	}
	amount.PrecomputeMessages()
	with.PrecomputeMessages()
	return &huma.Schema{OneOf: []*huma.Schema{amount, with}}
}

type newDevUsers struct {
	Count  int    `json:"count,omitempty" minimum:"1" maximum:"10000" default:"1"`
	Prefix string `json:"prefix,omitempty" default:"user" doc:"of their handles; cut to 16 characters, and what a handle cannot have becomes _"`
	DevUser
}

type createDevUsers struct{ Body newDevUsers }

type devAccount struct {
	ID          id.ID  `json:"id"`
	Handle      string `json:"handle"`
	AccessToken string `json:"access_token"`
}

type devAccounts struct {
	Items []devAccount `json:"items"`
}

// createDevUsers makes new users at every call: a mark in their handles tells
// them from those of an earlier one with the same prefix.
func (s *server) createDevUsers(ctx context.Context, in *createDevUsers) (*reply[devAccounts], error) {
	mark := id.New().String()
	stem := handlePart(in.Body.Prefix) + "_" + mark[len(mark)-devMark:] + "_"
	accounts := make([]auth.NewUser, in.Body.Count)
	for i := range accounts {
		accounts[i].Handle = stem + strconv.Itoa(i+1)
	}
	users, err := s.Auth.CreateUsers(ctx, accounts, "")
	if err != nil {
		return nil, err
	}
	if err := s.setTraits(ctx, users, in.Body.DevUser, adultBirthDate); err != nil {
		return nil, err
	}
	if err := s.setBalances(ctx, users, in.Body.Balance); err != nil {
		return nil, err
	}
	if err := s.setScore(ctx, users, in.Body.Score); err != nil {
		return nil, err
	}
	out := devAccounts{Items: make([]devAccount, len(users))}
	for i, u := range users {
		if out.Items[i], err = s.devAccount(ctx, u.ID, u.Handle, in.Body.TTLSeconds); err != nil {
			return nil, err
		}
	}
	return answer(out, nil)
}

// setTraits says what is verified of users, as the request wants it to be.
func (s *server) setTraits(ctx context.Context, users []auth.User, d DevUser, birthDate string) error {
	t := identity.Traits{Level: d.Level, BirthDate: birthDate}
	var err error
	if a := d.Attributes; a != nil {
		t.Gender, t.City = a.Gender, a.City
		if a.BirthDate != "" {
			t.BirthDate = a.BirthDate
		}
		if t.Student, err = a.Student.belonging("student"); err != nil {
			return err
		}
		if t.Employee, err = a.Employee.belonging("employee"); err != nil {
			return err
		}
	}
	ids := make([]id.ID, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	return s.Identity.Set(ctx, ids, t)
}

func (b *devBelongs) belonging(name string) (*identity.Belonging, error) {
	if b == nil {
		return nil, nil
	}
	out := &identity.Belonging{Of: b.Of}
	if b.ExpiresAt == "" {
		return out, nil
	}
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(form, b.ExpiresAt); err == nil && !at.IsZero() {
			out.Until = at
			return out, nil
		}
	}
	return nil, problem.Invalid(problem.ClaimUnsuitable, "body.attributes."+name+".expires_at", "it is a time like 2027-01-02T03:04:05Z or a day like 2027-01-02")
}

// setBalances gives all of them the same, many at once: they share commits.
func (s *server) setBalances(ctx context.Context, users []auth.User, balance *devBalance) error {
	if balance == nil {
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(walletsAtOnce)
	for _, u := range users {
		g.Go(func() error { return s.Payments.SetBalance(ctx, u.ID, balance.fen) })
	}
	return g.Wait()
}

// setScore pins the score of all of them: what the model says does not count,
// and their explanations say so.
func (s *server) setScore(ctx context.Context, users []auth.User, score *int) error {
	if score == nil {
		return nil
	}
	ids := make([]id.ID, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	return s.Scores.Pin(ctx, ids, *score)
}

func handlePart(prefix string) string {
	fitting := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(prefix))
	return fitting[:min(len(fitting), maxDevPrefix)]
}

type updateDevUser struct {
	UserPath
	Body DevUser
}

func (s *server) updateDevUser(ctx context.Context, in *updateDevUser) (*reply[devAccount], error) {
	user, err := userID(in.ID)
	if err != nil {
		return nil, err
	}
	u, err := s.Feed.User(ctx, user)
	if err != nil {
		return nil, err
	}
	if err := s.setTraits(ctx, []auth.User{{ID: u.ID}}, in.Body, ""); err != nil {
		return nil, err
	}
	if in.Body.Balance != nil {
		if err := s.Payments.SetBalance(ctx, u.ID, in.Body.Balance.fen); err != nil {
			return nil, err
		}
	}
	if err := s.setScore(ctx, []auth.User{{ID: u.ID}}, in.Body.Score); err != nil {
		return nil, err
	}
	return answer(s.devAccount(ctx, u.ID, u.Handle, in.Body.TTLSeconds))
}

func (s *server) devAccount(ctx context.Context, user id.ID, handle string, ttlSeconds int) (devAccount, error) {
	token, err := s.Auth.IssueFor(ctx, user, time.Duration(ttlSeconds)*time.Second)
	return devAccount{ID: user, Handle: handle, AccessToken: token}, err
}
