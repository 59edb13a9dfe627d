package picture_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"
)

// gradient is a picture in which every channel and every place differs.
func gradient(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{byte(255 * x / w), byte(255 * y / h), byte(255 - 255*x/w), 255})
		}
	}
	return m
}

func uniform(w, h int, c color.Color) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, c)
		}
	}
	return m
}

func asJPEG(tb testing.TB, m image.Image) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 95}); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func asPNG(tb testing.TB, m image.Image) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func asGIF(tb testing.TB, g *gif.GIF) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := gif.EncodeAll(&out, g); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// chunk is one of a PNG.
func chunk(kind string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	out = append(append(out, kind...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// afterIHDR puts chunks behind the header of a PNG.
func afterIHDR(file []byte, chunks ...[]byte) []byte {
	const end = 8 + 25
	return append(append(bytes.Clone(file[:end]), bytes.Join(chunks, nil)...), file[end:]...)
}

func iccp(profile []byte) []byte {
	var packed bytes.Buffer
	packed.WriteString("a name\x00\x00")
	z := zlib.NewWriter(&packed)
	_, _ = z.Write(profile)
	_ = z.Close()
	return chunk("iCCP", packed.Bytes())
}

// rawPNG is a PNG with a header of its own and pixels of zeros.
func rawPNG(w, h uint32, depth, colour, interlace byte, pixels int) []byte {
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	header = append(header, depth, colour, 0, 0, interlace)
	var packed bytes.Buffer
	z, _ := zlib.NewWriterLevel(&packed, zlib.BestSpeed)
	for zeros := make([]byte, 1<<16); pixels > 0; pixels -= len(zeros) {
		_, _ = z.Write(zeros[:min(pixels, len(zeros))])
	}
	_ = z.Close()
	return bytes.Join([][]byte{[]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", header), chunk("IDAT", packed.Bytes()), chunk("IEND", nil)}, nil)
}

// segment is one of a JPEG; afterSOI puts some at its front.
func segment(marker byte, data []byte) []byte {
	return append([]byte{0xff, marker, byte((len(data) + 2) >> 8), byte(len(data) + 2)}, data...)
}

func afterSOI(file []byte, segments ...[]byte) []byte {
	return append(append(bytes.Clone(file[:2]), bytes.Join(segments, nil)...), file[2:]...)
}

// exifOf is a TIFF that says nothing but how the picture has to be turned.
func exifOf(orientation byte) []byte {
	return []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(orientation) + "\x00\x00\x00\x00\x00\x00")
}

// jpegFrame is a SOF segment: sampling holds the factors of each component.
func jpegFrame(marker byte, w, h int, sampling ...byte) []byte {
	body := []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), byte(len(sampling))}
	for i, s := range sampling {
		body = append(body, byte(i+1), s, 0)
	}
	return segment(marker, body)
}

// flatJPEG is a JPEG of one colour, in as many components as values are given,
// every value a multiple of 8 apart from 128, with any frame and number of
// scans: all that encoders of Go do not write.
func flatJPEG(marker byte, w, h, scans int, adobe bool, values ...byte) []byte {
	quantization := bytes.Repeat([]byte{1}, 65)
	quantization[0] = 0
	// One code of one bit for each of sixteen categories would not fit: five bits for all.
	dc := append([]byte{0x00, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	ac := append([]byte{0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0) // the end of a block, in one bit
	out := []byte{0xff, 0xd8}
	if adobe {
		out = append(out, segment(0xee, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00"))...)
	}
	out = append(out, segment(0xdb, quantization)...)
	out = append(out, segment(0xc4, dc)...)
	out = append(out, segment(0xc4, ac)...)
	out = append(out, jpegFrame(marker, w, h, bytes.Repeat([]byte{0x11}, len(values))...)...)
	blocks := ((w + 7) / 8) * ((h + 7) / 8)
	for range scans {
		head := []byte{byte(len(values))}
		for i := range values {
			head = append(head, byte(i+1), 0)
		}
		last := byte(63)
		if marker == 0xc2 {
			last = 0 // progressive: the first coefficients alone
		}
		out = append(out, segment(0xda, append(head, 0, last, 0))...)
		out = append(out, flatScan(blocks, marker != 0xc2, values)...)
	}
	return append(out, 0xff, 0xd9)
}

// flatScan encodes each component's value in its first block, and no change
// in the others.
func flatScan(blocks int, withAC bool, values []byte) []byte {
	var bits bitWriter
	for i := range blocks {
		for _, v := range values {
			diff := 0
			if i == 0 {
				diff = (int(v) - 128) * 8
			}
			size := 0
			for n := max(diff, -diff); n > 0; n >>= 1 {
				size++
			}
			bits.write(uint32(size), 5)
			if diff < 0 {
				diff += 1<<size - 1
			}
			bits.write(uint32(diff), size)
			if withAC {
				bits.write(0, 1)
			}
		}
	}
	return bits.flush()
}

// bitWriter writes entropy-coded data.
type bitWriter struct {
	out  []byte
	held uint32
	n    int
}

func (b *bitWriter) write(v uint32, n int) {
	for i := n - 1; i >= 0; i-- {
		b.held = b.held<<1 | v>>i&1
		if b.n++; b.n == 8 {
			b.out = append(b.out, byte(b.held))
			if byte(b.held) == 0xff {
				b.out = append(b.out, 0)
			}
			b.held, b.n = 0, 0
		}
	}
}

func (b *bitWriter) flush() []byte {
	for b.n != 0 {
		b.write(1, 1)
	}
	return b.out
}

// tag is one of a profile.
type tag struct {
	name string
	data []byte
}

func profileOf(space string, tags ...tag) []byte {
	out := make([]byte, 128)
	copy(out[16:], space)
	copy(out[20:], "XYZ ")
	copy(out[36:], "acsp")
	out = binary.BigEndian.AppendUint32(out, uint32(len(tags)))
	at := len(out) + 12*len(tags)
	for _, t := range tags {
		out = append(out, t.name...)
		out = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(out, uint32(at)), uint32(len(t.data)))
		at += len(t.data)
	}
	for _, t := range tags {
		out = append(out, t.data...)
	}
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	return out
}

func xyz(name string, x, y, z float64) tag {
	data := append([]byte("XYZ \x00\x00\x00\x00"), s15(x)...)
	return tag{name, append(append(data, s15(y)...), s15(z)...)}
}

func s15(v float64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(int32(v*65536))) }

func para(name string, form uint16, parameters ...float64) tag {
	data := append([]byte("para\x00\x00\x00\x00"), byte(form>>8), byte(form), 0, 0)
	for _, p := range parameters {
		data = append(data, s15(p)...)
	}
	return tag{name, data}
}

func gamma(name string, g float64) tag {
	return tag{name, binary.BigEndian.AppendUint16([]byte("curv\x00\x00\x00\x00\x00\x00\x00\x01"), uint16(g*256))}
}

var (
	// The primaries of Display P3, Adobe RGB (1998) and sRGB as their profiles
	// have them, adapted to D50, and the curve of sRGB.
	p3        = primaries(0.51512, 0.24120, -0.00105, 0.29198, 0.69225, 0.04189, 0.15710, 0.06657, 0.78407)
	adobe     = primaries(0.60974, 0.31111, 0.01947, 0.20528, 0.62567, 0.06087, 0.14919, 0.06322, 0.74457)
	standard  = primaries(0.43607, 0.22249, 0.01392, 0.38515, 0.71687, 0.09708, 0.14307, 0.06061, 0.71410)
	srgbCurve = []float64{2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045}
)

func primaries(v ...float64) []tag {
	return []tag{xyz("rXYZ", v[0], v[1], v[2]), xyz("gXYZ", v[3], v[4], v[5]), xyz("bXYZ", v[6], v[7], v[8])}
}

func displayP3() []byte {
	return profileOf("RGB ", append(p3[:3:3], para("rTRC", 3, srgbCurve...), para("gTRC", 3, srgbCurve...), para("bTRC", 3, srgbCurve...))...)
}

func adobeRGB() []byte {
	return profileOf("RGB ", append(adobe[:3:3], gamma("rTRC", 2.19921875), gamma("gTRC", 2.19921875), gamma("bTRC", 2.19921875))...)
}

func plainSRGB() []byte {
	return profileOf("RGB ", append(standard[:3:3], para("rTRC", 3, srgbCurve...), para("gTRC", 3, srgbCurve...), para("bTRC", 3, srgbCurve...))...)
}
