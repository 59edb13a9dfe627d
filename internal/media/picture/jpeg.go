package picture

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
)

// The markers of a JPEG (ITU-T T.81, table B.1) that we look at.
const (
	markSOF0 = 0xc0 // baseline; SOF1 extended
	markSOF2 = 0xc2 // progressive
	markDHT  = 0xc4
	markJPG  = 0xc8
	markDAC  = 0xcc
	markRST0 = 0xd0
	markSOI  = 0xd8
	markEOI  = 0xd9
	markSOS  = 0xda
	markAPP0 = 0xe0
	markAPP1 = 0xe1
	markAPP2 = 0xe2
)

var errStop = errors.New("seen enough")

// walkJPEG calls visit for each segment with its body, until visit returns
// errStop, the picture ends or the file does. Entropy-coded data is passed over.
func walkJPEG(r *bufio.Reader, visit func(marker byte, size int, body io.Reader) error) error {
	for {
		marker, err := nextMarker(r)
		if err != nil {
			return err
		}
		switch {
		case marker == markEOI:
			return nil
		case markRST0 <= marker && marker <= markSOI: // no body
			continue
		}
		var length [2]byte
		if _, err := io.ReadFull(r, length[:]); err != nil {
			return err
		}
		size := (int(length[0])<<8 | int(length[1])) - 2
		if size < 0 {
			return unreadable("a segment has no length")
		}
		body := &io.LimitedReader{R: r, N: int64(size)}
		if err := visit(marker, size, body); err != nil {
			if errors.Is(err, errStop) {
				return nil
			}
			return err
		}
		if _, err := r.Discard(int(body.N)); err != nil {
			return err
		}
	}
}

// nextMarker passes over whatever is no marker, as decoders do.
func nextMarker(r *bufio.Reader) (byte, error) {
	for {
		if _, err := r.ReadSlice(0xff); errors.Is(err, bufio.ErrBufferFull) {
			continue
		} else if err != nil {
			return 0, err
		}
		marker := byte(0xff)
		for marker == 0xff {
			var err error
			if marker, err = r.ReadByte(); err != nil {
				return 0, err
			}
		}
		if marker != 0 {
			return marker, nil
		}
	}
}

func (h *Header) readJPEG(r *bufio.Reader) error {
	jfif, found := false, false
	err := walkJPEG(r, func(marker byte, size int, body io.Reader) error {
		switch {
		case marker == markAPP0:
			jfif = true
		case marker == markSOS:
			return errStop
		case markSOF0 <= marker && marker <= markSOF2:
			found = true
			frame := make([]byte, min(size, 64))
			if _, err := io.ReadFull(body, frame); err != nil {
				return err
			}
			if err := h.readFrame(frame, marker == markSOF2, jfif); err != nil {
				return err
			}
			return errStop
		case markSOF0 <= marker && marker < markRST0 && !slices.Contains([]byte{markDHT, markJPG, markDAC}, marker):
			return unreadable("it is a lossless or arithmetic JPEG; save it as a usual one")
		}
		return nil
	})
	if err == nil && !found {
		return unreadable("it holds no picture")
	}
	return err
}

// readFrame reads the body of a SOF segment. Memory is what image/jpeg takes:
// a byte for each sample of all components in whole blocks, four more for the
// coefficients of a progressive one, and four a pixel where it converts.
func (h *Header) readFrame(frame []byte, progressive, jfif bool) error {
	if len(frame) < 6 || len(frame) != 6+3*int(frame[5]) || frame[5] == 0 || frame[5] > 4 {
		return unreadable("its header contradicts itself")
	}
	if frame[0] != 8 {
		return unreadable("it has more than 8 bits a channel; save it as a usual JPEG")
	}
	h.Height, h.Width = int(frame[1])<<8|int(frame[2]), int(frame[3])<<8|int(frame[4])
	components := int(frame[5])
	across, down := max(1, int(frame[7]>>4)), max(1, int(frame[7]&15))
	if components == 1 {
		across, down = 1, 1
	}
	unit := pixels((h.Width+8*across-1)/(8*across), (h.Height+8*down-1)/(8*down)) // minimum coded units
	samples := int64(0)
	for i := range components {
		sampling := frame[7+3*i]
		if components == 1 {
			sampling = 0x11
		}
		samples += unit * 64 * int64(sampling>>4) * int64(sampling&15)
	}
	h.Memory = samples
	if progressive {
		h.Memory += 4 * samples
	}
	if components == 4 || components == 3 && !jfif {
		h.Memory += 4 * pixels(h.Width, h.Height)
	}
	return nil
}

// inspectJPEG refuses more scans than maxScans: a few bytes of a scan may cost a
// pass over all pixels.
func inspectJPEG(r *bufio.Reader) (n notes, err error) {
	parts := map[byte][]byte{} // of the profile, numbered from 1
	scans, size := 0, 0
	err = walkJPEG(r, func(marker byte, length int, body io.Reader) error {
		switch {
		case marker == markSOS:
			if scans++; scans > maxScans {
				return unreadable("it is cut into too many scans; save it as a usual JPEG")
			}
			return nil
		case scans > 0 || marker != markAPP1 && marker != markAPP2 || size > maxNote:
			return nil
		}
		part := make([]byte, length)
		if _, err := io.ReadFull(body, part); err != nil {
			return err
		}
		if exif, ok := bytes.CutPrefix(part, []byte(exifPrefix)); ok && n.exif == nil {
			n.exif = exif
		}
		if rest, ok := bytes.CutPrefix(part, []byte("ICC_PROFILE\x00")); ok && len(rest) > 2 {
			parts[rest[0]] = rest[2:]
		}
		size += length
		return nil
	})
	for i := byte(1); parts[i] != nil; i++ {
		n.profile = append(n.profile, parts[i]...)
	}
	return n, err
}
