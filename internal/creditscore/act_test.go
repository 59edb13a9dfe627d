package creditscore_test

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"
	"time"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// issuer adds one that signs with a secret, and returns how it sends a body.
func (w *world) issuer(s *creditscore.Service, kinds ...string) func(body string) (creditscore.Taken, error) {
	w.t.Helper()
	secret := []byte("0123456789abcdef0123456789abcdef")
	if err := s.AddIssuer(w.t.Context(), creditscore.Issuer{Name: "market", Algorithm: creditscore.HMAC, Key: secret, Kinds: kinds}); err != nil {
		w.t.Fatal(err)
	}
	return func(body string) (creditscore.Taken, error) {
		return s.Take(w.t.Context(), creditscore.Sign(creditscore.HMAC, secret, "market", w.clock(), []byte(body)))
	}
}

func penalty(name string, user id.ID, code string) string {
	return fmt.Sprintf(`{"events":[{"id":%q,"user":%q,"kind":"penalised","code":%q}]}`, name, user, code)
}

func (w *world) take(t creditscore.Taken, err error) {
	w.t.Helper()
	if err != nil || t.Accepted != 1 {
		w.t.Fatalf("%+v %v", t, err)
	}
}

func TestAPenaltyTakesEffectAtOnceAndAnUpheldAppealGivesBackAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.people(1)[0]
	s := w.service("a")
	send := w.issuer(s, "penalised", "obligation_broken")
	w.verify(user, 3)
	w.night(s)
	before := w.score(user)
	w.pass(time.Hour)
	w.take(send(penalty("r1", user, "severe_report")))
	if got := w.score(user); got != before-60 {
		t.Fatalf("score %d, want %d", got, before-60)
	}
	if w.told(user) < 2 {
		t.Error("nobody was told")
	}
	if taken, err := send(penalty("r1", user, "severe_report")); err != nil || taken.Repeated != 1 || w.score(user) != before-60 {
		t.Errorf("sent again: %+v %v, score %d", taken, err, w.score(user))
	}
	w.night(s)
	fallen := w.score(user)
	c, err := s.Credit(t.Context(), user)
	if err != nil || len(c.Penalties) != 1 || len(c.Against) != 1 {
		t.Fatalf("%+v %v", c, err)
	}
	notes, err := s.Notifications(t.Context(), user, creditscore.PageQuery{})
	if err != nil || len(notes.Items) != 1 || notes.Items[0].Kind != creditscore.NotePenalty || *notes.Items[0].Data.Event != c.Against[0].EventID {
		t.Fatalf("%+v %v", notes, err)
	}
	a, err := s.MakeAppeal(t.Context(), user, c.Against[0].EventID, "It was somebody else.", "k")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.MakeAppeal(t.Context(), user, c.Against[0].EventID, "It was somebody else.", "k"); err != nil || again.ID != a.ID {
		t.Errorf("the same key: %+v %v", again, err)
	}
	if _, err := s.MakeAppeal(t.Context(), user, c.Against[0].EventID, "Really.", ""); !problem.Has(err, problem.AlreadyAppealed) {
		t.Errorf("twice: %v", err)
	}
	desk := w.service("desk") // a command in another process
	open, err := desk.Appeals(t.Context(), 10)
	if err != nil || len(open) != 1 || open[0].User != user || open[0].Code != "severe_report" {
		t.Fatalf("%+v %v", open, err)
	}
	if _, err := desk.Decide(t.Context(), a.ID, true, "You are right."); err != nil {
		t.Fatal(err)
	}
	if got := w.score(user); got != before || fallen >= before {
		t.Errorf("score %d after the appeal, %d before the penalty, %d in between", got, before, fallen)
	}
	if _, err := desk.Decide(t.Context(), a.ID, false, ""); !problem.Has(err, problem.AppealNotFound) {
		t.Errorf("decided twice: %v", err)
	}
	w.night(s)
	if got := w.score(user); got < before {
		t.Errorf("score %d a night later", got)
	}
	w.replayed(w.service("b"))
}

func TestADismissedAppealChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.people(1)[0]
	s := w.service("a")
	send := w.issuer(s, "penalised")
	w.night(s)
	w.take(send(penalty("r1", user, "chargeback_lost")))
	fallen := w.score(user)
	c, err := s.Credit(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.MakeAppeal(t.Context(), user, c.Against[0].EventID, "No.", "")
	if err != nil {
		t.Fatal(err)
	}
	if a, err = s.Decide(t.Context(), a.ID, false, "The bank says otherwise."); err != nil || a.State != "dismissed" || w.score(user) != fallen {
		t.Errorf("%+v %v, score %d, want %d", a, err, w.score(user), fallen)
	}
}

func TestALostDocumentClosesTheGateAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.people(1)[0]
	s := w.service("a")
	w.verify(user, 2)
	w.night(s)
	if err := s.IdentityChanged(t.Context(), user); err != nil || w.score(user) == 350 {
		t.Fatalf("nothing had changed: %v", err)
	}
	w.verify(user, 0)
	w.pass(time.Minute)
	if err := s.IdentityChanged(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	if got := w.score(user); got != 350 {
		t.Errorf("score %d", got)
	}
	w.night(s)
	w.verify(user, 2)
	w.night(s)
	if got := w.score(user); got != 360 {
		t.Errorf("score %d after a new document", got)
	}
	w.replayed(s)
}

func TestVouching(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.people(8)
	s := w.service("a")
	send := w.issuer(s, "penalised")
	voucher := users[0]
	if _, err := s.Vouch(t.Context(), voucher, users[1], ""); !problem.Has(err, problem.ScoreTooLow) {
		t.Errorf("without a score: %v", err)
	}
	for _, score := range []int{700, 701} {
		if err := s.Pin(t.Context(), []id.ID{voucher}, score); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Second)
		if _, err := s.Vouch(t.Context(), voucher, users[1], ""); (err == nil) != (score > 700) {
			t.Errorf("with %d: %v", score, err)
		}
	}
	for i := 1; i <= 5; i++ {
		v, err := s.Vouch(t.Context(), voucher, users[i], "")
		if err != nil || v.Left != 5-i && i > 1 {
			t.Fatalf("person %d: %+v %v", i, v, err)
		}
	}
	if _, err := s.Vouch(t.Context(), voucher, users[6], ""); !problem.Has(err, problem.VouchLimit) {
		t.Errorf("a sixth: %v", err)
	}
	if _, err := s.Vouch(t.Context(), voucher, voucher, ""); err == nil {
		t.Error("for oneself")
	}
	w.pass(time.Second)
	if err := s.Pin(t.Context(), []id.ID{voucher}, 0); err != nil {
		t.Fatal(err)
	}
	before := w.score(voucher)
	w.night(s)
	w.pass(time.Second)
	w.take(send(penalty("bad", users[1], "kick_back")))
	if got := w.score(voucher); got > before-15 || got < before-25 { // 20, and what a night gave
		t.Errorf("the voucher has %d, and had %d", got, before)
	}
	fallen := w.score(voucher)
	w.take(send(penalty("worse", users[1], "kick_back")))
	if got := w.score(voucher); got != fallen {
		t.Errorf("the voucher pays twice: %d, had %d", got, fallen)
	}
	c, err := s.Credit(t.Context(), users[1])
	if err != nil || len(c.Against) != 2 {
		t.Fatalf("%+v %v", c.Against, err)
	}
	a, err := s.MakeAppeal(t.Context(), users[1], c.Against[1].EventID, "No.", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Decide(t.Context(), a.ID, true, ""); err != nil {
		t.Fatal(err)
	}
	if got := w.score(voucher); got <= fallen {
		t.Errorf("the appeal gives nothing back to the voucher: %d", got)
	}
	w.pass(400 * 24 * time.Hour)
	w.replayed(s)
}

