package main

import (
	"context"
	"errors"
	"fmt"

	"lifecircle/feed"
	"lifecircle/internal/app"
	"lifecircle/internal/config"
	"lifecircle/internal/id"
	"lifecircle/internal/identity"
	"lifecircle/internal/media"
	"lifecircle/internal/problem"
)

const photosShown = 100

// photos is the desk of those who review photos, while servers work.
func (p program) photos(ctx context.Context, db *app.Database) error {
	return app.WithPhotos(ctx, db, p.log, func(photos *media.Service, f *feed.Service) error {
		if p.config.Command == config.PendingPhotos {
			return p.listPhotos(ctx, photos)
		}
		yes, no, passed := true, false, media.Passed
		change := map[config.Command]media.Change{
			config.ApprovePhoto: {Review: &passed}, config.ClearPhoto: {Sensitive: &no, Review: &passed}, config.FlagPhoto: {Sensitive: &yes},
		}[p.config.Command]
		by, err := identity.StaffMember(ctx, db.Pool, p.config.PhotoReview.Handle)
		if err != nil {
			return err
		}
		photo, err := f.FlagPhoto(ctx, feed.Actor{User: by}, p.config.PhotoReview.Photo, change)
		switch {
		case problem.Has(err, problem.NotFound):
			return errors.New("there is no such photo, or its post was deleted")
		case problem.Has(err, problem.RoleRequired):
			return errors.New("nobody reviews a photo of his own")
		case err != nil:
			return err
		}
		_, err = fmt.Fprintf(p.out, "The photo %s is %s, review %s.\n", photo.ID, sensitive(photo.Sensitive), photo.Review)
		return err
	})
}

func sensitive(yes bool) string {
	if yes {
		return "sensitive"
	}
	return "not sensitive"
}

func (p program) listPhotos(ctx context.Context, photos *media.Service) error {
	cases, err := photos.Cases(ctx, photosShown)
	if err != nil {
		return err
	}
	for _, c := range cases {
		by, post := "the classifier had no answer", "no post yet"
		if c.FlaggedBy != "" {
			by = fmt.Sprintf("called %s by: %s", sensitive(c.Sensitive), c.FlaggedBy)
		}
		if c.Post != (id.Post{}) {
			post = "post " + c.Post.String()
		}
		if _, err := fmt.Fprintf(p.out, "%s  %s  @%s, %s, %s\n    %s\n", c.Photo, c.CreatedAt.UTC().Format("2006-01-02 15:04"), c.Owner, post, by, c.File); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(p.out, "%d photos wait for a reviewer.\n", len(cases))
	return err
}
