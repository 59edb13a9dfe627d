package picture

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
)

const pngSignature = 8 // bytes

func (h *Header) readPNG(r *bufio.Reader) error {
	var b [pngSignature + 8 + 13]byte // up to the end of IHDR
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return err
	}
	if string(b[8:16]) != "\x00\x00\x00\x0dIHDR" {
		return unreadable("its header is missing")
	}
	width, height := binary.BigEndian.Uint32(b[16:]), binary.BigEndian.Uint32(b[20:])
	if width > 1<<31-1 || height > 1<<31-1 {
		return unreadable("its header names no size")
	}
	h.Width, h.Height = int(width), int(height)
	depth, colour, interlace := b[24], b[25], b[28]
	a := int64(4) // bytes a pixel of what image/png makes, when there is transparency
	switch {
	case depth == 16:
		a = 8
	case colour == 3: // a palette
		a = 1
	}
	if interlace != 0 { // the passes, beside the whole
		a *= 2
	}
	if pixels(h.Width, h.Height) <= MaxPixels {
		h.Memory = a*pixels(h.Width, h.Height) + 32*int64(h.Width)
	}
	return nil
}

func inspectPNG(r *bufio.Reader) (n notes, err error) {
	if _, err := r.Discard(pngSignature); err != nil {
		return n, err
	}
	for {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return n, err
		}
		length := int64(binary.BigEndian.Uint32(head[:]))
		kind := string(head[4:])
		var chunk []byte
		switch {
		case kind == "IEND":
			return n, nil
		case (kind == "iCCP" || kind == "eXIf") && length <= maxNote:
			chunk = make([]byte, length)
			if _, err := io.ReadFull(r, chunk); err != nil {
				return n, err
			}
			length = 0
		}
		switch kind {
		case "iCCP":
			n.profile = inflateProfile(chunk)
		case "eXIf":
			n.exif = chunk
		}
		if _, err := io.CopyN(io.Discard, r, length+4); err != nil { // and its checksum
			return n, err
		}
	}
}

// inflateProfile unpacks the body of an iCCP chunk: a name, a zero, the
// method, and the profile; nil if it cannot or is not below maxNote.
func inflateProfile(chunk []byte) []byte {
	_, packed, ok := bytes.Cut(chunk, []byte{0})
	if !ok || len(packed) < 1 || packed[0] != 0 {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(packed[1:]))
	if err != nil {
		return nil
	}
	profile := make([]byte, maxNote)
	n, err := io.ReadFull(z, profile)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return profile[:n]
}
