package hub

import (
	"fmt"

	"lifecircle/hub/wire"
)

// message is encoded once a format and shared by all its receivers. It does not change once made.
type message struct {
	frames [formats]frame // nil where nobody needs it, or the data does not fit
	kind   itemKind
	key    string // of a droppable: a newer message replaces an older one of the same key
}

// receivers counts clients by format.
type receivers [formats]int

// pushMessage encodes a push for the formats that have receivers. Where that is
// impossible the frame stays nil and the error says why.
func pushMessage(push *wire.Push, to receivers) (*message, error) {
	m := new(message)
	var failed error
	for p := range wire.Protocol(protocols) {
		if to.speak(p) == 0 {
			continue
		}
		f, err := encodeFrame(p, sizeHint(push), func(dst []byte) ([]byte, error) { return wire.AppendPush(dst, p, push) })
		if err != nil {
			failed = fmt.Errorf("encode push for channel %q: %w", push.Channel, err)
			continue
		}
		m.set(p, f, to)
	}
	return m, failed
}

const protocols = 2 // JSON and Protobuf

// speak is how many of them speak p.
func (r *receivers) speak(p wire.Protocol) int { return r[formatOf(p, false)] + r[formatOf(p, true)] }

// set makes f the message's frame for who speaks p, compressed for whom that was negotiated.
func (m *message) set(p wire.Protocol, f frame, to receivers) {
	m.frames[formatOf(p, false)] = f
	if to[formatOf(p, true)] > 0 {
		m.frames[formatOf(p, true)] = f.deflate(p, minDeflate)
	}
}

// publicationMessage encodes p as the push that the subscribers of channel get.
func publicationMessage(channel string, p *Publication, to receivers) (*message, error) {
	m, err := pushMessage(&wire.Push{Channel: channel, Pub: wirePublication(p)}, to)
	if p.ephemeral() {
		m.kind = droppable
		if p.Key != "" {
			m.key = channel + "\x00" + p.Key
		}
	}
	return m, err
}

// together returns one message with all of them, for clients that get them at
// once. Formats that one of them lacks are left out.
func together(messages []*message, to receivers) *message {
	if len(messages) == 1 {
		return messages[0]
	}
	all := new(message)
	for p := range wire.Protocol(protocols) {
		if to.speak(p) == 0 {
			continue
		}
		if f := joinFrames(p, messages); f != nil {
			all.set(p, f, to)
		}
	}
	return all
}

func joinFrames(p wire.Protocol, messages []*message) frame {
	size := 0
	for _, m := range messages {
		f := m.frames[formatOf(p, false)]
		if f == nil {
			return nil
		}
		size += len(f.payload()) + 1 // a separator
	}
	joined := newFrame(size)
	payload := joined[frameHeadroom:]
	for _, m := range messages {
		payload = wire.Join(p, payload, m.frames[formatOf(p, false)].payload()) // in place, there is room
	}
	return joined[:frameHeadroom+len(payload)].seal(dataFrame(p))
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
