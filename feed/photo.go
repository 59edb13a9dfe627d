package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"lifecircle/feed/policy"
	"lifecircle/internal/id"
	"lifecircle/internal/idempotency"
	"lifecircle/internal/media"
	"lifecircle/internal/problem"
)

// photoBytes is about what one photo of a post takes in memory: its addresses,
// blurhash and id.
const photoBytes = 512

// photoIDs reads the photos of a new post. Nobody has photos whose ids are none.
func photoIDs(names []string) ([]id.ID, error) {
	if len(names) > media.MaxPerPost {
		return nil, problem.Invalid(problem.PhotosTooMany, "body.photos", "a post shows at most %d photos", media.MaxPerPost)
	}
	var photos []id.ID
	for i, name := range names {
		photo, err := id.Parse(name)
		if err != nil {
			return nil, noSuchPhoto(i)
		}
		if slices.Contains(photos, photo) {
			return nil, problem.Invalid(problem.PhotoRepeated, photoAt(i), "it is there twice")
		}
		photos = append(photos, photo)
	}
	return photos, nil
}

func photoAt(i int) string { return fmt.Sprintf("body.photos[%d]", i) }

func noSuchPhoto(i int) error {
	return problem.Invalid(problem.PhotoNotFound, photoAt(i), "you have no such photo; one that no post shows is kept for a day")
}

// mayTake judges whether a post of the actor may take photos, all of them.
func (b *batch) mayTake(a Actor, photos []id.ID) error {
	for i, photo := range photos {
		switch row := b.photos[photo]; {
		case row == nil || row.Owner != a.User:
			return noSuchPhoto(i)
		case row.Used():
			return problem.Invalid(problem.PhotoInUse, photoAt(i), "another post shows it")
		}
	}
	return nil
}

// take gives photos that it may take to a post, and returns what it shows.
func (b *batch) take(photos []id.ID, post id.Post) []media.Photo {
	shown := make([]media.Photo, len(photos))
	for i, photo := range photos {
		row := b.photos[photo]
		row.Post = post
		shown[i] = row.Photo
	}
	b.taken = append(b.taken, photos...)
	return shown
}

// unreviewed tells whether the post shows a photo that waits for a reviewer.
func (p *Post) unreviewed() bool {
	return slices.ContainsFunc(p.Photos, func(ph media.Photo) bool { return ph.Review == media.Pending })
}

// storedPhotos is what the post's row says of its photos; nil: there are none.
func (p *Post) storedPhotos() *string {
	if len(p.Photos) == 0 {
		return nil
	}
	raw, err := json.Marshal(p.Photos)
	if err != nil {
		panic(err) // resources of the API always marshal
	}
	text := string(raw)
	return &text
}

// Photos is what the feed needs of those who keep photos.
type Photos interface {
	// Whereabouts tells who owns a photo and which post shows it.
	Whereabouts(ctx context.Context, photo id.ID) (owner id.ID, post id.Post, err error)
	// FlagUnused changes a photo in no post; media.ErrInUse if there is one.
	FlagUnused(ctx context.Context, user, photo id.ID, c media.Change) (media.Photo, error)
}

// noPhotos is Photos where nobody keeps any.
type noPhotos struct{}

func (noPhotos) Whereabouts(context.Context, id.ID) (owner id.ID, post id.Post, err error) {
	return 0, id.Post{}, errPhotoNotFound
}

func (noPhotos) FlagUnused(context.Context, id.ID, id.ID, media.Change) (media.Photo, error) {
	return media.Photo{}, errPhotoNotFound
}

// FlagPhoto calls a photo sensitive, or fit for all, or reviewed. Its author
// may flag it, and owners and moderators of the circle that shows it; the rest
// takes a reviewer (media.Row.Flag). A photo in a post is changed together with
// the post, whose readers are told at once, and against the tips that are under
// way. It fails with Banned, NotFound, also for a photo that the actor cannot see,
// RoleRequired or PhotoReviewed.
func (s *Service) FlagPhoto(ctx context.Context, a Actor, photo id.ID, c media.Change) (media.Photo, error) {
	if a.Guest() {
		return media.Photo{}, errSignIn
	}
	for {
		_, post, err := s.photos.Whereabouts(ctx, photo)
		if err != nil {
			return media.Photo{}, outward(err)
		}
		if post != (id.Post{}) {
			return run[media.Photo](ctx, s, a, idempotency.Request{}, flagPhoto{post, photo, a.User, c})
		}
		out, err := s.photos.FlagUnused(ctx, a.User, photo, c)
		if !errors.Is(err, media.ErrInUse) { // a post took it meanwhile: it keeps it
			return out, outward(err)
		}
	}
}

type flagPhoto struct {
	post   id.Post
	photo  id.ID
	by     id.ID
	change media.Change
}

func (f flagPhoto) circle() id.ID { return f.post.Circle }

func (flagPhoto) size() int { return 0 }

func (f flagPhoto) need(n *needs) {
	n.posts.add(f.post)
	n.photos = append(n.photos, f.photo)
	n.counts.add(f.post)
	n.roles.add(membership{f.post.Circle, f.by})
	n.reviewers = append(n.reviewers, f.by)
	n.logs.add(f.post.Circle)
}

var (
	errPhotoNotFound = problem.New(problem.NotFound, "There is no such photo.")
	errNoFlag        = &problem.Problem{
		Code: problem.RoleRequired, Detail: "Only its author, moderators and owners of the circle, and reviewers may flag this photo.",
		Rule: []problem.Clause{{Clause: "role", Have: "no role", Need: "author, moderator, owner or reviewer", How: "write to a moderator of the circle"}},
	}
)

func (f flagPhoto) decide(b *batch, a Actor) (any, error) {
	who := b.stand(f.post.Circle, a)
	p, counts, err := b.livingPost(f.post)
	row := b.photos[f.photo]
	if err != nil || row == nil || row.Post != f.post || who.closed() && !b.reviewers[a.User] {
		return nil, errPhotoNotFound
	}
	by, err := b.flags(p, who, a)
	if err != nil {
		return nil, err
	}
	changed, err := row.Flag(by, f.change)
	if err != nil || !changed {
		return row.Photo, err
	}
	b.flagged, p.flagged = append(b.flagged, row), true
	p.Photos = slices.Clone(p.Photos) // others show the old ones
	p.Photos[slices.IndexFunc(p.Photos, func(ph media.Photo) bool { return ph.ID == f.photo })] = row.Photo
	shown := p.Post
	shown.Counts = counts.Counts
	return row.Photo, b.append(f.post.Circle, event{Type: postUpdated, Post: &shown})
}

// flags says as what the actor speaks of a post's photo. Nobody reviews his own.
func (b *batch) flags(p *postRow, who standing, a Actor) (media.Role, error) {
	switch {
	case p.Author.ID == a.User:
		return media.Author, nil
	case b.reviewers[a.User]:
		return media.Reviewer, nil
	case policy.Moderates(who.subject.Role):
		return media.Moderator, nil
	default:
		return "", errNoFlag
	}
}
