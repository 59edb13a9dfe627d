package identity_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"lifecircle/internal/id"
	"lifecircle/internal/identity"
	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/identity/verifier/manual"
	"lifecircle/internal/identity/verifier/sandbox"
	"lifecircle/internal/pgtest"
	"lifecircle/internal/problem"
)

// world is an identity service with the sandbox authority and a desk of staff.
type world struct {
	t         testing.TB
	pool      *pgxpool.Pool
	keys      *verifier.Keys
	s         *identity.Service
	authority *sandbox.Authority
	desk      *manual.Desk
	log       *syncBuffer

	mu      sync.Mutex // guards changed
	changed map[id.ID]int
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, pool: pgtest.New(t), log: &syncBuffer{}, changed: map[id.ID]int{}}
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if w.keys, err = verifier.LoadKeys(t.Context(), w.pool, ""); err != nil {
		t.Fatal(err)
	}
	told := func(ctx context.Context, name string) { w.s.Told(ctx, name) }
	if w.authority, err = sandbox.New(w.pool, w.keys, sandbox.Options{Told: told, Log: log}); err != nil {
		t.Fatal(err)
	}
	w.desk = manual.New(w.pool, w.keys, told)
	w.s = identity.New(w.pool, w.keys, identity.Options{Verifiers: []verifier.Verifier{w.authority, w.desk}, Log: log, Changed: func(user id.ID) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.changed[user]++
	}})
	return w
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.pool.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
}

// people makes so many accounts, with ids from 1000 on.
func (w *world) people(n int) []id.ID {
	w.t.Helper()
	w.exec(`INSERT INTO users (id, handle, display_name, password_hash) SELECT 1000 + n, 'user_' || n, 'User', '' FROM generate_series(1, $1) n`, n)
	users := make([]id.ID, n)
	for i := range users {
		users[i] = id.ID(1001 + i)
	}
	return users
}

func (w *world) apply(user id.ID, in identity.Application) identity.Verification {
	w.t.Helper()
	v, err := w.s.Apply(w.t.Context(), user, in, "")
	if err != nil {
		w.t.Fatalf("Apply: %v", err)
	}
	return v
}

// verify has the authority confirm facts, and returns what became of it.
func (w *world) verify(user id.ID, kind identity.Kind, f verifier.Facts) identity.Verification {
	w.t.Helper()
	v := w.apply(user, identity.Application{Kind: kind})
	if err := w.authority.Approve(w.t.Context(), v.ID.String(), f); err != nil {
		w.t.Fatal(err)
	}
	return w.find(user, v.ID)
}

func (w *world) mine(user id.ID) identity.Own {
	w.t.Helper()
	own, err := w.s.Mine(w.t.Context(), user)
	if err != nil {
		w.t.Fatal(err)
	}
	return own
}

func (w *world) find(user, v id.ID) identity.Verification {
	w.t.Helper()
	for _, item := range w.mine(user).Items {
		if item.ID == v {
			return item
		}
	}
	w.t.Fatalf("verification %s is not in the list", v)
	return identity.Verification{}
}

