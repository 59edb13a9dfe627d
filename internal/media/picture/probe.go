package picture

import (
	"io"

	"lifecircle/internal/problem"
)

// Kind is what a file is, by its first bytes: names and declared types are not
// looked at.
type Kind string

// The kinds that are accepted.
const (
	JPEG Kind = "jpeg"
	PNG  Kind = "png"
	WebP Kind = "webp"
	GIF  Kind = "gif"
)

// Header is what a file says of itself before its pixels.
type Header struct {
	Kind          Kind
	Width, Height int   // pixels, as stored: not yet upright
	Memory        int64 // bytes that Make may take for it, an upper estimate; the file itself not counted
}

// Probe reads the header of a file, and no further than it must: a JPEG's
// metadata stands in front of its size and is skipped. It fails with
// photo_kind_unsupported, photo_too_many_pixels or photo_unreadable.
func Probe(r io.Reader) (Header, error) {
	_ = r
	return Header{}, problem.New(problem.PhotoUnreadable, "not yet")
}
