package player

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// Setup makes a small world on a Life Circle server that runs with --dev.
type Setup struct {
	API     string // http://host:port
	HTTP    *http.Client
	Users   int // at least 1: the first owns the circles
	Circles int
	Prefix  string // of handles and names, "load"
	Balance int64  // of each wallet, in fen
}

// World is what a Setup made.
type World struct {
	Users   []User
	Circles []string // ids
	Posts   []string // the first post of each circle
}

// User is a person with a token.
type User struct {
	ID     string `json:"id"`
	Handle string `json:"handle"`
	Token  string `json:"access_token"`
}

const usersAtOnce = 10_000 // that the server makes in one request

// Make creates users, circles and a first post in each, and returns them.
func (s Setup) Make(ctx context.Context) (World, error) {
	var w World
	if s.Prefix == "" {
		s.Prefix = "load"
	}
	for len(w.Users) < max(s.Users, 1) {
		var made struct{ Items []User }
		in := map[string]any{"count": min(max(s.Users, 1)-len(w.Users), usersAtOnce), "prefix": s.Prefix}
		if s.Balance > 0 {
			in["balance"] = s.Balance
		}
		if err := s.post(ctx, "/v1/dev/users", "", in, &made); err != nil {
			return w, err
		}
		if len(made.Items) == 0 {
			return w, errors.New("the server made no users")
		}
		w.Users = append(w.Users, made.Items...)
	}
	owner := w.Users[0].Token
	for i := range s.Circles {
		var circle, post struct{ ID string }
		name := s.Prefix + " " + strconv.Itoa(i+1)
		if err := s.post(ctx, "/v1/circles", owner, map[string]any{"name": name, "description": "made by a load test"}, &circle); err != nil {
			return w, err
		}
		w.Circles = append(w.Circles, circle.ID)
		if err := s.post(ctx, "/v1/circles/"+circle.ID+"/posts", owner, map[string]any{"text": "The first post of " + name + "."}, &post); err != nil {
			return w, err
		}
		w.Posts = append(w.Posts, post.ID)
	}
	return w, nil
}

func (s Setup) post(ctx context.Context, path, token string, in, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.API+path, bytes.NewReader(encode(in)))
	if err != nil {
		return fmt.Errorf("post to %s: %w", path, err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := s.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req) //nolint:gosec // the address is the caller's
	if err != nil {
		return fmt.Errorf("post to %s: %w", path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return fmt.Errorf("read the answer of %s: %w", path, err)
	case resp.StatusCode == http.StatusNotFound && path == "/v1/dev/users":
		return errors.New("the server does not make users for tests: it must run with --dev")
	case resp.StatusCode/100 != 2:
		return fmt.Errorf("post to %s: answered %d: %.300s", path, resp.StatusCode, answer)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return nil
}

// Channels are the circles' channels.
func (w World) Channels() []string {
	channels := make([]string, len(w.Circles))
	for i, id := range w.Circles {
		channels[i] = "circle:" + id
	}
	return channels
}

// Tokens gives the users their tokens, from the first one given on, round and round.
func (w World) Tokens(first int) TokenSource {
	return func(_ context.Context, i int) (string, error) {
		if len(w.Users) == 0 {
			return "", errors.New("there are no users")
		}
		return w.Users[(first+i)%len(w.Users)].Token, nil
	}
}
