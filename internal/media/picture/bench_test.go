package picture_test

import (
	"bytes"
	"context"
	"image"
	"math/rand/v2"
	"testing"

	"lifecircle/internal/media/picture"
)

// scene has what photos have: areas, edges and noise.
func scene(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	random := rand.New(rand.NewPCG(1, 2))
	for y := range h {
		for x := range w {
			p := m.Pix[y*m.Stride+4*x:][:4]
			noise := byte(random.UintN(16))
			p[0], p[1], p[2], p[3] = byte(200*x/w)+noise, byte(200*y/h)+noise, byte((x/97^y/89)&63*3)+noise, 255
		}
	}
	return m
}

// BenchmarkMake turns a photo of a phone, and the largest that is accepted,
// into their three sizes.
func BenchmarkMake(b *testing.B) {
	for _, c := range []struct {
		name string
		w, h int
	}{{"12MP", 4000, 3000}, {"40MP", 8000, 5000}} {
		m := scene(c.w, c.h)
		plain := asJPEG(b, m)
		for _, file := range []struct {
			name string
			data []byte
		}{
			{"JPEG", plain},
			{"JPEG, turned, P3", afterSOI(plain, segment(0xe1, append([]byte("Exif\x00\x00"), exifOf(6)...)),
				segment(0xe2, append([]byte("ICC_PROFILE\x00\x01\x01"), displayP3()...)))},
		} {
			b.Run(c.name+"/"+file.name, func(b *testing.B) {
				b.SetBytes(int64(c.w * c.h)) // pixels a second, as bytes
				b.ReportAllocs()
				for b.Loop() {
					if _, err := picture.Make(context.Background(), bytes.NewReader(file.data)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
