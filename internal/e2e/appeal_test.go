package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"lifecircle/internal/creditscore"
	"lifecircle/internal/demo"
)

const (
	appealTime = time.Minute // that is promised, from the penalty to the comment
	theIssuer  = "court"
)

// A penalty takes a right at once; an appeal that staff upholds, with a command
// beside the server, gives it back, and the open socket hears of both.
func TestAnAppealGivesARightBack(t *testing.T) {
	t.Parallel()
	s := start(t, settings{args: []string{"--demo"}})
	secret := bytes.Repeat([]byte("k"), 32)
	s.command("score", "issuer", "--name="+theIssuer, "--secret="+base64.StdEncoding.EncodeToString(secret), "--kind=penalised")
	owner, amy := s.person(), s.signIn("amy") // whose score is above 750 by the model
	c := s.ruled(owner, call{"comment": "user.credit > 750"})
	say := call{"post_id": s.post(owner, c, "for the trusted").ID, "text": "at 751"}
	socket := startSDK(t).connected(opening{url: s.socketURL(), token: amy.Token})
	socket.rpc("comment", say, &struct{}{})
	before := s.credit(amy)

	began := time.Now()
	s.penalise(amy, secret)
	socket.awaitKind(scoreUpdated)
	socket.awaitKind(canUpdated)
	told := time.Since(began)
	fallen := s.credit(amy)
	if fallen.Score > 750 || len(fallen.Against) == 0 {
		t.Fatalf("the penalty made %d of %d, and says %v", fallen.Score, before.Score, fallen.Against)
	}
	socket.refused(1403, "not_allowed", "rpc", call{"method": "comment", "data": say})

	var appeal struct{ ID string }
	s.do(request{method: "POST", path: creditscore.AppealsPath, token: amy.Token, body: call{"event_id": fallen.Against[0].Event, "text": "It was somebody else."}}, &appeal)
	if list := s.command("appeals", "list"); !strings.Contains(list, appeal.ID) {
		t.Errorf("staff sees no appeal %s in\n%s", appeal.ID, list)
	}
	s.command("appeals", "uphold", appeal.ID, "--note=It was.")
	upheld := time.Now()
	for _, kind := range []string{scoreUpdated, canUpdated} { // behind those of the penalty
		socket.awaitKind(kind)
	}
	heard := time.Since(upheld)
	socket.rpc("comment", say, &struct{}{})
	took := time.Since(began)
	if after := s.credit(amy); after.Score != before.Score || after.Against[0].Appeal != "upheld" {
		t.Errorf("the score was %d and is %d, the appeal is %q", before.Score, after.Score, after.Against[0].Appeal)
	}
	t.Logf("the penalty was heard %s after it was sent, the decision %s after its command ended; all took %s", told, heard, took)
	if took > appealTime {
		t.Errorf("the round trip took %s", took)
	}
}

type credit struct {
	Score   int
	Against []struct {
		Event  string `json:"event_id"`
		Appeal string
	}
}

func (s *server) credit(p person) (c credit) {
	s.t.Helper()
	s.do(request{method: "GET", path: "/v1/me/credit", token: p.Token}, &c)
	return c
}

// signIn is one of the people of the demo world.
func (s *server) signIn(handle string) person {
	s.t.Helper()
	var in struct {
		User  person
		Token string `json:"access_token"`
	}
	s.do(request{method: "POST", path: "/v1/auth/login", body: call{"handle": handle, "password": demo.Password}}, &in)
	in.User.Token = in.Token
	return in.User
}

// penalise sends the worst penalty, as an issuer does.
func (s *server) penalise(p person, secret []byte) {
	s.t.Helper()
	body, err := json.Marshal(call{"events": []call{{"id": "case 1", "user": p.ID, "kind": "penalised", "code": "kick_back"}}})
	if err != nil {
		s.t.Fatal(err)
	}
	m := creditscore.Sign(creditscore.HMAC, secret, theIssuer, time.Now(), body)
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url()+"/v1/score-events", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Issuer", m.Issuer)
	req.Header.Set("X-Timestamp", m.Timestamp)
	req.Header.Set("X-Signature", m.Signature)
	res, err := web.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var taken creditscore.Taken
	if err := json.NewDecoder(res.Body).Decode(&taken); err != nil || taken.Accepted != 1 {
		s.t.Fatalf("status %d, %+v, %v", res.StatusCode, taken, err)
	}
}

// command runs the program beside the server, on its database.
func (s *server) command(args ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), startTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.path, append(args, "--data-dir="+s.dataDir)...)
	cmd.Env = environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}
