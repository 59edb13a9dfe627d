package httpapi

import (
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"lifecircle/feed"
	"lifecircle/internal/id"
	"lifecircle/internal/media"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
)

// Flags is what the routes of photos need of the feed.
type Flags interface {
	FlagPhoto(ctx context.Context, a feed.Actor, photo id.ID, c media.Change) (media.Photo, error)
}

func (s *server) photoRoutes() {
	register(s, route{
		id: "create_photo", method: http.MethodPost, path: "/v1/photos", tag: "photos", access: account, status: http.StatusCreated,
		limit: ratelimit.Uploads, keyed: true, stream: true, contentType: "*/*", content: "the file as it is, or multipart/form-data with one in it, called file",
		summary: "Upload a photo in one request",
		about:   "It waits for the photo. On bad networks an upload at /v1/uploads goes on after a cut.",
		codes: append([]problem.Code{problem.Banned, problem.UploadLength, problem.UploadsTooMany, problem.PhotoDayLimit, problem.Invalid_},
			pictureRefusals...),
	}, s.createPhoto)
	register(s, route{
		id: "get_photo", method: http.MethodGet, path: "/v1/photos/{id}", tag: "photos", access: account,
		summary: "A photo of yours", codes: []problem.Code{problem.NotFound},
	}, s.getPhoto)
	register(s, route{
		id: "update_photo", method: http.MethodPatch, path: "/v1/photos/{id}", tag: "photos", access: account, limit: ratelimit.Changes,
		summary: "Call a photo sensitive, or review it",
		about: "Its author may call it sensitive, and owners and moderators of the circle that shows it: it is blurred, and its post takes no tips until a reviewer has passed it. " +
			"Reviewers are staff; nobody reviews his own.",
		codes: []problem.Code{problem.NotFound, problem.Banned, problem.RoleRequired, problem.PhotoReviewed},
	}, s.updatePhoto)
}

type createPhoto struct {
	Idempotent
	Sensitive bool `query:"sensitive" doc:"calls the photo sensitive"`
}

func (s *server) createPhoto(ctx context.Context, in *createPhoto) (*created[media.Photo], error) {
	about := callOf(ctx)
	leave, err := s.senders.enter(about.actor.User)
	if err != nil {
		return nil, err
	}
	defer leave()
	var (
		file      io.Reader = about.stream
		size                = about.stream.size
		sensitive           = in.Sensitive
	)
	if kind, params, err := mime.ParseMediaType(about.stream.kind); err == nil && strings.HasPrefix(kind, "multipart/") {
		form := photoForm{r: multipart.NewReader(about.stream, params["boundary"])}
		if file, err = form.file(); err != nil {
			return nil, err
		}
		size, sensitive = -1, sensitive || form.sensitive
	}
	p, err := s.Photos.Store(ctx, about.actor.User, size, sensitive, file, in.Key)
	if err != nil {
		return nil, err
	}
	return &created[media.Photo]{Location: "/v1/photos/" + p.ID.String(), Body: p}, nil
}

const (
	maxFormParts = 8  // before the file
	maxFormValue = 16 // bytes of a member that is read
)

// photoForm is a form with a file in it, which is read as it comes.
type photoForm struct {
	r         *multipart.Reader
	sensitive bool
}

var errNoFile = problem.Invalid(problem.Invalid_, "body.file", "The form has no file that is called file.")

// file reads up to the file, and returns it.
func (f *photoForm) file() (io.Reader, error) {
	for range maxFormParts {
		part, err := f.r.NextRawPart()
		if err != nil {
			return nil, errNoFile
		}
		switch part.FormName() {
		case "file":
			return part, nil
		case "sensitive":
			value, err := io.ReadAll(io.LimitReader(part, maxFormValue))
			if err != nil {
				return nil, errNoFile
			}
			f.sensitive = string(value) == "true"
		}
	}
	return nil, errNoFile
}

// PhotoPath is the part of an input that names a photo.
type PhotoPath struct {
	ID string `path:"id" doc:"a photo's id"`
}

func (p PhotoPath) photo() (id.ID, error) {
	photo, err := id.Parse(p.ID)
	if err != nil {
		return 0, problem.New(problem.NotFound, "There is no such photo.")
	}
	return photo, nil
}

func (s *server) getPhoto(ctx context.Context, in *PhotoPath) (*reply[media.Details], error) {
	photo, err := in.photo()
	if err != nil {
		return nil, err
	}
	return answer(s.Photos.Photo(ctx, actor(ctx).User, photo))
}

type updatePhoto struct {
	PhotoPath
	Body media.Change
}

func (s *server) updatePhoto(ctx context.Context, in *updatePhoto) (*reply[media.Photo], error) {
	photo, err := in.photo()
	if err != nil {
		return nil, err
	}
	return answer(s.Feed.FlagPhoto(ctx, actor(ctx), photo, in.Body))
}
