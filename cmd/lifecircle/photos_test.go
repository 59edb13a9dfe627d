package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"
)

// TestPhotosAreReviewedBesideAServer lets a reviewer decide about a photo that
// a server at work shows.
func TestPhotosAreReviewedBesideAServer(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	_, server := serve(t, dir, "--dev")
	call := func(method, path, token string, body []byte, out any) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, server+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if err := json.NewDecoder(resp.Body).Decode(out); err != nil || resp.StatusCode > 201 {
			t.Fatalf("%s %s: %d %v", method, path, resp.StatusCode, err)
		}
	}
	review := func(args ...string) string {
		t.Helper()
		done := runToEnd(t, nil, append(append([]string{"photos"}, args...), "--data-dir="+dir)...)
		if done.status != 0 {
			t.Fatalf("photos %v: status %d %s", args, done.status, &done.errs)
		}
		return done.out.String()
	}
	var made struct {
		Items []struct {
			Handle string
			Token  string `json:"access_token"`
		}
	}
	call("POST", "/v1/dev/users", "", []byte(`{"count":2}`), &made)
	boss, ann := made.Items[0], made.Items[1]
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, 40, 30)), nil); err != nil {
		t.Fatal(err)
	}
	var photo struct{ ID, Review string }
	call("POST", "/v1/photos?sensitive=true", ann.Token, file.Bytes(), &photo)
	var circle, post struct{ ID string }
	call("POST", "/v1/circles", ann.Token, []byte(`{"name":"Tea","description":""}`), &circle)
	call("POST", "/v1/circles/"+circle.ID+"/posts", ann.Token, []byte(`{"text":"","photos":["`+photo.ID+`"]}`), &post)

	if said := review("pending"); !strings.Contains(said, photo.ID) || !strings.Contains(said, post.ID) || !strings.Contains(said, "/media/") {
		t.Errorf("pending: %s", said)
	}
	refused(t, runToEnd(t, nil, "photos", "pass", photo.ID, "--by="+boss.Handle, "--data-dir="+dir), "staff add")
	refused(t, runToEnd(t, nil, "photos", "pass", "nonsense", "--by="+boss.Handle, "--data-dir="+dir), "photos pending")
	if done := runToEnd(t, nil, "staff", "add", boss.Handle, "--data-dir="+dir); done.status != 0 {
		t.Fatalf("%s", &done.errs)
	}
	for _, step := range []struct{ do, says, review string }{
		{"pass", "sensitive, review passed", "passed"}, {"clear", "not sensitive, review passed", "passed"}, {"flag", "sensitive, review pending", "pending"},
	} {
		if said := review(step.do, photo.ID, "--by="+boss.Handle); !strings.Contains(said, step.says) {
			t.Errorf("%s: %s", step.do, said)
		}
		var shown struct{ Photos []struct{ Review string } }
		call("GET", "/v1/posts/"+post.ID, "", nil, &shown)
		if shown.Photos[0].Review != step.review {
			t.Errorf("after %s the server shows %v", step.do, shown)
		}
	}
}
