package fanout

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
)

// As much of WebSocket as a floor needs.

const websocketGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// upgradeAnswer is the answer to a handshake.
func upgradeAnswer(key, protocol string) []byte {
	sum := sha1.Sum([]byte(key + websocketGUID))
	return []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: " + protocol +
		"\r\nSec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n\r\n")
}

// clientFrame takes the payload of the first frame from received and unmasks it in place.
func clientFrame(received []byte) (payload, rest []byte, ok bool) {
	if len(received) < 2 {
		return nil, nil, false
	}
	head, n := 2, int(received[1]&0x7f)
	if n == 126 {
		if len(received) < 4 {
			return nil, nil, false
		}
		head, n = 4, int(binary.BigEndian.Uint16(received[2:]))
	}
	if len(received) < head+4+n {
		return nil, nil, false
	}
	mask := received[head : head+4]
	payload = received[head+4 : head+4+n]
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return payload, received[head+4+n:], true
}

// appendFrame appends a text frame of a server; a payload has less than 64 KiB.
func appendFrame(dst, payload []byte) []byte {
	dst = append(dst, 0x81)
	if len(payload) < 126 {
		dst = append(dst, byte(len(payload)))
	} else {
		dst = append(dst, 126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(payload)))
	}
	return append(dst, payload...)
}
