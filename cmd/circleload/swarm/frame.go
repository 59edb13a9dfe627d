package swarm

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
)

// The opcodes of RFC 6455.
const (
	opContinuation byte = 0x0
	opText         byte = 0x1
	opBinary       byte = 0x2
	opClose        byte = 0x8
	opPing         byte = 0x9
	opPong         byte = 0xA
)

const maxControlBytes = 125 // payload of a control frame

// header is the beginning of a frame from a server.
type header struct {
	op         byte
	fin        bool
	compressed bool // RSV1
	size       int  // of the header itself
	length     int  // of the payload
}

func (h header) control() bool { return h.op&0x8 != 0 }

// parseHeader reads the header at the beginning of b; ok is false while it is
// not complete. Lengths beyond limit, and all that a server must not send, are errors.
func parseHeader(b []byte, limit int) (h header, ok bool, err error) {
	if len(b) < 2 {
		return h, false, nil
	}
	h = header{op: b[0] & 0xF, fin: b[0]&0x80 != 0, compressed: b[0]&0x40 != 0, size: 2}
	length := uint64(b[1] & 0x7F)
	switch {
	case b[0]&0x30 != 0:
		return h, false, fmt.Errorf("%w: reserved bits are set", ErrProtocol)
	case b[1]&0x80 != 0:
		return h, false, fmt.Errorf("%w: the server masked a frame", ErrProtocol)
	case h.control() && (!h.fin || h.compressed || length > maxControlBytes):
		return h, false, fmt.Errorf("%w: a control frame is fragmented, compressed or too long", ErrProtocol)
	case length == 126:
		h.size = 4
	case length == 127:
		h.size = 10
	}
	if len(b) < h.size {
		return h, false, nil
	}
	switch h.size {
	case 4:
		length = uint64(binary.BigEndian.Uint16(b[2:]))
	case 10:
		length = binary.BigEndian.Uint64(b[2:])
	}
	if length > uint64(limit) { //nolint:gosec // a limit is positive
		return h, false, fmt.Errorf("%w: a frame of %d bytes", errTooBig, length)
	}
	h.length = int(length)
	return h, true, nil
}

// appendFrame appends a masked frame, as clients send it.
func appendFrame(dst []byte, op byte, payload []byte) []byte {
	dst = append(dst, 0x80|op)
	switch n := len(payload); {
	case n <= maxControlBytes:
		dst = append(dst, 0x80|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0x80|126), uint16(n)) //nolint:gosec // n fits
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 0x80|127), uint64(n))
	}
	key := rand.Uint32() //nolint:gosec // it hides nothing: masks protect old proxies, and here is none
	dst = binary.LittleEndian.AppendUint32(dst, key)
	body := len(dst)
	dst = append(dst, payload...)
	mask(dst[body:], key)
	return dst
}

// mask is its own inverse.
func mask(b []byte, key uint32) {
	wide := uint64(key)<<32 | uint64(key)
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^wide)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= byte(wide)
		wide >>= 8
	}
}

// appendClose appends a close frame. A code of 0 is none.
func appendClose(dst []byte, code int, reason string) []byte {
	if code == 0 {
		return appendFrame(dst, opClose, nil)
	}
	payload := binary.BigEndian.AppendUint16(nil, uint16(code)) //nolint:gosec // codes have 16 bits
	payload = append(payload, reason...)
	return appendFrame(dst, opClose, payload[:min(len(payload), maxControlBytes)])
}

// The close codes of RFC 6455 that this package uses.
const (
	codeProtocol = 1002
	codeNone     = 1005 // never on the wire: a close frame without a code
	codeAbnormal = 1006 // never on the wire: no close frame
	codeBadData  = 1007
	codeTooBig   = 1009
)

func parseClose(payload []byte) (code int, reason string) {
	if len(payload) < 2 {
		return codeNone, ""
	}
	return int(binary.BigEndian.Uint16(payload)), string(payload[2:])
}
