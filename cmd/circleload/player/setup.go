package player

import (
	"context"
	"net/http"
)

// Setup makes a small world on a Life Circle server that runs with --dev.
type Setup struct {
	API     string // http://host:port
	HTTP    *http.Client
	Users   int
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

// Make creates users, circles and a first post in each, and returns them.
func (s Setup) Make(ctx context.Context) (World, error) { return World{}, nil }

// Channels are the circles' channels.
func (w World) Channels() []string { return nil }

// Tokens gives the users their tokens, from the first one given on, round and round.
func (w World) Tokens(first int) TokenSource { return nil }
