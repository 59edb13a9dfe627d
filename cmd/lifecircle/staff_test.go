package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestStaffBesideAServer lets staff decide what people apply for at a server at
// work.
func TestStaffBesideAServer(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	_, server := serve(t, dir, "--dev")
	staff := func(args ...string) string {
		t.Helper()
		done := runToEnd(t, nil, append(append([]string{"staff"}, args...), "--data-dir="+dir)...)
		if done.status != 0 {
			t.Fatalf("staff %v: status %d %s", args, done.status, &done.errs)
		}
		return done.out.String()
	}
	call := func(method, path, token, body string) map[string]any {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, server+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var out map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode > 201 {
			t.Fatalf("%s %s: %d %v %v", method, path, resp.StatusCode, out, err)
		}
		return out
	}
	var people []map[string]any
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server+"/v1/dev/users", strings.NewReader(`{"count":2}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ Items []map[string]any }
	err = json.NewDecoder(resp.Body).Decode(&made)
	_ = resp.Body.Close()
	if people = made.Items; err != nil || len(people) != 2 {
		t.Fatalf("%v, %v", made, err)
	}
	boss, ann := people[0]["handle"].(string), people[1]["access_token"].(string)

	const path, body = "/v1/me/verifications", `{"kind":"identity","verifier":"manual","name":"Ann Legal","document":"A 123456","birth_date":"1991-02-03"}`
	v := call("POST", path, ann, body)["id"].(string)
	refused(t, runToEnd(t, nil, "staff", "approve", v, "--by="+boss, "--data-dir="+dir), "staff add")
	staff("add", boss)
	if said := staff("list"); !strings.Contains(said, "@"+boss) {
		t.Errorf("list: %s", said)
	}
	if said := staff("pending"); !strings.Contains(said, v) || strings.Contains(said, "Legal") {
		t.Errorf("pending: %s", said)
	}
	if said := staff("show", v); !strings.Contains(said, "Ann Legal") || !strings.Contains(said, "A 123456") {
		t.Errorf("show: %s", said)
	}
	if said := staff("approve", v, "--by="+boss); !strings.Contains(said, "verified") {
		t.Errorf("approve: %s", said)
	}
	if own := call("GET", path, ann, ""); own["level"] != 2.0 {
		t.Errorf("%v", own)
	}
	refused(t, runToEnd(t, nil, "staff", "approve", v, "--by="+boss, "--data-dir="+dir), "no such case")
	v = call("POST", path, ann, `{"kind":"student","verifier":"manual","of":"梧桐大学"}`)["id"].(string)
	staff("refuse", v, "--by="+boss, "--reason=cannot be read")
	if own := call("GET", path, ann, ""); own["items"].([]any)[0].(map[string]any)["note"] != "cannot be read" {
		t.Errorf("%v", own)
	}
	staff("domains", "add", "wutong.edu.cn", "--kind=school", "--name=梧桐大学")
	if said := staff("domains", "list"); !strings.Contains(said, "梧桐大学") {
		t.Errorf("domains: %s", said)
	}
	if v := call("POST", path, ann, `{"kind":"student","email":"ann@wutong.edu.cn"}`); !strings.HasPrefix(v["url"].(string), "/verify/email/") {
		t.Errorf("%v", v)
	}
	staff("domains", "remove", "wutong.edu.cn")
	staff("remove", boss)
}
