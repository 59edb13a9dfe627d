package picture_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"testing"
)

// shown is the colour in the middle of the full rendition.
func shown(t *testing.T, file []byte) color.NRGBA {
	t.Helper()
	p, err := make1(t, file)
	if err != nil {
		t.Fatal(err)
	}
	m := decoded(t, p.Renditions[0])
	c, _ := color.NRGBAModel.Convert(m.At(p.Width/2, p.Height/2)).(color.NRGBA)
	return c
}

func near(a, b color.NRGBA, by int) bool {
	for _, d := range []int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B)} {
		if d < -by || d > by {
			return false
		}
	}
	return true
}

// TestProfilesAreRespected compares with what colour management gives, relative
// colorimetric and clipped: computed from the primaries that the standards of
// the spaces name, and the same from their vendors' profiles.
func TestProfilesAreRespected(t *testing.T) {
	grey := profileOf("GRAY", gamma("kTRC", 1))
	linear := profileOf("RGB ", append(standard[:3:3], tag{"rTRC", []byte("curv\x00\x00\x00\x00\x00\x00\x00\x00")},
		tag{"gTRC", []byte("curv\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\xff\xff")}, para("bTRC", 0, 1))...)
	for name, c := range map[string]struct {
		profile []byte
		in, out color.NRGBA
	}{
		"P3 red is redder than ours":      {displayP3(), color.NRGBA{255, 0, 0, 255}, color.NRGBA{255, 0, 0, 255}},
		"P3 orange":                       {displayP3(), color.NRGBA{200, 100, 50, 255}, color.NRGBA{215, 93, 31, 255}},
		"P3 green":                        {displayP3(), color.NRGBA{100, 200, 100, 255}, color.NRGBA{45, 203, 86, 255}},
		"P3 white":                        {displayP3(), color.NRGBA{255, 255, 255, 255}, color.NRGBA{255, 255, 255, 255}},
		"Adobe RGB, muted":                {adobeRGB(), color.NRGBA{120, 100, 80, 255}, color.NRGBA{128, 100, 78, 255}},
		"Adobe RGB, neutral":              {adobeRGB(), color.NRGBA{128, 128, 128, 255}, color.NRGBA{129, 129, 129, 255}},
		"Adobe RGB, too green for sRGB":   {adobeRGB(), color.NRGBA{60, 180, 90, 255}, color.NRGBA{0, 181, 83, 255}},
		"sRGB stays":                      {plainSRGB(), color.NRGBA{10, 120, 230, 255}, color.NRGBA{10, 120, 230, 255}},
		"linear light, in three ways":     {linear, color.NRGBA{55, 55, 55, 255}, color.NRGBA{128, 128, 128, 255}},
		"linear grey":                     {grey, color.NRGBA{55, 55, 55, 255}, color.NRGBA{128, 128, 128, 255}},
		"no profile":                      {nil, color.NRGBA{10, 120, 230, 255}, color.NRGBA{10, 120, 230, 255}},
		"a profile of inks is left alone": {profileOf("CMYK", tag{"A2B0", []byte("mft2")}), color.NRGBA{10, 120, 230, 255}, color.NRGBA{10, 120, 230, 255}},
		"rubbish is left alone":           {bytes.Repeat([]byte("rubbish "), 40), color.NRGBA{10, 120, 230, 255}, color.NRGBA{10, 120, 230, 255}},
	} {
		t.Run(name, func(t *testing.T) {
			file := uniform(16, 16, c.in)
			inPNG, inJPEG := asPNG(t, file), asJPEG(t, file)
			if c.profile != nil {
				inPNG = afterIHDR(inPNG, iccp(c.profile))
				half := len(c.profile) / 2
				inJPEG = afterSOI(inJPEG, segment(0xe2, append([]byte("ICC_PROFILE\x00\x02\x02"), c.profile[half:]...)),
					segment(0xe2, append([]byte("ICC_PROFILE\x00\x01\x02"), c.profile[:half]...)))
			}
			if got := shown(t, inPNG); !near(got, c.out, 3) {
				t.Errorf("PNG: %v became %v, want %v", c.in, got, c.out)
			}
			if got := shown(t, inJPEG); !near(got, c.out, 5) {
				t.Errorf("JPEG: %v became %v, want %v", c.in, got, c.out)
			}
		})
	}
}

