package wire

import (
	"errors"
	"fmt"
)

// ErrBadRequest says that a frame breaks the protocol; the detail is wrapped around it.
var ErrBadRequest = errors.New("bad request")

// ErrDataNotJSON says that application data is not one JSON value in valid
// UTF-8, nested at most MaxNesting deep, and so cannot go to a JSON client.
var ErrDataNotJSON = errors.New("data is not JSON")

var errUTF8 = errors.New("invalid UTF-8")

const (
	// DefaultMaxCommands is how many commands one frame may hold if DecodeLimits says nothing.
	DefaultMaxCommands = 256
	// MaxNesting is how many arrays and objects may lie inside each other in one
	// value of application data. The parsers of some mobile platforms stop at 512.
	MaxNesting = 128
)

// DecodeLimits bounds what one frame may cost. The size of the frame itself is
// the transport's to bound.
type DecodeLimits struct {
	MaxCommands int // 0: DefaultMaxCommands
}

func (l DecodeLimits) maxCommands() int {
	if l.MaxCommands <= 0 {
		return DefaultMaxCommands
	}
	return l.MaxCommands
}

// encoding is what differs between the protocols. A message is a document
// without separator or length.
type encoding interface {
	// split takes the first message off a frame.
	split(frame []byte) (msg, rest []byte, err error)
	// trim removes what may stand around the messages of a frame.
	trim(frame []byte) []byte
	decode(msg []byte, m message) error
	// append appends m as a message that join can put into a frame. It may leave rubbish after len(dst) on error.
	append(dst []byte, m message) ([]byte, error)
	ping(dst []byte) []byte
	join(frame, msg []byte) []byte
}

var encodings = [...]encoding{JSON: jsonEncoding{}, Protobuf: protoEncoding{}}

// Decode returns all commands of one frame, at least one. If any of them is
// wrong it returns none, and an error that is ErrBadRequest. The application
// data of the commands is a part of frame, which must not be changed as long as they are in use.
func Decode(p Protocol, frame []byte, lim DecodeLimits) ([]Command, error) {
	var cmds []Command
	err := eachMessage(encodings[p], frame, func(e encoding, msg []byte) error {
		if len(cmds) == lim.maxCommands() {
			return errors.New("too many commands in one frame")
		}
		var c Command
		if err := e.decode(msg, &c); err != nil {
			return err
		}
		if err := c.check(); err != nil {
			return err
		}
		cmds = append(cmds, c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return cmds, nil
}

// eachMessage calls do for every message of the frame. Its errors are ErrBadRequest.
func eachMessage(e encoding, frame []byte, do func(e encoding, msg []byte) error) error {
	rest := e.trim(frame)
	if len(rest) == 0 {
		return fmt.Errorf("%w: empty frame", ErrBadRequest)
	}
	for n := 1; len(rest) > 0; n++ {
		msg, after, err := e.split(rest)
		if err == nil {
			err = do(e, msg)
		}
		if err != nil {
			return fmt.Errorf("%w: message %d: %w", ErrBadRequest, n, err)
		}
		rest = after
	}
	return nil
}

// check sets Pong, or says why the command is none.
func (c *Command) check() error {
	switch n := c.requests(); {
	case n > 1:
		return errors.New("more than one method")
	case n == 1 && c.ID == 0 && c.Send == nil:
		return errors.New("command without id")
	case n == 0 && c.ID != 0:
		return errors.New("command without method")
	case n == 0:
		c.Pong = true
	}
	return nil
}

// requests counts the requests that are set.
func (c *Command) requests() int {
	n := 0
	for _, set := range [...]bool{
		c.Connect != nil, c.Subscribe != nil, c.Unsubscribe != nil, c.Publish != nil,
		c.Presence != nil, c.PresenceStats != nil, c.History != nil, c.Ping != nil,
		c.Send != nil, c.RPC != nil, c.Refresh != nil, c.SubRefresh != nil,
	} {
		if set {
			n++
		}
	}
	return n
}

// AppendReply appends r to dst as one message, ready for Join. The error, if
// any, is ErrDataNotJSON. A reply with nothing set would be read as a ping.
func AppendReply(dst []byte, p Protocol, r *Reply) ([]byte, error) {
	return appendMessage(dst, p, r)
}

// AppendPush appends push to dst as one message, ready for Join. The error, if
// any, is ErrDataNotJSON.
func AppendPush(dst []byte, p Protocol, push *Push) ([]byte, error) {
	return appendMessage(dst, p, (*pushEnvelope)(push))
}

func appendMessage(dst []byte, p Protocol, m message) ([]byte, error) {
	out, err := encodings[p].append(dst, m)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// AppendPing appends the empty message: the server's ping, the client's pong.
func AppendPing(dst []byte, p Protocol) []byte {
	return encodings[p].ping(dst)
}

// Join appends one message to dst, a frame under construction that begins at
// dst[0], with a separator where the protocol has one.
func Join(p Protocol, dst, msg []byte) []byte {
	return encodings[p].join(dst, msg)
}
