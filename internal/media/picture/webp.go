package picture

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"io"
)

// webpFrame is where the first picture of a WebP is.
type webpFrame struct {
	canvas   image.Point     // size of the whole
	at       image.Rectangle // of the frame within it
	lossless bool
	alpha    bool
	animated bool
	body     int64 // bytes of the frame's data
}

// walkWebP reads chunks up to the first picture. If keep is not nil it is given
// the chunks of an animation's first frame; only then its data is read.
func walkWebP(r *bufio.Reader, keep *bytes.Buffer) (f webpFrame, err error) {
	if _, err := r.Discard(12); err != nil { // RIFF, length, WEBP
		return f, err
	}
	for {
		id, size, err := chunkHead(r)
		if err != nil {
			return f, err
		}
		switch id {
		case "VP8X":
			var b [10]byte
			if size != 10 {
				return f, unreadable("its header contradicts itself")
			}
			if _, err := io.ReadFull(r, b[:]); err != nil {
				return f, err
			}
			f.canvas = image.Pt(1+int(uint24(b[4:])), 1+int(uint24(b[7:])))
			continue
		case "ALPH":
			f.alpha = true
		case "VP8 ", "VP8L":
			return f, f.readStill(r, id, size)
		case "ANMF":
			return f, f.readAnimated(r, size, keep)
		}
		if _, err := io.CopyN(io.Discard, r, size+size&1); err != nil {
			return f, cutOff(err)
		}
	}
}

// inspectWebP looks at all chunks: EXIF stands behind the pixels. Whether the
// file ends well is for the decoder to say.
func inspectWebP(r *bufio.Reader) (n notes, err error) {
	if _, err := r.Discard(12); err != nil {
		return n, err
	}
	for {
		id, size, err := chunkHead(r)
		if err != nil {
			return n, nil //nolint:nilerr // the end
		}
		if (id == "ICCP" || id == "EXIF") && size <= maxNote {
			chunk := make([]byte, size)
			if _, err := io.ReadFull(r, chunk); err != nil {
				return n, nil //nolint:nilerr // the end
			}
			if id == "ICCP" {
				n.profile = chunk
			} else {
				n.exif = bytes.TrimPrefix(chunk, []byte(exifPrefix))
			}
			if _, err := r.Discard(int(size & 1)); err != nil {
				return n, nil //nolint:nilerr // the end
			}
			continue
		}
		if _, err := io.CopyN(io.Discard, r, size+size&1); err != nil {
			return n, nil //nolint:nilerr // the end
		}
	}
}

func chunkHead(r io.Reader) (id string, size int64, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return "", 0, err
	}
	return string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:])), nil
}

func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func uint24(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }

// readStill reads the size in the data of a picture, which must be that of the
// canvas, if there was one.
func (f *webpFrame) readStill(r *bufio.Reader, id string, size int64) error {
	pt, err := webpSize(r, id)
	if err != nil {
		return err
	}
	if f.canvas == (image.Point{}) {
		f.canvas = pt
	}
	if pt != f.canvas {
		return unreadable("its parts contradict each other")
	}
	f.at = image.Rectangle{Max: pt}
	f.lossless, f.body = id == "VP8L", f.body+size
	return nil
}

// webpSize peeks at the data of a VP8 (RFC 6386, 9.1) or VP8L chunk.
func webpSize(r *bufio.Reader, id string) (image.Point, error) {
	if id == "VP8L" {
		b, err := r.Peek(5)
		if err != nil {
			return image.Point{}, cutOff(err)
		}
		v := binary.LittleEndian.Uint32(b[1:])
		return image.Pt(1+int(v&0x3fff), 1+int(v>>14&0x3fff)), nil
	}
	b, err := r.Peek(10)
	if err != nil {
		return image.Point{}, cutOff(err)
	}
	if b[0]&1 != 0 || string(b[3:6]) != "\x9d\x01\x2a" {
		return image.Point{}, unreadable("it does not begin with a whole frame")
	}
	return image.Pt(int(binary.LittleEndian.Uint16(b[6:])&0x3fff), int(binary.LittleEndian.Uint16(b[8:])&0x3fff)), nil
}

// readAnimated reads the head of the first frame and the sizes in it.
func (f *webpFrame) readAnimated(r *bufio.Reader, size int64, keep *bytes.Buffer) error {
	var b [16]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return cutOff(err)
	}
	f.animated, f.alpha = true, false
	corner := image.Pt(2*int(uint24(b[0:])), 2*int(uint24(b[3:])))
	pt := image.Pt(1+int(uint24(b[6:])), 1+int(uint24(b[9:])))
	f.at = image.Rectangle{Min: corner, Max: corner.Add(pt)}
	if !f.at.In(image.Rectangle{Max: f.canvas}) {
		return unreadable("its first frame reaches beyond the picture")
	}
	if keep == nil {
		// Which data there is comes later: count on the greediest.
		f.alpha, f.lossless, f.body = true, true, size
		return nil
	}
	if size < 16 || size > MaxBytes {
		return io.ErrUnexpectedEOF
	}
	if _, err := io.CopyN(keep, r, size-16); err != nil {
		return cutOff(err)
	}
	return nil
}

func (h *Header) readWebP(r *bufio.Reader) error {
	f, err := walkWebP(r, nil)
	if err != nil {
		return err
	}
	h.Width, h.Height = f.canvas.X, f.canvas.Y
	if pixels(h.Width, h.Height) > MaxPixels {
		return nil // judge says so
	}
	// What golang.org/x/image/webp takes: lossless pictures and planes of alpha
	// are 4 bytes a pixel, twice with a palette, and up to 2,600 groups of trees
	// of 56 KiB, one for 16 pixels at most; lossy ones 1.5 and more in blocks of
	// 16 x 16; the data is copied once, that of an animation twice more.
	w, ht := f.at.Dx(), f.at.Dy()
	blocks := pixels((w+15)/16, (ht+15)/16)
	if f.lossless || f.alpha {
		groups := min(2600, pixels((w+3)/4, (ht+3)/4))
		h.Memory += 10*pixels(w, ht) + groups*56<<10 + 1<<20
	}
	if !f.lossless || f.alpha {
		h.Memory += 400 * blocks
	}
	h.Memory += 4 * min(f.body, MaxBytes)
	return nil
}

// stillOf writes the first frame of an animation, whose chunks are given, as a
// WebP of its own.
func stillOf(f webpFrame, chunks []byte) []byte {
	var out bytes.Buffer
	out.WriteString("RIFF\x00\x00\x00\x00WEBP")
	if bytes.HasPrefix(chunks, []byte("ALPH")) {
		w, h := uint32(f.at.Dx()-1), uint32(f.at.Dy()-1)
		out.WriteString("VP8X\x0a\x00\x00\x00\x10\x00\x00\x00")
		out.Write([]byte{byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)})
	}
	out.Write(chunks)
	b := out.Bytes()
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}
