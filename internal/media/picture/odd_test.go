package picture_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"testing"
	"time"

	"lifecircle/internal/media/picture"
	"lifecircle/internal/problem"
)

// TestWhatIsTooLargeIsRefusedByItsHeader: nothing is decoded, which would take
// minutes for some of these.
func TestWhatIsTooLargeIsRefusedByItsHeader(t *testing.T) {
	small := asPNG(t, gradient(8, 8))
	screen := bytes.Clone(asGIF(t, &gif.GIF{Image: []*image.Paletted{image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.Black})}, Delay: []int{0}}))
	binary.LittleEndian.PutUint16(screen[6:], 65535)
	binary.LittleEndian.PutUint16(screen[8:], 65535)
	start := time.Now()
	for name, c := range map[string]struct {
		file []byte
		want problem.Code
	}{
		"20 MB":                  {append(bytes.Clone(small), make([]byte, picture.MaxBytes-len(small))...), ""},
		"20 MB and a byte":       {append(bytes.Clone(small), make([]byte, picture.MaxBytes-len(small)+1)...), problem.PhotoTooLarge},
		"40 MP and a row":        {rawPNG(8000, 5001, 8, 2, 0, 0), problem.PhotoTooManyPixels},
		"a long strip":           {rawPNG(picture.MaxSide+1, 1, 8, 2, 0, 0), problem.PhotoTooManyPixels},
		"4 billion a side":       {rawPNG(1<<31-1, 1<<31-1, 16, 6, 1, 0), problem.PhotoTooManyPixels},
		"beyond the standard":    {rawPNG(1<<31, 1, 8, 2, 0, 0), problem.PhotoUnreadable},
		"no pixels":              {rawPNG(0, 5, 8, 2, 0, 0), problem.PhotoUnreadable},
		"a JPEG of 65535 a side": {afterSOI([]byte{0xff, 0xd8, 0xff, 0xd9}, jpegFrame(0xc2, 65535, 65535, 0x11, 0x11, 0x11)), problem.PhotoTooManyPixels},
		"a GIF of 65535 a side":  {screen, problem.PhotoTooManyPixels},
		"a WebP of 16384 a side": {webpOf("VP8L", []byte{0x2f, 0xff, 0xff, 0xff, 0x0f}), problem.PhotoTooManyPixels},
		"a WebP canvas":          {webpOf("VP8X", []byte{0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "VP8L", []byte{0x2f, 0, 0, 0, 0}), problem.PhotoUnreadable},
	} {
		if _, err := make1(t, c.file); codeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

// webpOf is a WebP of chunks: their names and data in turn.
func webpOf(parts ...any) []byte {
	out := []byte("RIFF\x00\x00\x00\x00WEBP")
	for i := 0; i < len(parts); i += 2 {
		id, _ := parts[i].(string)
		data, _ := parts[i+1].([]byte)
		out = binary.LittleEndian.AppendUint32(append(out, id...), uint32(len(data)))
		out = append(append(out, data...), make([]byte, len(data)&1)...)
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// TestBombs: headers within the limits, and contents that are not what they say.
func TestBombs(t *testing.T) {
	canvas := []byte{0x02, 0, 0, 0, 7, 0, 0, 7, 0, 0} // animated, 8 x 8
	frame := func(x, w byte, rest ...byte) []byte {
		return append([]byte{x, 0, 0, 0, 0, 0, w, 0, 0, w, 0, 0, 0, 0, 0, 0}, rest...)
	}
	lying := append([]byte("VP8L\x06\x00\x00\x00"), 0x2f, 0xff, 0xff, 0xff, 0x0f, 0)
	inner := webpOf("ANMF", frame(0, 7, lying...))[12:]
	manyScans := flatJPEG(0xc2, 64, 64, 101, false, 96, 128, 128)
	for name, file := range map[string][]byte{
		"more pixels than the header has":        rawPNG(8, 8, 8, 6, 0, 50<<20),
		"fewer":                                  rawPNG(1000, 1000, 8, 6, 0, 1000),
		"an animation's frame beyond the canvas": webpOf("VP8X", canvas, "ANMF", frame(1, 7, webpOf("VP8L", tinyVP8L(8, 8))[12:]...)),
		"data larger than its frame":             webpOf("VP8X", canvas, "ANMF", frame(0, 7, webpOf("VP8L", tinyVP8L(4000, 3000))[12:]...)),
		"a frame in a frame":                     webpOf("VP8X", canvas, "ANMF", frame(0, 7, inner...)),
		"a chunk of 4 GB":                        append(webpOf("VP8X", canvas), "EXIF\xff\xff\xff\xffxx"...),
		"data larger than its canvas":            webpOf("VP8X", append([]byte{0}, canvas[1:]...), "VP8L", lying[8:]),
		"a hundred scans and one":                manyScans,
		"a PNG chunk of 4 GB":                    append(asPNG(t, gradient(8, 8))[:33], "\xff\xff\xff\xffeXIfMM\x00*"...),
		"a JPEG without pixels":                  {0xff, 0xd8, 0xff, 0xd9},
	} {
		if _, err := make1(t, file); codeOf(err) != problem.PhotoUnreadable {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := make1(t, flatJPEG(0xc2, 64, 64, 1, false, 96, 128, 128)); err != nil {
		t.Errorf("one scan: %v", err)
	}
}

// TestUnusualFormsAreRead, each as it should look.
func TestUnusualFormsAreRead(t *testing.T) {
	want := gradient(64, 48)
	palette := image.NewPaletted(want.Rect, nil)
	deep, grey := image.NewNRGBA64(want.Rect), image.NewGray(want.Rect)
	for i := range 256 {
		palette.Palette = append(palette.Palette, color.NRGBA{byte(i / 16 * 17), byte(i % 16 * 17), byte(255 - i/16*17), 255})
	}
	for y := range 48 {
		for x := range 64 {
			palette.Set(x, y, want.At(x, y))
			deep.Set(x, y, want.At(x, y))
			grey.Set(x, y, want.At(x, y))
		}
	}
	for name, c := range map[string]struct {
		file []byte
		want image.Image
		by   float64
	}{
		"PNG": {asPNG(t, want), want, 2}, "16 bits a channel": {asPNG(t, deep), want, 2}, "grey PNG": {asPNG(t, grey), grey, 1},
		"palette": {asPNG(t, palette), palette, 4}, "JPEG": {asJPEG(t, want), want, 3}, "grey JPEG": {asJPEG(t, grey), grey, 2},
		"GIF": {asGIF(t, &gif.GIF{Image: []*image.Paletted{palette}, Delay: []int{0}}), palette, 4},
	} {
		p, err := make1(t, c.file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := distance(t, saved(t, c.want), decoded(t, p.Renditions[0])); d > c.by || p.Width != 64 || p.Height != 48 {
			t.Errorf("%s differs by %.1f levels", name, d)
		}
	}
	// Progressive, the first coefficients alone: luma 96 without colour.
	if got := shown(t, flatJPEG(0xc2, 33, 17, 1, false, 96, 128, 128)); !near(got, color.NRGBA{96, 96, 96, 255}, 2) {
		t.Errorf("progressive shows %v", got)
	}
	// Interlaced, with all its passes: black.
	if got := shown(t, rawPNG(9, 9, 8, 0, 1, 9*9+19)); !near(got, color.NRGBA{0, 0, 0, 255}, 2) {
		t.Errorf("interlaced shows %v", got)
	}
}

// TestFramesLieWhereTheyBelong: a GIF's first frame may be a part of its screen.
func TestFramesLieWhereTheyBelong(t *testing.T) {
	red, blue := color.Palette{color.NRGBA{255, 0, 0, 255}}, color.Palette{color.NRGBA{0, 0, 255, 255}}
	file := asGIF(t, &gif.GIF{
		Image:  []*image.Paletted{image.NewPaletted(image.Rect(16, 16, 32, 32), red), image.NewPaletted(image.Rect(0, 0, 32, 32), blue)},
		Delay:  []int{1, 1},
		Config: image.Config{Width: 32, Height: 32, ColorModel: red},
	})
	p, err := make1(t, file)
	if err != nil {
		t.Fatal(err)
	}
	m := decoded(t, p.Renditions[0])
	for at, want := range map[image.Point]color.NRGBA{{4, 4}: {255, 255, 255, 255}, {28, 4}: {255, 255, 255, 255}, {28, 28}: {255, 0, 0, 255}} {
		if got, _ := color.NRGBAModel.Convert(m.At(at.X, at.Y)).(color.NRGBA); !near(got, want, 6) {
			t.Errorf("%v shows %v", at, got)
		}
	}
}

// TestOrientationOfEveryKind: a PNG, a WebP and a JPEG that say "to be turned
// right", and what says nonsense.
func TestOrientationOfEveryKind(t *testing.T) {
	lossless := webpOf("VP8X", []byte{8, 0, 0, 0, 0, 0, 0, 1, 0, 0}, "VP8L", tinyVP8L(1, 2), "EXIF", exifOf(6))
	for name, file := range map[string][]byte{
		"JPEG": afterSOI(asJPEG(t, gradient(32, 64)), segment(0xe1, append([]byte("Exif\x00\x00"), exifOf(6)...))),
		"PNG":  afterIHDR(asPNG(t, gradient(32, 64)), chunk("eXIf", exifOf(6))),
		"WebP": lossless,
	} {
		p, err := make1(t, file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if p.Width != 2*p.Height {
			t.Errorf("%s is %d x %d", name, p.Width, p.Height)
		}
	}
	for _, nonsense := range [][]byte{exifOf(0), exifOf(9), exifOf(6)[:12], nil, bytes.Repeat([]byte{0xff}, 200)} {
		p, err := make1(t, afterSOI(asJPEG(t, gradient(32, 64)), segment(0xe1, append([]byte("Exif\x00\x00"), nonsense...))))
		if err != nil || p.Width != 32 {
			t.Errorf("%d x %d, %v", p.Width, p.Height, err)
		}
	}
}

// tinyVP8L is a lossless picture of one colour: every tree has one symbol.
func tinyVP8L(w, h int) []byte {
	var bits uint64
	n := 0
	put := func(v uint64, count int) { bits |= v << n; n += count }
	put(uint64(w-1), 14)
	put(uint64(h-1), 14)
	put(0, 4) // no alpha, version 0
	put(0, 1) // no transform
	put(0, 1) // no colour cache
	put(0, 1) // one group of trees
	for range 5 {
		put(1, 1) // a simple tree
		put(0, 1) // of one symbol
		put(0, 1) // in one bit
		put(0, 1) // 0
	}
	return append([]byte{0x2f}, binary.LittleEndian.AppendUint64(nil, bits)...)
}

// TestCutOffAnywhere: every beginning of a file is a clear error, or the
// picture if only what is behind it was cut.
func TestCutOffAnywhere(t *testing.T) {
	files := map[string][]byte{
		"JPEG": asJPEG(t, gradient(40, 30)), "PNG": asPNG(t, gradient(40, 30)), "WebP": webpOf("VP8L", tinyVP8L(4, 4)),
		"GIF": asGIF(t, &gif.GIF{Image: []*image.Paletted{image.NewPaletted(image.Rect(0, 0, 9, 9), color.Palette{color.Black, color.White})}, Delay: []int{0}}),
	}
	for kind, file := range files {
		for n := range len(file) {
			_, err := make1(t, file[:n])
			if code := codeOf(err); err == nil && n < len(file)/2 || err != nil && code != problem.PhotoUnreadable && code != problem.PhotoKindUnsupported {
				t.Errorf("%s, %d of %d bytes: %v", kind, n, len(file), err)
			}
		}
	}
}

// TestSizes: never larger than it was, none twice, the rest in proportion.
func TestSizes(t *testing.T) {
	for _, c := range []struct {
		w, h int
		want string
	}{
		{1, 1, "full 1x1"},
		{640, 480, "full 640x480"},
		{641, 10, "full 641x10 phone 640x10"},
		{1280, 2, "full 1280x2 phone 640x1"},
		{1281, 200, "full 1281x200 screen 1280x200 phone 640x100"},
		{3000, 1, "full 2560x1 screen 1280x1 phone 640x1"},
		{120, 3000, "full 102x2560 screen 51x1280 phone 26x640"},
		{2561, 256, "full 2560x256 screen 1280x128 phone 640x64"},
	} {
		p, err := make1(t, asPNG(t, uniform(c.w, c.h, color.NRGBA{200, 100, 50, 255})))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, r := range p.Renditions {
			got += fmt.Sprintf(" %s %dx%d", r.Size, r.Width, r.Height)
			c, _ := color.NRGBAModel.Convert(decoded(t, r).At(r.Width/2, r.Height/2)).(color.NRGBA)
			if !near(c, color.NRGBA{200, 100, 50, 255}, 3) {
				t.Errorf("%s of one colour shows %v", r.Size, c)
			}
		}
		if got[1:] != c.want {
			t.Errorf("%d x %d: got%s, want %s", c.w, c.h, got, c.want)
		}
	}
}

// TestShrinkingAveragesAreas: a chequerboard becomes an even grey, at any ratio.
func TestShrinkingAveragesAreas(t *testing.T) {
	for _, side := range []int{2600, 3413, 5120} {
		m := image.NewGray(image.Rect(0, 0, side, 64))
		for i := range m.Pix {
			m.Pix[i] = byte(255 * ((i%side + i/side) & 1))
		}
		var out bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, m); err != nil {
			t.Fatal(err)
		}
		p, err := make1(t, out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		phone := decoded(t, p.Renditions[2])
		for x := range 640 {
			if y, _, _, _ := phone.At(x, phone.Bounds().Dy()/2).RGBA(); y>>8 < 122 || y>>8 > 133 {
				t.Fatalf("from %d: %d at %d", side, y>>8, x)
			}
		}
	}
}
