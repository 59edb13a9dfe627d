package picture

import (
	"bufio"
	"encoding/binary"
	"io"
)

// readGIF takes the size of the screen, in which the first frame must lie.
func (h *Header) readGIF(r *bufio.Reader) error {
	var b [13]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return err
	}
	h.Width, h.Height = int(binary.LittleEndian.Uint16(b[6:])), int(binary.LittleEndian.Uint16(b[8:]))
	h.Memory = 2*pixels(h.Width, h.Height) + 1<<18 // an interlaced frame is copied; palettes, unpacking
	return nil
}
