package hub

import (
	"encoding/binary"

	"lifecircle/hub/wire"
)

// A frame is a whole WebSocket message of the server, header included: servers
// do not mask, so the same bytes do for every client. It is built in a buffer
// with room for the longest header in front, so that its payload can be joined
// with others into one frame.

const frameHeadroom = 10 // the longest header of a server's frame

// The first byte of a frame that is the whole message.
const (
	finText   = 0x81
	finBinary = 0x82
	finClose  = 0x88
	finPing   = 0x89
	finPong   = 0x8a
	rsv1      = 0x40 // compressed, RFC 7692 section 6
)

// frame is frameHeadroom bytes that end with the header, then the payload.
type frame []byte

// newFrame returns an empty frame with room for size bytes of payload.
func newFrame(size int) frame { return make(frame, frameHeadroom, frameHeadroom+size) }

func (f frame) payload() []byte { return f[frameHeadroom:] }

// bytes is what goes to the socket. The frame must be sealed.
func (f frame) bytes() []byte { return f[frameHeadroom-headerLen(len(f.payload())):] }

// seal writes the header. The payload must not grow after it.
func (f frame) seal(first byte) frame {
	n := len(f.payload())
	h := f[frameHeadroom-headerLen(n):]
	h[0] = first
	switch {
	case n < 126:
		h[1] = byte(n)
	case n < 1<<16:
		h[1] = 126
		binary.BigEndian.PutUint16(h[2:], uint16(n)) //nolint:gosec // the case says that it fits
	default:
		h[1] = 127
		binary.BigEndian.PutUint64(h[2:], uint64(n)) //nolint:gosec // a length is not negative
	}
	return f
}

func headerLen(payload int) int {
	switch {
	case payload < 126:
		return 2
	case payload < 1<<16:
		return 4
	default:
		return frameHeadroom
	}
}

// dataFrame is the first byte of a frame with messages of p.
func dataFrame(p wire.Protocol) byte {
	if p == wire.Protobuf {
		return finBinary
	}
	return finText
}

// controlFrame makes a ping or a close; payload is at most 125 bytes.
func controlFrame(first byte, payload []byte) frame {
	return append(newFrame(len(payload)), payload...).seal(first)
}

func closeFrame(d *Disconnect) frame {
	payload := binary.BigEndian.AppendUint16(nil, uint16(d.Code)) //nolint:gosec // close codes have four digits
	return controlFrame(finClose, append(payload, closeReason(d.Reason)...))
}
