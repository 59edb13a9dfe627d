package httpapi

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"lifecircle/internal/id"
	"lifecircle/internal/media"
	"lifecircle/internal/media/picture"
	"lifecircle/internal/problem"
	"lifecircle/internal/ratelimit"
)

// Photos is what the routes of uploads and photos need of media.Service.
type Photos interface {
	Begin(ctx context.Context, user id.ID, in media.NewUpload, key string) (media.Upload, error)
	Append(ctx context.Context, user, upload id.ID, offset int64, body io.Reader) (media.Upload, error)
	Await(ctx context.Context, user, upload id.ID, most time.Duration) (media.Upload, error)
	Abandon(ctx context.Context, user, upload id.ID) error
	Store(ctx context.Context, user id.ID, size int64, sensitive bool, file io.Reader, key string) (media.Photo, error)
	Photo(ctx context.Context, user, photo id.ID) (media.Details, error)
}

const (
	uploadsPath = "/v1/uploads"

	tusVersion    = "1.0.0"
	tusExtensions = "creation,creation-with-upload,expiration,termination"
	tusPiece      = "application/offset+octet-stream"

	pieceWait = 8 * time.Second // of the last piece, for its photo; then its sender asks for it
)

// What the bytes of a photo can be refused for.
var pictureRefusals = []problem.Code{
	problem.PhotoTooLarge, problem.PhotoKindUnsupported, problem.PhotoTooManyPixels, problem.PhotoUnreadable,
}

func (s *server) uploadRoutes() {
	begin := []problem.Code{problem.Banned, problem.UploadLength, problem.UploadsTooMany, problem.PhotoDayLimit, problem.TusVersion, problem.UploadOffset}
	register(s, route{
		id: "begin_upload", method: http.MethodPost, path: uploadsPath, tag: "photos", access: account, status: http.StatusCreated,
		limit: ratelimit.Uploads, keyed: true, stream: true, contentType: tusPiece, content: "the first bytes, or none",
		summary: "Begin an upload (tus: creation)",
		about:   "The protocol is tus 1.0.0, so that its clients work. The photo comes of the last byte: ask for the upload until it is ready, and name the photo in a post.",
		codes:   append(begin, pictureRefusals...),
	}, s.beginUpload)
	register(s, route{
		id: "get_upload", method: http.MethodGet, path: uploadsPath + "/{id}", tag: "photos", access: account, stream: true,
		summary: "How far an upload has come, and its photo",
		about:   "HEAD answers the headers alone, as tus asks.", codes: []problem.Code{problem.UploadNotFound, problem.Invalid_},
	}, s.getUpload)
	register(s, route{
		id: "append_upload", method: http.MethodPatch, path: uploadsPath + "/{id}", tag: "photos", access: account,
		limit: ratelimit.Uploads, stream: true, contentType: tusPiece, content: "the bytes from Upload-Offset on",
		summary: "Go on with an upload (tus: PATCH)",
		about:   "Whatever arrives is kept, wherever the connection is cut. The header of the file is judged as soon as it is there.",
		codes: append([]problem.Code{problem.UploadNotFound, problem.UploadOffset, problem.TusVersion, problem.BadContentType},
			pictureRefusals...),
	}, s.appendUpload)
	register(s, route{
		id: "end_upload", method: http.MethodDelete, path: uploadsPath + "/{id}", tag: "photos", access: account, limit: ratelimit.Uploads,
		summary: "Forget an upload (tus: termination)", about: "A photo that has come of it stays.",
		codes: []problem.Code{problem.UploadNotFound, problem.TusVersion},
	}, s.endUpload)
}

// tusRequest marks the answers to requests about uploads, and reads what a
// client that cannot send PATCH or DELETE wants.
func tusRequest(w http.ResponseWriter, r *http.Request) *http.Request {
	if r.URL.Path != uploadsPath && !strings.HasPrefix(r.URL.Path, uploadsPath+"/") {
		return r
	}
	w.Header().Set("Tus-Resumable", tusVersion)
	w.Header().Set("Tus-Version", tusVersion)
	switch method := r.Header.Get("X-HTTP-Method-Override"); {
	case r.Method == http.MethodPost && (method == http.MethodPatch || method == http.MethodDelete || method == http.MethodHead):
		meant := *r
		meant.Method = method
		return &meant
	}
	return r
}

// tellTus answers what tus clients ask first: what is spoken here.
func tellTus(c echo.Context) error {
	h := c.Response().Header()
	h.Set("Tus-Extension", tusExtensions)
	h.Set("Tus-Max-Size", strconv.Itoa(picture.MaxBytes))
	return c.NoContent(http.StatusNoContent)
}

// Tus is the part of the input of routes that change an upload.
type Tus struct {
	Version string `header:"Tus-Resumable" doc:"1.0.0" example:"1.0.0"`
}

func (t Tus) check() error {
	if t.Version != tusVersion {
		return problem.New(problem.TusVersion, "Tus-Resumable must be %s.", tusVersion)
	}
	return nil
}

