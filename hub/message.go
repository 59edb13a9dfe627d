package hub

import (
	"fmt"

	"lifecircle/hub/wire"
)

const protocols = 2 // JSON and Protobuf

// message is encoded once a protocol and shared by all its receivers. It does not change once made.
type message struct {
	frames [protocols]frame // nil where nobody needs it, or the data does not fit
	kind   itemKind
	key    string // of a droppable: a newer message replaces an older one of the same key
}

// pushMessage encodes a push for the protocols that have receivers. Where that is
// impossible the frame stays nil and the error says why.
func pushMessage(push *wire.Push, receivers [protocols]int) (*message, error) {
	m := new(message)
	var failed error
	for p := range wire.Protocol(protocols) {
		if receivers[p] == 0 {
			continue
		}
		f, err := encodeFrame(p, sizeHint(push), func(dst []byte) ([]byte, error) { return wire.AppendPush(dst, p, push) })
		if err != nil {
			failed = fmt.Errorf("encode push for channel %q: %w", push.Channel, err)
			continue
		}
		m.frames[p] = f
	}
	return m, failed
}

// publicationMessage encodes p as the push that the subscribers of channel get.
func publicationMessage(channel string, p *Publication, receivers [protocols]int) (*message, error) {
	m, err := pushMessage(&wire.Push{Channel: channel, Pub: wirePublication(p)}, receivers)
	if p.ephemeral() {
		m.kind = droppable
		if p.Key != "" {
			m.key = channel + "\x00" + p.Key
		}
	}
	return m, err
}

func wirePublication(p *Publication) *wire.Publication {
	return &wire.Publication{Data: p.Data, Offset: p.Offset}
}

func encodeFrame(p wire.Protocol, size int, encode func(dst []byte) ([]byte, error)) (frame, error) {
	b, err := encode(newFrame(size))
	if err != nil {
		return nil, err
	}
	return frame(b).seal(dataFrame(p)), nil
}

// sizeHint is a little more than push will take.
func sizeHint(push *wire.Push) int {
	const envelope = 64
	n := envelope + len(push.Channel)
	if push.Pub != nil {
		n += len(push.Pub.Data)
	}
	return n
}

// The frames without content that every connection needs.
var (
	pingFrames = [protocols]frame{
		wire.JSON:     frame(wire.AppendPing(newFrame(2), wire.JSON)).seal(finText),
		wire.Protobuf: frame(wire.AppendPing(newFrame(1), wire.Protobuf)).seal(finBinary),
	}
	socketPing = controlFrame(finPing, nil)
)
