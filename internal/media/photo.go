package media

import (
	"context"

	"lifecircle/internal/id"
	"lifecircle/internal/media/picture"
	"lifecircle/internal/problem"
)

// PathPrefix stands before the key of a file in its address.
const PathPrefix = "/media/"

// MaxPerPost is how many photos one post may show.
const MaxPerPost = 9

// Photo is a photo as everybody sees it; it goes into posts and events as it is.
type Photo struct {
	ID        id.ID  `json:"id"`
	Width     int    `json:"width" doc:"pixels of the full size, upright"`
	Height    int    `json:"height"`
	Blurhash  string `json:"blurhash" doc:"to be shown until the picture is there, and instead of a sensitive one"`
	URLs      URLs   `json:"urls"`
	Sensitive bool   `json:"sensitive" doc:"to be shown blurred until somebody wants to see it"`
	Review    Review `json:"review" enum:"none,pending,passed" doc:"pending: somebody called it sensitive and no reviewer has looked; its post takes no tips"`
}

// URLs are the addresses of a photo's sizes. What is behind them never changes.
type URLs struct {
	Phone  string `json:"phone" doc:"at most 640 pixels on the longer side"`
	Screen string `json:"screen" doc:"at most 1,280"`
	Full   string `json:"full" doc:"at most 2,560"`
}

// Review says whether a reviewer has looked at a photo, or should.
type Review string

// The reviews.
const (
	Unasked Review = "none"
	Pending Review = "pending"
	Passed  Review = "passed"
)

// Row is a photo with what only we know of it.
type Row struct {
	Photo
	Owner     id.ID
	FlaggedBy Role    // who called it sensitive, others before its author; "": nobody
	Post      id.Post // which shows it, or has; the zero one: none yet
	Gone      bool    // its post was deleted
}

// Used tells whether a post has taken the photo.
func (r *Row) Used() bool { return r.Post != id.Post{} }

// Details are a photo as its owner sees it.
type Details struct {
	Photo
	Sizes  Sizes    `json:"sizes"`
	PostID *id.Post `json:"post_id" doc:"the post that shows it; null: none yet"`
}

// Sizes are the files of a photo. A small photo has the same one several times.
type Sizes struct {
	Phone  File `json:"phone"`
	Screen File `json:"screen"`
	Full   File `json:"full"`
}

// File is one size of a photo.
type File struct {
	URL    string `json:"url"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Bytes  int64  `json:"bytes"`

	key string
}

// sizesOf completes sizes: one that is missing is the next larger one.
func sizesOf(files map[picture.Size]File) Sizes {
	for size, f := range files {
		f.URL = PathPrefix + f.key
		files[size] = f
	}
	s := Sizes{Full: files[picture.Full]}
	var ok bool
	if s.Screen, ok = files[picture.Screen]; !ok {
		s.Screen = s.Full
	}
	if s.Phone, ok = files[picture.Phone]; !ok {
		s.Phone = s.Screen
	}
	return s
}

func (s Sizes) urls() URLs { return URLs{Phone: s.Phone.URL, Screen: s.Screen.URL, Full: s.Full.URL} }

var errNoPhoto = problem.New(problem.NotFound, "There is no such photo.")

// Photo returns a photo to its owner. It fails with NotFound.
func (s *Service) Photo(ctx context.Context, user, photo id.ID) (Details, error) {
	d, owner, err := readDetails(ctx, s.pool, photo)
	if err == nil && owner != user {
		err = errNoPhoto
	}
	if err != nil {
		return Details{}, outward(err)
	}
	return d, nil
}

// Whereabouts tells who owns a photo and which post shows it, the zero one if
// none does. It fails with NotFound.
func (s *Service) Whereabouts(ctx context.Context, photo id.ID) (owner id.ID, post id.Post, err error) {
	d, owner, err := readDetails(ctx, s.pool, photo)
	if err != nil {
		return 0, id.Post{}, outward(err)
	}
	if d.PostID != nil {
		post = *d.PostID
	}
	return owner, post, nil
}
