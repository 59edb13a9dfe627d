package picture

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"io"

	"github.com/bbrks/go-blurhash"
)

// ContentType is that of every rendition.
const ContentType = "image/jpeg"

// Picture is what we keep of a photo.
type Picture struct {
	Width, Height int    // pixels of the full rendition
	Blurhash      string // 28 characters of base 83
	// Renditions, largest first; Full is always there. A size that would be as
	// large as the one before it is left out: who wants it takes the next larger.
	Renditions []Rendition
}

// Rendition is a picture at one of its sizes.
type Rendition struct {
	Size          Size
	Type          string // ContentType
	Width, Height int    // pixels
	Data          []byte // the encoded file
}

// Make reads a whole file, from its start, and returns the picture in it. It
// allocates up to Header.Memory bytes and uses one processor for up to some
// seconds; callers that serve many go through a Workshop. It fails with
// photo_too_large, photo_too_many_pixels, photo_kind_unsupported or
// photo_unreadable, with ctx's error when that ends first (decoding ends at the
// next read of the file), or with what reading file failed with. Nothing of the
// file is in the errors.
func Make(ctx context.Context, file io.ReadSeeker) (Picture, error) {
	h, err := header(ctx, file)
	if err != nil {
		return Picture{}, err
	}
	return develop(ctx, file, h)
}

// header judges a file as far as its header goes.
func header(ctx context.Context, file io.ReadSeeker) (h Header, err error) {
	if err := checkSize(file); err != nil {
		return Header{}, err
	}
	err = pass(ctx, file, func(r *bufio.Reader) (err error) {
		h, err = probe(r)
		return err
	})
	return h, err
}

// pass reads the file from its start once more. Errors of what is done with
// it are the file's fault, unless reading failed.
func pass(ctx context.Context, file io.ReadSeeker, do func(r *bufio.Reader) error) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read a picture: %w", err)
	}
	in := &source{ctx: ctx, r: file}
	return in.verdict(guard(func() error { return do(bufio.NewReaderSize(in, 1<<16)) }))
}

// develop makes the picture of a file whose header has been judged.
func develop(ctx context.Context, file io.ReadSeeker, h Header) (Picture, error) {
	var n notes
	err := pass(ctx, file, func(r *bufio.Reader) (err error) {
		n, err = inspect(r, h.Kind)
		return err
	})
	if err != nil {
		return Picture{}, err
	}
	var src *rows
	err = pass(ctx, file, func(r *bufio.Reader) (err error) {
		src, err = decode(r, h)
		return err
	})
	if err != nil {
		return Picture{}, err
	}
	w, ht := fit(h.Width, h.Height, formats[0].side)
	full := shrink(src, w, ht)
	if !src.cmyk {
		toSRGB(full, n.profile)
	}
	turn := orientation(1)
	_ = guard(func() error { turn = orientationOf(n.exif); return nil }) // what cannot be read is upright
	return render(ctx, turn.upright(full))
}

// render encodes the full rendition and the smaller ones.
func render(ctx context.Context, m *image.RGBA) (p Picture, err error) {
	p.Width, p.Height = m.Rect.Dx(), m.Rect.Dy()
	for _, f := range formats {
		if ctx.Err() != nil {
			return Picture{}, ctx.Err()
		}
		w, h := fit(p.Width, p.Height, f.side)
		if f.size != Full && w == m.Rect.Dx() && h == m.Rect.Dy() {
			continue // there already, under a larger name
		}
		if w != m.Rect.Dx() || h != m.Rect.Dy() {
			m = shrink(rowsOf(m, m.Rect, m.Rect.Dx(), m.Rect.Dy()), w, h)
		}
		var out bytes.Buffer
		if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: f.quality}); err != nil {
			return Picture{}, fmt.Errorf("encode a picture: %w", err)
		}
		p.Renditions = append(p.Renditions, Rendition{Size: f.size, Type: ContentType, Width: w, Height: h, Data: out.Bytes()})
	}
	p.Blurhash, err = blur(m)
	return p, err
}

// blur is the blurhash, with more components along the longer side.
func blur(m *image.RGBA) (string, error) {
	const side = 64 // pixels; it shows no more detail than that
	w, h := fit(m.Rect.Dx(), m.Rect.Dy(), side)
	small := shrink(rowsOf(m, m.Rect, m.Rect.Dx(), m.Rect.Dy()), w, h)
	across, down := 4, 3
	if h > w {
		across, down = 3, 4
	}
	hash, err := blurhash.Encode(across, down, small)
	if err != nil {
		return "", fmt.Errorf("blurhash: %w", err)
	}
	return hash, nil
}
