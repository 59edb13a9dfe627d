package picture

import (
	"bufio"
	"bytes"
	"errors"
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
	Memory        int64 // bytes that Make allocates for it, at most; the file itself not counted
}

// Probe reads the header of a file, and no further than it must: a JPEG's
// metadata stands in front of its size and is skipped. It fails with
// photo_kind_unsupported, photo_too_many_pixels or photo_unreadable, or with
// what reading failed with.
func Probe(r io.Reader) (Header, error) {
	in := &source{r: r}
	h, err := probe(bufio.NewReader(in))
	return h, in.verdict(err)
}

func probe(r *bufio.Reader) (Header, error) {
	kind, err := sniff(r)
	if err != nil {
		return Header{}, err
	}
	h := Header{Kind: kind}
	switch kind {
	case JPEG:
		err = h.readJPEG(r)
	case PNG:
		err = h.readPNG(r)
	case WebP:
		err = h.readWebP(r)
	case GIF:
		err = h.readGIF(r)
	}
	if err != nil {
		return Header{}, err
	}
	return h, h.judge()
}

// judge refuses what has too many pixels or none, and adds to Memory what the
// renditions take.
func (h *Header) judge() error {
	if h.Width <= 0 || h.Height <= 0 {
		return unreadable("its header names no size")
	}
	if pixels(h.Width, h.Height) > MaxPixels || max(h.Width, h.Height) > MaxSide {
		return problem.New(problem.PhotoTooManyPixels, "The picture has %d x %d pixels; at most %d million, and %d on a side, are accepted.",
			h.Width, h.Height, MaxPixels/1_000_000, MaxSide)
	}
	h.Memory += renditionMemory(h.Width, h.Height)
	if h.Memory > MaxMemory {
		return problem.New(problem.PhotoTooManyPixels, "The picture has %d x %d pixels in a form that takes too much memory to read.", h.Width, h.Height)
	}
	return nil
}

// renditionMemory is what is made of a decoded picture: the full rendition, its
// upright copy and the smaller ones at 4 bytes a pixel, their files, and rows.
func renditionMemory(width, height int) int64 {
	w, h := fit(width, height, formats[0].side)
	const aPixel, rows, fixed = 16, 64, 4 << 20 // bytes: for each pixel of the full rendition, each pixel of a row, all pictures
	return aPixel*pixels(w, h) + rows*int64(width) + fixed
}

func pixels(width, height int) int64 { return int64(width) * int64(height) }

// sniff tells the kind without consuming anything.
func sniff(r *bufio.Reader) (Kind, error) {
	head, err := r.Peek(32)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	is := func(at int, magic string) bool {
		return len(head) >= at && bytes.HasPrefix(head[at:], []byte(magic))
	}
	switch {
	case len(head) == 0:
		return "", unreadable("it is empty")
	case is(0, "\xff\xd8\xff"):
		return JPEG, nil
	case is(0, "\x89PNG\r\n\x1a\n"):
		return PNG, nil
	case is(0, "RIFF") && is(8, "WEBP"):
		return WebP, nil
	case is(0, "GIF87a"), is(0, "GIF89a"):
		return GIF, nil
	}
	return "", problem.New(problem.PhotoKindUnsupported, "%s cannot be shown; accepted are %s.", foreign(is), Accepted)
}

// foreign names kinds that people send, so that they know what to look for.
func foreign(is func(at int, magic string) bool) string {
	for _, known := range []struct {
		at          int
		magic, name string
	}{
		{4, "ftypavi", "AVIF pictures"},
		{4, "ftyphei", "HEIC pictures"},
		{4, "ftyphev", "HEIC pictures"},
		{4, "ftypmif1", "HEIC pictures"},
		{4, "ftypmsf1", "HEIC pictures"},
		{4, "ftyp", "Videos"},
		{4, "JXL ", "JPEG XL pictures"},
		{0, "\xff\x0a", "JPEG XL pictures"},
		{4, "jP  ", "JPEG 2000 pictures"},
		{0, "II*\x00", "TIFF and raw pictures"},
		{0, "MM\x00*", "TIFF and raw pictures"},
		{0, "BM", "BMP pictures"},
		{0, "8BPS", "Photoshop files"},
		{0, "%PDF", "PDF files"},
		{0, "<svg", "SVG pictures"},
		{0, "<?xml", "SVG pictures and other XML"},
	} {
		if is(known.at, known.magic) {
			return known.name
		}
	}
	return "Files of this kind"
}

// unreadable is a refusal of the file's content. The reason is one of ours:
// what decoders say may quote the file.
func unreadable(reason string) *problem.Problem {
	return problem.New(problem.PhotoUnreadable, "The picture cannot be read: %s.", reason)
}