func TestContacts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.people(14)
	s := w.service("a")
	a, b := users[0], users[1]
	ask := func(user, other id.ID, state string) {
		t.Helper()
		if c, err := s.AskContact(t.Context(), user, other); err != nil || c.State != state || c.Person.ID != other {
			t.Fatalf("%+v %v, want %s", c, err, state)
		}
	}
	ask(a, b, creditscore.ContactAsked)
	ask(a, b, creditscore.ContactAsked)
	if c, err := s.Contact(t.Context(), b, a); err != nil || c.State != creditscore.ContactAsks {
		t.Fatalf("%+v %v", c, err)
	}
	notes, err := s.Notifications(t.Context(), b, creditscore.PageQuery{})
	if err != nil || len(notes.Items) != 1 || notes.Items[0].Person.ID != a {
		t.Fatalf("%+v %v", notes, err)
	}
	w.pass(time.Minute)
	ask(b, a, creditscore.ContactAccepted)
	ask(a, b, creditscore.ContactAccepted)
	var events, links int
	counted := func() {
		t.Helper()
		if err := w.pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM score_events WHERE kind LIKE 'contact%'),
			(SELECT count(*) FROM trust_links WHERE ended_at IS NULL)`).Scan(&events, &links); err != nil {
			t.Fatal(err)
		}
	}
	if counted(); events != 2 || links != 1 {
		t.Errorf("%d events and %d links", events, links)
	}
	w.pass(time.Minute)
	for range 2 {
		if err := s.EndContact(t.Context(), a, b); err != nil {
			t.Fatal(err)
		}
	}
	if counted(); events != 4 || links != 0 {
		t.Errorf("after the end: %d events and %d links", events, links)
	}
	if c, err := s.Contact(t.Context(), b, a); err != nil || c.State != creditscore.ContactNone || !c.Since.IsZero() || c.Person.ID != a {
		t.Errorf("after the end: %+v %v", c, err)
	}
	if c, err := s.Contact(t.Context(), a, users[2]); err != nil || c.State != creditscore.ContactNone {
		t.Errorf("nothing yet: %+v %v", c, err)
	}
	if _, err := s.Contact(t.Context(), a, 99); !problem.Has(err, problem.UserNotFound) {
		t.Error(err)
	}
	if _, err := s.AskContact(t.Context(), a, a); !problem.Has(err, problem.ContactUnsuitable) {
		t.Error(err)
	}
	if _, err := s.AskContact(t.Context(), a, 99); !problem.Has(err, problem.UserNotFound) {
		t.Error(err)
	}
	for _, other := range users[2 : 2+creditscore.MaxContactAccepts] { // as many as one may accept in a day
		ask(other, a, creditscore.ContactAsked)
		ask(a, other, creditscore.ContactAccepted)
	}
	ask(users[13], a, creditscore.ContactAsked)
	if _, err := s.AskContact(t.Context(), a, users[13]); !problem.Has(err, problem.ContactLimit) {
		t.Errorf("one more: %v", err)
	}
	var seen []id.ID
	for q := (creditscore.PageQuery{Limit: 4}); ; {
		page, err := s.Contacts(t.Context(), a, "", q)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Items {
			seen = append(seen, c.Person.ID)
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	if len(seen) != creditscore.MaxContactAccepts {
		t.Errorf("contacts %v", seen)
	}
	w.pass(25 * time.Hour)
	ask(a, users[13], creditscore.ContactAccepted)
}

func TestIntakeTakesOnlyWhatIsSignedNowByWhoMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.people(2)
	s := w.service("a")
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddIssuer(t.Context(), creditscore.Issuer{Name: "shop", Algorithm: creditscore.Ed25519, Key: public, Kinds: []string{"settled", "obligation_kept"}}); err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"events":[{"id":"o1","user":%q,"kind":"settled","counterparty":%q},{"id":"o2","user":%q,"kind":"obligation_kept"}]}`, users[0], users[1], users[0])
	sign := func(body string) creditscore.Message {
		return creditscore.Sign(creditscore.Ed25519, private, "shop", w.clock(), []byte(body))
	}
	good := sign(body)
	tampered, stranger := good, good
	tampered.Body = []byte(strings.Replace(body, "o1", "o9", 1))
	stranger.Issuer = "nobody"
	_, theirs, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	other := creditscore.Sign(creditscore.Ed25519, theirs, "shop", w.clock(), []byte(body))
	w.pass(creditscore.MaxIssuerSkew + time.Second)
	stale := good
	fresh := sign(body)
	moved := fresh
	moved.Timestamp = fmt.Sprint(w.clock().Unix() - 1)
	for name, c := range map[string]struct {
		message creditscore.Message
		want    problem.Code
	}{
		"tampered":         {tampered, problem.IssuerSignature},
		"unknown issuer":   {stranger, problem.IssuerUnknown},
		"another key":      {other, problem.IssuerSignature},
		"stale":            {stale, problem.IssuerStale},
		"another time":     {moved, problem.IssuerSignature},
		"no signature":     {creditscore.Message{Issuer: "shop", Timestamp: fresh.Timestamp, Body: fresh.Body}, problem.IssuerSignature},
		"a kind not his":   {sign(penalty("x", users[0], "kick_back")), problem.IssuerKind},
		"no kind":          {sign(fmt.Sprintf(`{"events":[{"id":"x","user":%q,"kind":"joined"}]}`, users[0])), problem.Invalid_},
		"a trait":          {sign(fmt.Sprintf(`{"events":[{"id":"x","user":%q,"kind":"obligation_kept","gender":"f"}]}`, users[0])), problem.MalformedJSON},
		"an amount":        {sign(fmt.Sprintf(`{"events":[{"id":"x","user":%q,"kind":"obligation_kept","amount":5}]}`, users[0])), problem.MalformedJSON},
		"a stranger":       {sign(fmt.Sprintf(`{"events":[{"id":"x","user":%q,"kind":"obligation_kept"}]}`, id.ID(7))), problem.UserNotFound},
		"nothing":          {sign(`{"events":[]}`), problem.Invalid_},
		"with oneself":     {sign(fmt.Sprintf(`{"events":[{"id":"x","user":%q,"kind":"settled","counterparty":%q}]}`, users[0], users[0])), problem.Invalid_},
		"with nobody":      {sign(fmt.Sprintf(`{"events":[{"id":"x","user":%q,"kind":"settled"}]}`, users[0])), problem.Invalid_},
		"one of two wrong": {sign(strings.Replace(body, "obligation_kept", "penalised", 1)), problem.IssuerKind},
	} {
		if _, err := s.Take(t.Context(), c.message); !problem.Has(err, c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	var events int
	if err := w.pool.QueryRow(t.Context(), `SELECT count(*) FROM score_events`).Scan(&events); err != nil || events != 0 {
		t.Fatalf("%d events of refused messages, %v", events, err)
	}
	for i, want := range []creditscore.Taken{{Accepted: 2}, {Repeated: 2}} {
		if taken, err := s.Take(t.Context(), fresh); err != nil || taken != want {
			t.Errorf("time %d: %+v %v", i, taken, err)
		}
	}
}