func (w *world) rights(user id.ID) identity.Rights {
	w.t.Helper()
	r, err := identity.ReadRights(w.t.Context(), w.pool, user)
	if err != nil || r[user] == nil {
		w.t.Fatalf("rights of %s: %v", user, err)
	}
	return *r[user]
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.t.Context(), sql, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func person(document string) verifier.Facts {
	return verifier.Facts{Level: 2, Document: document, BirthDate: "1990-01-01", Gender: "female", City: "上海"}
}

func TestAnIdentityIsVerified(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.people(1)[0]
	v := w.apply(ann, identity.Application{Kind: verifier.Identity, Name: "Ann", Gender: "male", City: "Mars", BirthDate: "1980-01-01"})
	if v.Status != verifier.Pending || v.Level != 2 || v.Verifier != "sandbox" || !strings.HasPrefix(v.URL, "/sandbox/authority/"+v.ID.String()+"?token=") {
		t.Fatalf("%+v", v)
	}
	if r := w.rights(ann); r.Level != 0 || r.Gender != "" || r.City != "" || !r.BirthDate.IsZero() {
		t.Errorf("what an applicant says counts: %+v", r)
	}
	if err := w.authority.Approve(t.Context(), v.ID.String(), person("11010119900101")); err != nil {
		t.Fatal(err)
	}
	r := w.rights(ann)
	if r.Level != 2 || r.Gender != "female" || r.City != "上海" || !r.BirthDate.Equal(day("1990-01-01")) {
		t.Errorf("%+v", r)
	}
	own := w.mine(ann)
	if own.Level != 2 || len(own.Levels) != 2 || own.Levels[1].Issuer != "sandbox" || own.Levels[1].VerifiedAt.IsZero() || len(own.Attributes) != 3 {
		t.Errorf("%+v", own)
	}
	if got := own.Items[0]; got.Status != verifier.Verified || got.URL != "" || got.EndedAt == nil {
		t.Errorf("%+v", got)
	}
	if w.changed[ann] != 1 || w.count(`SELECT count(*) FROM verifier_cases`) != 0 || w.count(`SELECT count(*) FROM verifications WHERE open`) != 0 {
		t.Errorf("told %d times; something is left", w.changed[ann])
	}
	if again, err := w.s.Settle(t.Context(), v.ID); err != nil || again.Status != verifier.Verified || w.changed[ann] != 1 {
		t.Errorf("settled again: %+v, %v", again, err)
	}
	if err := w.s.Revoke(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	if r := w.rights(ann); r.Level != 0 || r.Gender != "" || !r.BirthDate.IsZero() || w.changed[ann] != 2 {
		t.Errorf("revoked: %+v", r)
	}
}

func TestOneDocumentIsOneAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.people(1000)
	spellings := []string{"11010119900101123x", "110101 19900101 123X", "１１０１０１-19900101-123X"}
	var g errgroup.Group
	g.SetLimit(64)
	start := make(chan struct{})
	for i, user := range users {
		g.Go(func() error {
			v, err := w.s.Apply(t.Context(), user, identity.Application{Kind: verifier.Identity}, "")
			if err != nil {
				return err
			}
			if i >= 63 {
				<-start
			} else if i == 62 {
				close(start)
			}
			return w.authority.Approve(t.Context(), v.ID.String(), person(spellings[i%len(spellings)]))
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := w.count(`SELECT count(*) FROM identities WHERE level > 0`); n != 1 {
		t.Errorf("%d accounts with one document", n)
	}
	if n := w.count(`SELECT count(*) FROM verifications WHERE status = 'refused' AND reason = 'taken'`); n != len(users)-1 {
		t.Errorf("%d of %d were refused for it", n, len(users)-1)
	}
	if n := w.count(`SELECT count(*) FROM documents`); n != 1 {
		t.Errorf("%d documents", n)
	}
	var owner id.ID
	if err := w.pool.QueryRow(t.Context(), `SELECT user_id FROM documents`).Scan(&owner); err != nil {
		t.Fatal(err)
	}
	if v := w.verify(owner, verifier.Identity, person(spellings[0])); v.Status != verifier.Verified {
		t.Errorf("its own account again: %+v", v)
	}
}

func TestAnAccountStaysOnePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.people(1)[0]
	if err := w.s.Set(t.Context(), []id.ID{ann}, identity.Traits{BirthDate: "1970-01-01"}); err != nil {
		t.Fatal(err)
	}
	if v := w.verify(ann, verifier.Identity, person("A1234")); v.Status != verifier.Verified {
		t.Fatalf("what a developer said stood in the way: %+v", v)
	}
	other := person("B1234")
	if v := w.verify(ann, verifier.Identity, other); v.Status != verifier.Verified {
		t.Errorf("a second document of the same person: %+v", v)
	}
	other.Document, other.BirthDate = "C1234", "1991-01-01"
	if v := w.verify(ann, verifier.Identity, other); v.Status != verifier.Refused || v.Reason != string(verifier.AnotherPerson) {
		t.Errorf("another person's document: %+v", v)
	}
	if n := w.count(`SELECT count(*) FROM documents`); n != 2 {
		t.Errorf("%d documents", n)
	}
}

func TestStudentsAndEmployeesHaveAnEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	year := now.AddDate(1, 0, 0)
	for i, c := range []struct {
		until, want time.Time // want zero: refused
	}{
		{time.Time{}, year}, {now.AddDate(2, 0, 0), year}, {now.Add(48 * time.Hour), now.Add(48 * time.Hour)}, {now.Add(-time.Second), time.Time{}},
	} {
		for j, kind := range []identity.Kind{verifier.Student, verifier.Employment} {
			user := id.ID(2000 + 10*i + j)
			w.exec(`INSERT INTO users (id, handle, display_name, password_hash) VALUES ($1, $2, 'x', '')`, user, fmt.Sprintf("p_%d", user))
			v := w.verify(user, kind, verifier.Facts{Of: " 梧桐大学 ", Until: c.until})
			r := w.rights(user)
			of, until := r.StudentOf, r.StudentUntil
			if kind == verifier.Employment {
				of, until = r.EmployeeOf, r.EmployeeUntil
			}
			switch {
			case c.want.IsZero():
				if v.Status != verifier.Refused || v.Reason != string(verifier.Expired) || of != "" {
					t.Errorf("%s that has ended: %+v", kind, v)
				}
			case v.Status != verifier.Verified || of != "梧桐大学" || until.Sub(c.want).Abs() > time.Minute:
				t.Errorf("%s until %s: %s of %q until %s", kind, c.until, v.Status, of, until)
			}
		}
	}
}

func TestWhatVerifiersFindIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.people(1)[0]
	for name, f := range map[string]verifier.Facts{
		"no level": {}, "level 4": {Level: 4, Document: "A1234", BirthDate: "1990-01-01"}, "no document": {Level: 2, BirthDate: "1990-01-01"},
		"marks only": {Level: 2, Document: "- - -", BirthDate: "1990-01-01"}, "no birth date": {Level: 2, Document: "A1234"},
		"not born": {Level: 2, Document: "A1234", BirthDate: "2190-01-01"}, "too old": {Level: 2, Document: "A1234", BirthDate: "1790-01-01"},
	} {
		if v := w.verify(ann, verifier.Identity, f); v.Status != verifier.Refused || v.Reason != string(verifier.Unusable) {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if n := w.count(`SELECT count(*) FROM documents`) + w.count(`SELECT count(*) FROM attributes`); n != 0 {
		t.Errorf("%d rows", n)
	}
	if v := w.verify(ann, verifier.Identity, verifier.Facts{Level: 1}); v.Status != verifier.Verified || w.rights(ann).Level != 1 {
		t.Errorf("a phone: %+v", v)
	}
	best := person("A1234")
	best.Level = 3
	if v := w.verify(ann, verifier.Identity, best); v.Status != verifier.Verified || w.rights(ann).Level != 3 {
		t.Errorf("a bank: %+v", v)
	}
}

func TestAKeyAppliesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.people(1)[0]
	in := identity.Application{Kind: verifier.Identity, Document: "11010119900101"}
	first, err := w.s.Apply(t.Context(), ann, in, "k")
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.s.Apply(t.Context(), ann, in, "k")
	if err != nil || again != first {
		t.Errorf("%+v, %v; first %+v", again, err, first)
	}
	in.Document += "2"
	if _, err := w.s.Apply(t.Context(), ann, in, "k"); !problem.Has(err, problem.IdempotencyKeyReused) {
		t.Errorf("another body: %v", err)
	}
	if n := w.count(`SELECT count(*) FROM verifications`); n != 1 {
		t.Errorf("%d verifications", n)
	}
	newer := w.apply(ann, in)
	if v := w.find(ann, first.ID); v.Status != verifier.Refused || v.Reason != string(verifier.Replaced) {
		t.Errorf("the older one: %+v", v)
	}
	if err := w.authority.Approve(t.Context(), first.ID.String(), person("A1234")); err != nil {
		t.Fatal(err)
	}
	if r := w.rights(ann); r.Level != 0 || w.find(ann, newer.ID).Status != verifier.Pending {
		t.Errorf("a replaced one was granted: %+v", r)
	}
	w.exec(`UPDATE users SET banned_at = now()`)
	for range 2 {
		if _, err := w.s.Apply(t.Context(), ann, in, "banned"); !problem.Has(err, problem.Banned) {
			t.Errorf("suspended: %v", err)
		}
	}
	if _, err := w.s.Apply(t.Context(), 77, in, ""); !problem.Has(err, problem.Unauthorized) {
		t.Errorf("nobody: %v", err)
	}
}

// Names and numbers are nowhere: not in the database, the log or an answer.
func TestNoNameAndNoNumberStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const name, document, of = "Zhang Wuji", "110101199001011234", "Secret School"
	users := w.people(4)
	var answers strings.Builder
	in := identity.Application{Kind: verifier.Identity, Name: name, Document: document, BirthDate: "1990-01-01", Note: name}
	fmt.Fprintf(&answers, "%v %+v %#v", in, in, in)
	dump := func(when string) {
		t.Helper()
		for _, user := range users {
			own, err := json.Marshal(w.mine(user))
			if err != nil {
				t.Fatal(err)
			}
			answers.Write(own)
		}
		all := w.dump() + w.log.String() + answers.String()
		for _, secret := range []string{name, document, "Wuji", "011234", strings.ToUpper(name)} {
			if i := strings.Index(all, secret); i >= 0 {
				t.Errorf("%s: %q is in %.200q", when, secret, all[max(0, i-100):])
			}
		}
	}
	for i, by := range []string{"sandbox", "manual", "sandbox", "manual"} {
		in.Verifier = by
		v, err := w.s.Apply(t.Context(), users[i], in, "key")
		if err != nil {
			t.Fatal(err)
		}
		dump("while " + by + " decides")
		switch i {
		case 0:
			err = w.authority.Approve(t.Context(), v.ID.String(), person(document))
		case 1: // taken by now
			err = w.desk.Approve(t.Context(), v.ID.String(), users[0], time.Time{})
		case 2:
			err = w.authority.Refuse(t.Context(), v.ID.String())
		case 3:
			err = w.desk.Refuse(t.Context(), v.ID.String(), users[0], "not to be read")
		}
		if err != nil {
			t.Fatal(err)
		}
		dump("after " + by + " has decided")
	}
	if v := w.mine(users[3]).Items[0]; v.Status != verifier.Refused || v.Note != "not to be read" {
		t.Errorf("%+v", v)
	}
	if v := w.mine(users[1]).Items[0]; v.Reason != string(verifier.Taken) {
		t.Errorf("%+v", v)
	}
	if _, err := w.s.Apply(t.Context(), users[0], identity.Application{Kind: verifier.Identity, Document: document, Gender: of}, ""); err == nil || strings.Contains(err.Error(), document) {
		t.Errorf("%v", err)
	}
}

// dump returns every row of every table, bytes as text.
func (w *world) dump() string {
	w.t.Helper()
	conn, err := w.pool.Acquire(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Release()
	var names []string
	if err := conn.QueryRow(w.t.Context(), `SELECT array_agg(table_name::text), set_config('bytea_output', 'escape', false) IS NULL
		FROM information_schema.tables WHERE table_schema = 'public'`).Scan(&names, new(bool)); err != nil {
		w.t.Fatal(err)
	}
	var all strings.Builder
	for _, n := range names {
		var text *string
		if err := conn.QueryRow(w.t.Context(), `SELECT string_agg(t::text, E'\n') FROM `+n+` t`).Scan(&text); err != nil {
			w.t.Fatal(err)
		}
		if text != nil {
			all.WriteString(*text)
		}
	}
	if !strings.Contains(all.String(), "user_1") {
		w.t.Fatal("the dump is empty")
	}
	return all.String()
}

func TestAServerFinishesWhatACommandDecided(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.people(2)
	v := w.apply(users[0], identity.Application{Kind: verifier.Student, Verifier: "manual", Of: "梧桐大学"})
	beside := manual.New(w.pool, w.keys, nil) // another process, which has no sockets
	command := identity.New(w.pool, w.keys, identity.Options{Verifiers: []verifier.Verifier{beside}})
	if err := beside.Approve(t.Context(), v.ID.String(), users[1], time.Time{}); err != nil {
		t.Fatal(err)
	}
	if got, err := command.Settle(t.Context(), v.ID); err != nil || got.Status != verifier.Verified {
		t.Fatalf("%+v, %v", got, err)
	}
	if r := w.rights(users[0]); r.StudentOf != "梧桐大学" || w.count(`SELECT count(*) FROM verifier_cases`) != 0 {
		t.Errorf("%+v", r)
	}
	late := w.apply(users[1], identity.Application{Kind: verifier.Identity})
	w.exec(`UPDATE verifications SET expires_at = now(), look_at = now() WHERE id = $1`, late.ID)
	lost := w.apply(users[0], identity.Application{Kind: verifier.Identity})
	w.exec(`DELETE FROM verifier_cases WHERE id = $1`, lost.ID.String())
	w.exec(`UPDATE verifications SET created_at = created_at - interval '2 minutes', look_at = now() WHERE id = $1`, lost.ID)
	if err := w.s.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.changed[users[0]] != 1 || w.count(`SELECT count(*) FROM verifications WHERE open`) != 0 {
		t.Errorf("told %d times", w.changed[users[0]])
	}
	if v := w.find(users[1], late.ID); v.Reason != string(verifier.Expired) {
		t.Errorf("too late: %+v", v)
	}
	if v := w.find(users[0], lost.ID); v.Reason != string(verifier.Failed) {
		t.Errorf("lost: %+v", v)
	}
}

func TestTraitsAreSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users, level, none := w.people(3), 3, 0
	past := time.Now().Add(-time.Second)
	if err := w.s.Set(t.Context(), users, identity.Traits{
		Level: &level, BirthDate: "1990-01-01", Gender: "other", City: "杭州", Student: &identity.Belonging{Of: "ZJU", Until: past}, Employee: &identity.Belonging{Of: "Acme"},
	}); err != nil {
		t.Fatal(err)
	}
	for _, u := range users {
		r := w.rights(u)
		if v := r.At(time.Now()); r.Level != 3 || v.Student || r.StudentOf != "ZJU" || !v.Employee || v.City != "杭州" || v.Gender != "other" || v.Age < 36 || w.changed[u] != 1 {
			t.Errorf("%+v", r)
		}
	}
	if own := w.mine(users[0]); len(own.Levels) != 3 || len(own.Attributes) != 5 || own.Attributes[0].Issuer != identity.IssuerDev || own.Attributes[3].Valid || !own.Attributes[4].Valid {
		t.Errorf("%+v", own)
	}
	if err := w.s.Set(t.Context(), users[:1], identity.Traits{Level: &none}); err != nil {
		t.Fatal(err)
	}
	if r := w.rights(users[0]); r.Level != 0 || r.Gender != "other" || w.rights(users[1]).Level != 3 {
		t.Errorf("%+v", r)
	}
	four := 4
	for _, bad := range []identity.Traits{{Level: &four}, {BirthDate: "soon"}, {Gender: "robot"}, {City: "\x00"}, {Student: &identity.Belonging{}}} {
		if err := w.s.Set(t.Context(), users, bad); problem.From(err) == nil {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if err := identity.Seed(t.Context(), w.pool, []identity.SeedPerson{{User: users[2], Traits: identity.Traits{City: "成都"}}}); err != nil || w.rights(users[2]).City != "成都" {
		t.Errorf("%v", err)
	}
}

func TestStaffAndDomains(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.people(1)[0]
	if err := identity.AddStaff(t.Context(), w.pool, "nobody"); err == nil {
		t.Error("nobody is staff")
	}
	if _, err := w.s.StaffMember(t.Context(), "user_1"); err == nil {
		t.Error("everybody is staff")
	}
	for range 2 {
		if err := identity.AddStaff(t.Context(), w.pool, "@user_1"); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := identity.Staff(t.Context(), w.pool); err != nil || len(all) != 1 || all[0] != "user_1" {
		t.Errorf("%v, %v", all, err)
	}
	if who, err := w.s.StaffMember(t.Context(), "user_1"); err != nil || who != ann {
		t.Errorf("%v, %v", who, err)
	}
	if err := identity.RemoveStaff(t.Context(), w.pool, "user_1"); err != nil {
		t.Error(err)
	}
	if err := identity.RemoveStaff(t.Context(), w.pool, "user_1"); err == nil {
		t.Error("removed twice")
	}
	for _, bad := range []identity.Domain{{Domain: "edu", Kind: "school", Name: "x"}, {Domain: "a b.cn", Kind: "school", Name: "x"}, {Domain: "a.cn", Kind: "club", Name: "x"}, {Domain: "a.cn", Kind: "school"}} {
		if err := identity.AddDomain(t.Context(), w.pool, bad); err == nil {
			t.Errorf("%+v was added", bad)
		}
	}
	if err := identity.AddDomain(t.Context(), w.pool, identity.Domain{Domain: "Wutong.edu.cn", Kind: "school", Name: "梧桐大学"}); err != nil {
		t.Fatal(err)
	}
	if all, err := identity.Domains(t.Context(), w.pool); err != nil || len(all) != 1 || all[0].Domain != "wutong.edu.cn" {
		t.Errorf("%v, %v", all, err)
	}
	if err := identity.RemoveDomain(t.Context(), w.pool, "wutong.edu.cn"); err != nil {
		t.Error(err)
	}
}

func TestAnotherKeyIsNoticed(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	one, two := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	k, err := verifier.LoadKeys(t.Context(), pool, one)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := verifier.LoadKeys(t.Context(), pool, one); err != nil || !bytes.Equal(again.MAC("x", "y"), k.MAC("x", "y")) {
		t.Errorf("the same key: %v", err)
	}
	for _, bad := range []string{two, "", "short", strings.Repeat("xy", 32)} {
		if _, err := verifier.LoadKeys(t.Context(), pool, bad); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if bytes.Equal(k.MAC("a", "bc"), k.MAC("ab", "c")) || bytes.Equal(k.MAC("a", "b"), k.MAC("b", "a")) {
		t.Error("different things have one hash")
	}
	if strings.Contains(fmt.Sprintf("%x", k.MAC("mark")), one) {
		t.Error("the key is shown")
	}
}
