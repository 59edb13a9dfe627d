package picture

import (
	"bufio"
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"

	"lifecircle/internal/problem"
)

// guard turns a panic of somebody's decoder into an error: the last defence
// against files that no one has thought of.
func guard(decode func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = unreadable("it is damaged in a way that we do not know")
		}
	}()
	return decode()
}

// notes are what a file says of its pixels beside them. They end here: nothing
// of them is kept.
type notes struct {
	profile []byte // ICC
	exif    []byte // a TIFF
}

const exifPrefix = "Exif\x00\x00"

// inspect goes through the file before it is decoded: for its notes, and for
// what would make decoding endless.
func inspect(r *bufio.Reader, kind Kind) (notes, error) {
	switch kind {
	case JPEG:
		return inspectJPEG(r)
	case PNG:
		return inspectPNG(r)
	case WebP:
		return inspectWebP(r)
	case GIF: // has neither
	}
	return notes{}, nil
}

// decode reads the pixels of a file whose header has been judged.
func decode(r *bufio.Reader, h Header) (*rows, error) {
	var m image.Image
	var err error
	whole := image.Rect(0, 0, h.Width, h.Height)
	at := whole
	switch h.Kind {
	case JPEG:
		m, err = jpeg.Decode(r)
	case PNG:
		m, err = png.Decode(r)
	case GIF: // the first frame only
		if m, err = gif.Decode(r); err == nil {
			at = m.Bounds()
		}
	case WebP:
		m, at, err = decodeWebP(r)
	}
	if err != nil {
		return nil, err
	}
	if m.Bounds().Size() != at.Size() || at.Empty() || !at.In(whole) {
		return nil, unreadable("its picture is not as large as its header says")
	}
	if src := rowsOf(m, at, h.Width, h.Height); src != nil {
		return src, nil
	}
	return nil, fmt.Errorf("a decoder made a %T", m)
}

// decodeWebP decodes a still picture, or the first frame of an animation,
// which golang.org/x/image does not know. An animation is read into memory.
func decodeWebP(r *bufio.Reader) (image.Image, image.Rectangle, error) {
	file, err := io.ReadAll(io.LimitReader(r, MaxBytes))
	if err != nil {
		return nil, image.Rectangle{}, err
	}
	var chunks bytes.Buffer
	f, err := walkWebP(bufio.NewReader(bytes.NewReader(file)), &chunks)
	if err != nil {
		return nil, image.Rectangle{}, err
	}
	if f.animated {
		file = stillOf(f, chunks.Bytes())
		inner, err := walkWebP(bufio.NewReader(bytes.NewReader(file)), nil)
		if err != nil {
			return nil, image.Rectangle{}, err
		}
		if inner.animated || inner.canvas != f.at.Size() {
			return nil, image.Rectangle{}, unreadable("its parts contradict each other")
		}
	}
	m, err := webp.Decode(bytes.NewReader(file))
	return m, f.at, err
}

// checkSize refuses more than MaxBytes.
func checkSize(file io.Seeker) error {
	n, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if n > MaxBytes {
		return problem.New(problem.PhotoTooLarge, "The file has %d bytes; at most %d (20 MB) are accepted.", n, int64(MaxBytes))
	}
	return nil
}
