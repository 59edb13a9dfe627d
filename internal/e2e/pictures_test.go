package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// whereItWas stands in files of photos where cameras and programs write such things.
const whereItWas = "31.2304 N 121.4737 E, the window on the left"

// threePhotos are files as people have them: a JPEG that a camera held upright
// says lies on its side, with the place where it was taken; a PNG; a WebP that
// the browser of p makes.
func (p *page) threePhotos() (paths []string) {
	p.b.t.Helper()
	dir := p.b.t.TempDir()
	for name, file := range map[string][]byte{
		"1.jpg":  cameraJPEG(p.b.t, 640, 400),
		"2.png":  describedPNG(p.b.t, 500, 500),
		"3.webp": p.webp(),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, file, 0o600); err != nil {
			p.b.t.Fatal(err)
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

// drawn is a picture of two colours, the left half and the right one.
func drawn(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{40, 110, 90, 255}
			if x > w/2 {
				c = color.RGBA{200, 80, 60, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func cameraJPEG(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, drawn(w, h), nil); err != nil {
		t.Fatal(err)
	}
	exif := append([]byte("Exif\x00\x00"), cameraTIFF()...)
	head := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(exif)+2))...) //nolint:gosec // short
	return slices.Concat(head, exif, b.Bytes()[2:])
}

// cameraTIFF is what a camera writes: a description, that the picture is to be
// turned by a quarter, and the place.
func cameraTIFF() []byte {
	const (
		ascii, short, long, rational = 2, 3, 4, 5
		described                    = 8 + 2 + 3*12 + 4 // where the description is
	)
	text := append([]byte(whereItWas), 0, 0)
	text = text[:len(text)&^1] // what follows begins at an even place
	gps := uint32(described + len(text))
	var b []byte
	entry := func(tag, kind uint16, count int, value uint32) {
		b = binary.BigEndian.AppendUint16(b, tag)
		b = binary.BigEndian.AppendUint16(b, kind)
		b = binary.BigEndian.AppendUint32(b, uint32(count)) //nolint:gosec // few
		b = binary.BigEndian.AppendUint32(b, value)
	}
	b = append(b, "MM\x00*\x00\x00\x00\x08\x00\x03"...)
	entry(0x010e, ascii, len(text), described)
	entry(0x0112, short, 1, 6<<16) // a short stands on the left
	entry(0x8825, long, 1, gps)
	b = append(append(b, 0, 0, 0, 0), text...)
	b = append(b, 0, 2)
	entry(1, ascii, 2, 'N'<<24)
	entry(2, rational, 3, gps+2+2*12+4)
	b = append(b, 0, 0, 0, 0)
	for _, n := range []uint32{31, 1, 13, 1, 49, 1} { // degrees, minutes, seconds
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

// describedPNG has whereItWas behind its first chunk.
func describedPNG(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, drawn(w, h)); err != nil {
		t.Fatal(err)
	}
	const head = 8 + 25 // signature and IHDR
	said := []byte("tEXtComment\x00" + whereItWas)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(said)-4)) //nolint:gosec // short
	chunk = binary.BigEndian.AppendUint32(append(chunk, said...), crc32.ChecksumIEEE(said))
	return slices.Concat(b.Bytes()[:head], chunk, b.Bytes()[head:])
}

// webp is a file that the browser draws: Go writes none.
func (p *page) webp() []byte {
	p.b.t.Helper()
	const draw = `(() => {
		const canvas = Object.assign(document.createElement('canvas'), { width: 600, height: 300 })
		const context = canvas.getContext('2d')
		context.fillStyle = '#2a6f5a'
		context.fillRect(0, 0, 600, 300)
		context.fillStyle = '#d8b25c'
		context.fillRect(60, 60, 200, 120)
		return canvas.toDataURL('image/webp', 0.8).split('base64,')[1]
	})()`
	var encoded string
	if err := json.Unmarshal([]byte(p.evaluate(draw)), &encoded); err != nil {
		p.b.t.Fatal(err)
	}
	file, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !bytes.Contains(file[:16], []byte("WEBP")) {
		p.b.t.Fatalf("the browser made %q, %v", file[:16], err)
	}
	return file
}
