package picture

import (
	"bytes"
	"image"

	"github.com/bep/imagemeta"
)

// orientation is how a picture has to be turned, as EXIF numbers it (tag 274);
// 1 is upright.
type orientation int

// orientationOf reads it from EXIF; what cannot be read is upright, as viewers
// have it. imagemeta gets the EXIF alone: given whole files it allocates what
// their chunks claim to hold.
func orientationOf(exif []byte) orientation {
	found := orientation(1)
	if len(exif) == 0 {
		return found
	}
	_, _ = imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(exif), ImageFormat: imagemeta.TIFF, Sources: imagemeta.EXIF,
		Warnf: func(string, ...any) {}, // it would quote the file
		ShouldHandleTag: func(t imagemeta.TagInfo) bool {
			return t.Tag == "Orientation" && t.Namespace == "IFD0"
		},
		HandleTag: func(t imagemeta.TagInfo) error {
			if v, ok := t.Value.(uint16); ok && v >= 1 && v <= 8 {
				found = orientation(v)
			}
			return imagemeta.ErrStopWalking
		},
	})
	return found
}

// upright returns m turned so that it looks as it should.
func (o orientation) upright(m *image.RGBA) *image.RGBA {
	if o <= 1 || o > 8 {
		return m
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	if o >= 5 { // lying on a side
		w, h = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		from, step := o.walk(m, y)
		to := out.Pix[y*out.Stride:][:4*w]
		for ; len(to) > 0; to = to[4:] {
			copy(to[:4], m.Pix[from:from+4])
			from += step
		}
	}
	return out
}

// walk returns where in m.Pix row y of the upright picture begins, and how far
// apart its pixels are there.
func (o orientation) walk(m *image.RGBA, y int) (from, step int) {
	right, bottom := 4*(m.Rect.Dx()-1), m.Stride*(m.Rect.Dy()-1)
	row, column := y*m.Stride, 4*y
	switch o {
	case 2: // mirrored
		return row + right, -4
	case 3: // upside down
		return bottom - row + right, -4
	case 4: // mirrored, upside down
		return bottom - row, 4
	case 5: // mirrored along the diagonal
		return column, m.Stride
	case 6: // to be turned right
		return bottom + column, -m.Stride
	case 7: // mirrored along the other diagonal
		return bottom + right - column, -m.Stride
	case 8: // to be turned left
		return right - column, m.Stride
	}
	return row, 4
}
