package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"lifecircle/hub/hubtest"
)

// person is somebody of the demo world at a server.
type person struct{ visitor }

func signIn(t *testing.T, server, handle string) *person {
	t.Helper()
	p := &person{visitor{t: t, server: server}}
	_, answer := p.send("POST", "/v1/auth/login", "application/json", `{"handle":"`+handle+`","password":"circle-demo"}`)
	p.token = p.field(answer, "access_token")
	return p
}

func (p *person) get(path string, into any) {
	p.t.Helper()
	status, body := p.send("GET", path, "application/json", "")
	if err := json.Unmarshal([]byte(body), into); err != nil || status != http.StatusOK {
		p.t.Fatalf("%s: %d %s", path, status, body)
	}
}

type standing struct {
	Level      int
	Attributes []any
	Revoked    *struct{ Reason string }
}

// TestStaffRevokeAnIdentity takes back what is verified of somebody whose
// socket is open: rights and score are gone when the command has ended, and the
// socket hears of both within a second.
func TestStaffRevokeAnIdentity(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	if done := runToEnd(t, nil, "seed", "--data-dir="+dir); done.status != 0 {
		t.Fatal(done.errs.String())
	}
	_, server := serve(t, dir)
	amy := signIn(t, server, "amy")
	var before, after struct{ Score int }
	var own standing
	amy.get("/v1/me/credit", &before)
	if amy.get("/v1/me/verifications", &own); own.Level < 2 || len(own.Attributes) == 0 || own.Revoked != nil {
		t.Fatalf("%+v", own)
	}
	socket, err := hubtest.Dial(t.Context(), server+"/connection/websocket", hubtest.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if _, err := socket.Connect(t.Context(), amy.token); err != nil {
		t.Fatal(err)
	}
	refused(t, runToEnd(t, nil, "staff", "revoke-identity", "nobody_here", "--reason=x", "--data-dir="+dir), "no account")
	refused(t, runToEnd(t, nil, "staff", "revoke-identity", "amy", "--reason=x", "--by=mei", "--data-dir="+dir), "staff add")
	if amy.get("/v1/me/verifications", &own); own.Level < 2 {
		t.Error("a refused command took something")
	}
	done := runToEnd(t, nil, "staff", "revoke-identity", "@amy", "--reason=The document was lent.", "--data-dir="+dir)
	ended := time.Now()
	if done.status != 0 || !strings.Contains(done.out.String(), "amy") {
		t.Fatalf("%d %s%s", done.status, &done.out, &done.errs)
	}
	amy.get("/v1/me/credit", &after)
	if own = (standing{}); after.Score >= before.Score {
		t.Errorf("the score was %d and is %d", before.Score, after.Score)
	}
	if amy.get("/v1/me/verifications", &own); own.Level != 0 || len(own.Attributes) != 0 || own.Revoked == nil || own.Revoked.Reason != "The document was lent." {
		t.Errorf("%+v", own)
	}
	hears(t, socket, "can.updated", "score.updated")
	if took := time.Since(ended); took > time.Second {
		t.Errorf("the socket heard of it %s after the command", took)
	}
}

// hears reads a socket until it was told all of these.
func hears(t *testing.T, socket *hubtest.Client, kinds ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	missing := map[string]bool{}
	for _, k := range kinds {
		missing[k] = true
	}
	for len(missing) > 0 {
		p, err := socket.Publication(ctx)
		if err != nil {
			t.Fatalf("not told of %v: %v", missing, err)
		}
		var hint struct{ Type string }
		if err := json.Unmarshal(p.Data, &hint); err != nil {
			t.Fatalf("%s: %v", p.Data, err)
		}
		delete(missing, hint.Type)
	}
}