// TestProfilesThatLie: places and counts beyond the data, numbers that lead
// nowhere. The picture comes out as if there were none.
func TestProfilesThatLie(t *testing.T) {
	in := color.NRGBA{10, 120, 230, 255}
	file := asPNG(t, uniform(16, 16, in))
	huge := func(at int, v uint32) []byte {
		p := bytes.Clone(displayP3())
		binary.BigEndian.PutUint32(p[at:], v)
		return p
	}
	lying := []byte("curv\x00\x00\x00\x00\xff\xff\xff\xff\x00\x00")
	many := profileOf("RGB ", append(p3[:3:3], tag{"rTRC", lying}, tag{"gTRC", lying}, tag{"bTRC", lying})...)
	endless := profileOf("RGB ", append(p3[:3:3], para("rTRC", 0, -3000), para("gTRC", 4, 0.5, -1, -1, 0, 0, 0, 0), para("bTRC", 1, 2, 0, 0))...)
	for name, profile := range map[string][]byte{
		"tags": huge(128, 1<<32-1), "a place": huge(132+4, 1<<32-4), "a length": huge(132+8, 1<<32-4), "samples": many,
		"powers": endless, "an unknown form": profileOf("RGB ", append(p3[:3:3], para("rTRC", 9, 1))...),
		"half of it": displayP3()[:300], "not even a header": displayP3()[:100],
	} {
		if got := shown(t, afterIHDR(file, iccp(profile))); !near(got, in, 3) {
			t.Errorf("%s: %v became %v", name, in, got)
		}
	}
}

// TestInksAreNotInverted: Adobe's files say 255 for no ink.
func TestInksAreNotInverted(t *testing.T) {
	for name, c := range map[string]struct {
		values []byte
		want   color.NRGBA
	}{
		"no ink":    {[]byte{248, 248, 248, 248}, color.NRGBA{241, 241, 241, 255}},
		"cyan":      {[]byte{0, 248, 248, 248}, color.NRGBA{0, 241, 241, 255}},
		"all black": {[]byte{248, 248, 248, 0}, color.NRGBA{0, 0, 0, 255}},
	} {
		if got := shown(t, flatJPEG(0xc0, 16, 16, 1, true, c.values...)); !near(got, c.want, 4) {
			t.Errorf("%s is %v, want %v", name, got, c.want)
		}
	}
}

func TestTransparencyLiesOnWhite(t *testing.T) {
	half := image.NewNRGBA(image.Rect(0, 0, 8, 8))
	palette := image.NewPaletted(half.Rect, color.Palette{color.NRGBA{255, 0, 0, 0}, color.NRGBA{0, 0, 255, 128}})
	deep := image.NewNRGBA64(half.Rect)
	for y := range 8 {
		for x := range 8 {
			half.SetNRGBA(x, y, color.NRGBA{255, 0, 0, 128})
			palette.SetColorIndex(x, y, byte(x/4))
			deep.SetNRGBA64(x, y, color.NRGBA64{0, 0xffff, 0, 0x8000})
		}
	}
	for _, c := range []struct {
		m    image.Image
		want color.NRGBA
	}{
		{half, color.NRGBA{255, 127, 127, 255}},
		{deep, color.NRGBA{127, 255, 127, 255}},
		{image.NewNRGBA(half.Rect), color.NRGBA{255, 255, 255, 255}},
		{palette, color.NRGBA{127, 127, 255, 255}},
	} {
		p, err := make1(t, asPNG(t, c.m))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := color.NRGBAModel.Convert(decoded(t, p.Renditions[0]).At(6, 4)).(color.NRGBA)
		if !near(got, c.want, 12) {
			t.Errorf("%T shows %v, want %v", c.m, got, c.want)
		}
	}
}
