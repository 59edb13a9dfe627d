package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"lifecircle/internal/media/blob"
	"lifecircle/internal/media/picture"
)

// Files is what serving photos needs of the store.
type Files interface {
	Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error)
}

// filePolicy lets a file do nothing, should a browser take it for a page.
const filePolicy = "default-src 'none'; sandbox"

// getFile serves a file of a photo. It is the same for everybody and for ever:
// who knows the hash of its content has seen the content, or was shown it.
func (s *server) getFile(c echo.Context) error {
	r, w := c.Request(), c.Response()
	key := c.Param("folder") + "/" + c.Param("name")
	if err := s.files.enter(r.Context()); err != nil {
		return err
	}
	defer s.files.leave()
	f, size, err := s.Files.Open(r.Context(), key) // of some stores each read takes it
	if errors.Is(err, blob.ErrMissing) || errors.Is(err, blob.ErrKey) {
		return errNoRoute
	}
	if err != nil {
		return fmt.Errorf("open a file of a photo: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	h := w.Header()
	h.Set("Content-Type", picture.ContentType)
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"`+c.Param("name")+`"`)
	due := firstFlow + time.Duration(size/minFlow)*time.Second
	_ = http.NewResponseController(w.Writer).SetWriteDeadline(time.Now().Add(due)) // a recorder in a test has none
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}