// UploadHeaders are those of an answer about an upload.
type UploadHeaders struct {
	Location string `header:"Location" doc:"of a new upload: its path"`
	Offset   string `header:"Upload-Offset" doc:"bytes that have arrived"`
	Length   string `header:"Upload-Length" doc:"bytes of the whole file"`
	Expires  string `header:"Upload-Expires" doc:"then it is forgotten"`
	PhotoID  string `header:"Photo-Id" doc:"of an upload that is ready"`
}

func headersOf(u media.Upload) UploadHeaders {
	h := UploadHeaders{
		Offset: strconv.FormatInt(u.Offset, 10), Length: strconv.FormatInt(u.Length, 10), Expires: u.ExpiresAt.Format(http.TimeFormat),
	}
	if u.Photo != nil {
		h.PhotoID = u.Photo.ID.String()
	}
	return h
}

type beginUpload struct {
	Tus
	Idempotent
	Length   string `header:"Upload-Length" doc:"bytes of the whole file"`
	Metadata string `header:"Upload-Metadata" doc:"'sensitive dHJ1ZQ==' calls the photo sensitive; nothing else is read or kept" example:"sensitive dHJ1ZQ=="`
}

func (s *server) beginUpload(ctx context.Context, in *beginUpload) (*UploadHeaders, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	length, err := strconv.ParseInt(in.Length, 10, 64)
	if err != nil {
		return nil, problem.New(problem.UploadLength, "Upload-Length must say how many bytes the file has.")
	}
	user := callOf(ctx).actor.User
	u, err := s.Photos.Begin(ctx, user, media.NewUpload{Length: length, Sensitive: calledSensitive(in.Metadata)}, in.Key)
	if err != nil {
		return nil, err
	}
	if callOf(ctx).stream.kind == tusPiece {
		if u, err = s.take(ctx, u.ID, u.Offset); err != nil {
			return nil, err
		}
	}
	h := headersOf(u)
	h.Location = uploadsPath + "/" + u.ID.String()
	return &h, nil
}

// calledSensitive reads tus metadata: keys, each with a value in base64.
func calledSensitive(metadata string) bool {
	for pair := range strings.SplitSeq(metadata, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), " ")
		if text, err := base64.StdEncoding.DecodeString(value); name == "sensitive" && err == nil {
			return string(text) == "true"
		}
	}
	return false
}

// UploadPath is the part of an input that names an upload.
type UploadPath struct {
	ID string `path:"id" doc:"an upload's id"`
}

func (p UploadPath) upload() (id.ID, error) {
	upload, err := id.Parse(p.ID)
	if err != nil {
		return 0, problem.New(problem.UploadNotFound, "There is no such upload.")
	}
	return upload, nil
}

type getUpload struct {
	UploadPath
	Wait int `query:"wait" minimum:"0" maximum:"10" default:"0" doc:"seconds to wait for the photo, once all bytes are there"`
}

type uploadState struct {
	UploadHeaders
	Body media.Upload
}

func (s *server) getUpload(ctx context.Context, in *getUpload) (*uploadState, error) {
	upload, err := in.upload()
	if err != nil {
		return nil, err
	}
	u, err := s.Photos.Await(ctx, callOf(ctx).actor.User, upload, time.Duration(in.Wait)*time.Second)
	if err != nil {
		return nil, err
	}
	return &uploadState{headersOf(u), u}, nil
}

type appendUpload struct {
	UploadPath
	Tus
	Offset string `header:"Upload-Offset" doc:"where the bytes belong: as many as have arrived"`
}

func (s *server) appendUpload(ctx context.Context, in *appendUpload) (*UploadHeaders, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	upload, err := in.upload()
	if err != nil {
		return nil, err
	}
	if callOf(ctx).stream.kind != tusPiece {
		return nil, problem.New(problem.BadContentType, "The body must be %s.", tusPiece)
	}
	offset, err := strconv.ParseInt(in.Offset, 10, 64)
	if err != nil || offset < 0 {
		return nil, problem.New(problem.UploadOffset, "Upload-Offset must say where the bytes belong.")
	}
	u, err := s.take(ctx, upload, offset)
	if err != nil {
		return nil, err
	}
	h := headersOf(u)
	return &h, nil
}

// take appends the body of the request and, if it was the last one, waits a
// little for the photo.
func (s *server) take(ctx context.Context, upload id.ID, offset int64) (media.Upload, error) {
	about := callOf(ctx)
	leave, err := s.senders.enter(about.actor.User)
	if err != nil {
		return media.Upload{}, err
	}
	defer leave()
	u, err := s.Photos.Append(ctx, about.actor.User, upload, offset, about.stream)
	if err != nil || u.State != media.Making {
		return u, err
	}
	if u, err = s.Photos.Await(ctx, about.actor.User, upload, pieceWait); err != nil {
		return u, err
	}
	return u, u.Err()
}

type endUpload struct {
	UploadPath
	Tus
}

func (s *server) endUpload(ctx context.Context, in *endUpload) (*noBody, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	upload, err := in.upload()
	if err != nil {
		return nil, err
	}
	return nil, s.Photos.Abandon(ctx, callOf(ctx).actor.User, upload)
}
