package wire

// The client's side of the protocol, for tests and load testers.

// ServerMessage is what a server sends: a reply, a push or a ping.
type ServerMessage struct {
	Reply *Reply
	Push  *Push
	Ping  bool
}

// AppendCommand appends c to dst as one message, ready for Join. The error, if
// any, is ErrDataNotJSON. A pong is the command with nothing set.
func AppendCommand(dst []byte, p Protocol, c *Command) ([]byte, error) {
	return appendMessage(dst, p, c)
}

// DecodeReplies returns all messages of one frame from a server, at least one.
// If any of them cannot be decoded it returns none, and an error that is
// ErrBadRequest. Application data is a part of frame, as with Decode.
func DecodeReplies(p Protocol, frame []byte) ([]ServerMessage, error) {
	var msgs []ServerMessage
	err := eachMessage(encodings[p], frame, func(e encoding, msg []byte) error {
		var env envelope
		if err := e.decode(msg, &env); err != nil {
			return err
		}
		msgs = append(msgs, env.open())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return msgs, nil
}

// envelope is any message of a server.
type envelope struct {
	Reply
	push *Push
}

func (e *envelope) fields(v visitor) {
	e.Reply.fields(v)
	optional(v, 4, "push", &e.push)
}

func (e *envelope) open() ServerMessage {
	switch {
	case e.push != nil:
		return ServerMessage{Push: e.push}
	case e.Reply == Reply{}:
		return ServerMessage{Ping: true}
	default:
		return ServerMessage{Reply: &e.Reply}
	}
}
