package picture_test

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"os"
	"path/filepath"
	"testing"

	"lifecircle/internal/media/picture"
	"lifecircle/internal/problem"
)

// FuzzMake holds every file to what make1 says; pictures that would take long
// are only probed.
func FuzzMake(f *testing.F) {
	small := gradient(9, 5)
	f.Add(afterSOI(asJPEG(f, small), segment(0xe1, append([]byte("Exif\x00\x00"), exifOf(6)...)), segment(0xe2, append([]byte("ICC_PROFILE\x00\x01\x01"), displayP3()...))))
	f.Add(flatJPEG(0xc2, 9, 9, 2, false, 96, 128, 128))
	f.Add(flatJPEG(0xc0, 9, 9, 1, true, 8, 16, 24, 32))
	f.Add(afterIHDR(asPNG(f, small), iccp(adobeRGB()), chunk("eXIf", exifOf(8))))
	f.Add(rawPNG(9, 9, 16, 6, 1, 9*9*8+19))
	f.Add(asGIF(f, &gif.GIF{Image: []*image.Paletted{image.NewPaletted(image.Rect(1, 1, 4, 4), color.Palette{color.Black, color.Transparent})}, Delay: []int{0}}))
	f.Add(webpOf("VP8X", []byte{8, 0, 0, 0, 3, 0, 0, 3, 0, 0}, "VP8L", tinyVP8L(4, 4), "EXIF", exifOf(3)))
	f.Add(webpOf("VP8X", []byte{2, 0, 0, 0, 7, 0, 0, 7, 0, 0}, "ANMF", append([]byte{1, 0, 0, 1, 0, 0, 3, 0, 0, 3, 0, 0, 0, 0, 0, 0}, webpOf("VP8L", tinyVP8L(4, 4))[12:]...)))
	for _, file := range corpus() {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		h, err := picture.Probe(bytes.NewReader(file))
		if err == nil && h.Width*h.Height > 1<<20 {
			return
		}
		if err != nil && problem.From(err) == nil {
			t.Fatalf("not a problem: %v", err)
		}
		_, _ = make1(t, file)
	})
}

// corpus returns the small ones of the real, odd and malicious files, if they
// are there.
func corpus() (files [][]byte) {
	const small = 8 << 10 // bytes
	dir := os.Getenv("TESTDATA_DIR")
	if dir == "" {
		return nil
	}
	_ = filepath.WalkDir(filepath.Join(dir, "photos"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) == ".txt" {
			return err
		}
		data, err := os.ReadFile(path)
		if len(data) <= small {
			files = append(files, data)
		}
		return err
	})
	return files
}
