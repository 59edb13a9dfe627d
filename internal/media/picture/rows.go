package picture

import (
	"image"
	"image/color"
)

// rows hands out a decoded picture as rows of 8-bit RGB, laid on white.
type rows struct {
	width, height int
	cmyk          bool            // RGB was made of inks: a profile of RGB says nothing of it
	at            image.Rectangle // where the decoded frame lies on the whole
	fill          func(y int, dst []byte)
}

// read writes row y, three bytes a pixel, into dst.
func (r *rows) read(y int, dst []byte) {
	if r.at == image.Rect(0, 0, r.width, r.height) {
		r.fill(y, dst)
		return
	}
	for i := range dst {
		dst[i] = 255
	}
	if y >= r.at.Min.Y && y < r.at.Max.Y {
		r.fill(y-r.at.Min.Y, dst[3*r.at.Min.X:3*r.at.Max.X])
	}
}

// rowsOf reads what our decoders make; frame lies at `at` on the whole of
// width x height. Chroma is not smoothed: pictures are shrunk after this.
func rowsOf(frame image.Image, at image.Rectangle, width, height int) *rows {
	_, inks := frame.(*image.CMYK)
	r := &rows{width: width, height: height, cmyk: inks, at: at}
	switch m := frame.(type) {
	case *image.YCbCr:
		r.fill = func(y int, dst []byte) { fillYCbCr(m, y, dst) }
	case *image.NYCbCrA:
		r.fill = func(y int, dst []byte) {
			fillYCbCr(&m.YCbCr, y, dst)
			for x, a := range m.A[y*m.AStride:][:len(dst)/3] {
				onWhite(dst[3*x:3*x+3], uint32(a))
			}
		}
	case *image.Gray:
		r.fill = func(y int, dst []byte) {
			for x, v := range m.Pix[y*m.Stride:][:len(dst)/3] {
				dst[3*x], dst[3*x+1], dst[3*x+2] = v, v, v
			}
		}
	case *image.RGBA: // our decoders make opaque ones only
		r.fill = func(y int, dst []byte) { fillNRGBA(m.Pix[y*m.Stride:], dst) }
	case *image.NRGBA:
		r.fill = func(y int, dst []byte) { fillNRGBA(m.Pix[y*m.Stride:], dst) }
	case *image.Paletted:
		palette := paletteOnWhite(m.Palette)
		r.fill = func(y int, dst []byte) {
			for x, i := range m.Pix[y*m.Stride:][:len(dst)/3] {
				copy(dst[3*x:3*x+3], palette[i][:])
			}
		}
	case image.RGBA64Image: // 16 bits, CMYK
		r.fill = func(y int, dst []byte) { fillRGBA64(m, y, dst) }
	default: // no decoder of ours
		return nil
	}
	return r
}

func fillYCbCr(m *image.YCbCr, y int, dst []byte) {
	b := m.Rect.Min
	luma := m.Y[m.YOffset(b.X, b.Y+y):]
	for x := range len(dst) / 3 {
		c := m.COffset(b.X+x, b.Y+y)
		dst[3*x], dst[3*x+1], dst[3*x+2] = color.YCbCrToRGB(luma[x], m.Cb[c], m.Cr[c])
	}
}

func fillNRGBA(src, dst []byte) {
	for x := range len(dst) / 3 {
		d, s := dst[3*x:3*x+3], src[4*x:4*x+4]
		d[0], d[1], d[2] = s[0], s[1], s[2]
		if s[3] != 255 {
			onWhite(d, uint32(s[3]))
		}
	}
}

// onWhite lays a pixel that is not premultiplied on white.
func onWhite(rgb []byte, alpha uint32) {
	for i, v := range rgb {
		rgb[i] = byte((uint32(v)*alpha + 255*(255-alpha) + 127) / 255)
	}
}

// fillRGBA64 allocates nothing: At would make an interface of every pixel.
func fillRGBA64(m image.RGBA64Image, y int, dst []byte) {
	b := m.Bounds()
	for x := range len(dst) / 3 {
		c := m.RGBA64At(b.Min.X+x, b.Min.Y+y) // premultiplied, 16 bits
		white := 0xffff - uint32(c.A)
		dst[3*x], dst[3*x+1], dst[3*x+2] = eighth(uint32(c.R)+white), eighth(uint32(c.G)+white), eighth(uint32(c.B)+white)
	}
}

// eighth makes 8 bits of 16.
func eighth(v uint32) byte { return byte((min(v, 0xffff)*255 + 0x7fff) / 0xffff) }

// paletteOnWhite has a colour for every index that a pixel may hold.
func paletteOnWhite(p color.Palette) (flat [256][3]byte) {
	for i, c := range p[:min(len(p), 256)] {
		n, _ := color.NRGBAModel.Convert(c).(color.NRGBA)
		flat[i] = [3]byte{n.R, n.G, n.B}
		onWhite(flat[i][:], uint32(n.A))
	}
	return flat
}
