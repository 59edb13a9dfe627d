package picture_test

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"lifecircle/internal/media/picture"
	"lifecircle/internal/problem"
)

// photos returns the folder of real, odd and malicious files.
func photos(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("TESTDATA_DIR")
	if dir == "" {
		tb.Skip("TESTDATA_DIR is not set: no photos to read")
	}
	dir = filepath.Join(dir, "photos")
	if _, err := os.Stat(dir); err != nil {
		tb.Skipf("there are no photos: %v", err)
	}
	return dir
}

func read(tb testing.TB, path ...string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// The tests of this package are not parallel: make1 counts what is allocated.

// make1 makes a picture and holds it to everything that must be true of all:
// either a photo_ problem, or renditions that are plain JPEGs; and no more
// memory than the header promised.
func make1(tb testing.TB, data []byte) (picture.Picture, error) {
	tb.Helper()
	h, probeErr := picture.Probe(bytes.NewReader(data))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p, err := picture.Make(context.Background(), bytes.NewReader(data))
	runtime.ReadMemStats(&after)
	if took := int64(after.TotalAlloc - before.TotalAlloc); took > h.Memory && probeErr == nil {
		tb.Errorf("%s %d x %d took %d bytes, the header promised %d", h.Kind, h.Width, h.Height, took, h.Memory)
	}
	if probeErr != nil && (err == nil || problem.From(err).Code != problem.From(probeErr).Code) {
		tb.Errorf("the header was refused (%v), the picture: %v", probeErr, err)
	}
	if err != nil {
		if found := problem.From(err); found == nil || !strings.HasPrefix(string(found.Code), "photo_") || found.Detail == "" {
			tb.Errorf("not a problem with the photo: %v", err)
		}
		return p, err
	}
	check(tb, p)
	return p, nil
}

// check holds what must be true of every picture.
func check(tb testing.TB, p picture.Picture) {
	tb.Helper()
	if len(p.Renditions) == 0 || p.Renditions[0].Size != picture.Full {
		tb.Fatal("there is no full rendition")
	}
	if full := p.Renditions[0]; full.Width != p.Width || full.Height != p.Height || p.Width < 1 || p.Height < 1 || max(p.Width, p.Height) > 2560 {
		tb.Errorf("%d x %d, full %d x %d", p.Width, p.Height, full.Width, full.Height)
	}
	if len(p.Blurhash) != 28 {
		tb.Errorf("blurhash %q", p.Blurhash)
	}
	last := max(p.Width, p.Height) + 1
	for _, r := range p.Renditions {
		m := decoded(tb, r)
		if r.Type != "image/jpeg" || m.Bounds().Dx() != r.Width || m.Bounds().Dy() != r.Height || max(r.Width, r.Height) >= last {
			tb.Errorf("%s is %d x %d, its file %v", r.Size, r.Width, r.Height, m.Bounds())
		}
		last = max(r.Width, r.Height)
		onlyPixels(tb, r.Data)
	}
}

func decoded(tb testing.TB, r picture.Rendition) image.Image {
	tb.Helper()
	m, err := jpeg.Decode(bytes.NewReader(r.Data))
	if err != nil {
		tb.Fatalf("%s: %v", r.Size, err)
	}
	return m
}

// saved is m as a full rendition would have it.
func saved(tb testing.TB, m image.Image) image.Image {
	tb.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 85}); err != nil {
		tb.Fatal(err)
	}
	return decoded(tb, picture.Rendition{Data: out.Bytes()})
}

// onlyPixels allows the segments that a picture needs, and nothing behind them.
func onlyPixels(tb testing.TB, file []byte) {
	tb.Helper()
	for i := 2; ; {
		if file[i] != 0xff {
			tb.Fatalf("no marker at %d", i)
		}
		marker := file[i+1]
		switch marker {
		case 0xc0, 0xc4, 0xda, 0xdb: // frame, tables, scan
		default:
			tb.Errorf("a segment %#x is in what we keep", marker)
		}
		if marker == 0xda {
			if end := bytes.Index(file[i:], []byte{0xff, 0xd9}); i+end+2 != len(file) {
				tb.Error("there is something behind the picture")
			}
			return
		}
		i += 2 + (int(file[i+2])<<8 | int(file[i+3]))
	}
}

func codeOf(err error) problem.Code {
	if p := problem.From(err); p != nil {
		return p.Code
	}
	return ""
}

// distance is the mean difference of two pictures' channels, in levels.
func distance(tb testing.TB, a, b image.Image) float64 {
	tb.Helper()
	if a.Bounds() != b.Bounds() {
		tb.Fatalf("%v and %v", a.Bounds(), b.Bounds())
	}
	sum, n := 0.0, 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			r, g, bl, _ := a.At(x, y).RGBA()
			r2, g2, b2, _ := b.At(x, y).RGBA()
			for _, d := range []int{int(r) - int(r2), int(g) - int(g2), int(bl) - int(b2)} {
				sum += max(float64(d), float64(-d)) / 257
				n++
			}
		}
	}
	return sum / float64(n)
}
