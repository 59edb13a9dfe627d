package swarm

import (
	"errors"
	"fmt"
	"time"
)

var (
	errTooBig  = errors.New("message too big")
	errBadData = fmt.Errorf("%w: broken compression", ErrProtocol)
	errEnded   = fmt.Errorf("%w: the connection ended without a close frame", ErrProtocol)
)

// stage is how far a connection has come; it belongs to the goroutine that reads.
type stage uint8

const (
	connecting stage = iota // the kernel shakes hands
	shaking                 // the upgrade is sent
	open
	ended // Closed was called; the peer's side is still to end
	gone
)

// workspace is what a reading goroutine needs for the message under its eyes.
type workspace struct{ inflater inflater }

// feed takes bytes that came and returns those that are not a whole frame yet.
// It calls the Handler. An error ends the connection; nil with the stage ended
// means that the peer said goodbye.
func (c *Conn) feed(w *workspace, b []byte, at time.Time) (rest []byte, err error) {
	if c.stage == shaking {
		if b, err = c.finishHandshake(b); err != nil || c.stage == shaking {
			return b, err
		}
	}
	limit := c.swarm.opts.MessageBytes
	messages := int64(0)
	for c.stage == open && !c.aborted.Load() {
		h, ok, err := parseHeader(b, limit)
		if err != nil {
			return nil, err
		}
		if !ok || len(b) < h.size+h.length {
			break
		}
		payload := b[h.size : h.size+h.length]
		b = b[h.size+h.length:]
		switch {
		case h.control():
			err = c.control(h, payload)
		case h.fin && (h.op == opText || h.op == opBinary) && c.fragments == nil && !h.compressed: // nearly all
			messages++
			c.swarm.opts.Handler.Message(c, payload, at)
		default:
			messages++
			err = c.fragment(w, h, payload, at)
		}
		if err != nil {
			return nil, err
		}
	}
	if messages > 0 {
		c.swarm.messagesIn.Add(messages)
	}
	if c.stage != open {
		return nil, nil
	}
	return b, nil
}

// control handles a control frame.
func (c *Conn) control(h header, payload []byte) error {
	switch h.op {
	case opPing:
		err := c.send(opPong, payload)
		if errors.Is(err, ErrFull) || errors.Is(err, ErrClosed) {
			return nil // a peer that does not read needs no pongs
		}
		return err
	case opPong:
		return nil
	case opClose:
		code, reason := parseClose(payload)
		c.answerClose(code)
		c.stage = ended
		c.expect(c.swarm.opts.CloseTimeout)
		c.swarm.closed(c, code, reason, nil)
		return nil
	}
	return fmt.Errorf("%w: opcode %#x", ErrProtocol, h.op)
}

// message is one that comes in fragments, or compressed.
type message struct {
	data       []byte
	compressed bool
}

// fragment handles data frames that are not whole uncompressed messages.
func (c *Conn) fragment(w *workspace, h header, payload []byte, at time.Time) error {
	limit := c.swarm.opts.MessageBytes
	switch {
	case h.op != opContinuation && h.op != opText && h.op != opBinary:
		return fmt.Errorf("%w: opcode %#x", ErrProtocol, h.op)
	case (h.op == opContinuation) != (c.fragments != nil):
		return fmt.Errorf("%w: fragments out of order", ErrProtocol)
	case h.compressed && (!c.compressed || h.op == opContinuation):
		return fmt.Errorf("%w: compression that was not agreed on", ErrProtocol)
	}
	m := message{data: payload, compressed: h.compressed}
	if f := c.fragments; f != nil || !h.fin {
		if f == nil {
			f = &message{compressed: h.compressed}
			c.fragments = f
		}
		if len(f.data)+len(payload) > limit {
			return fmt.Errorf("%w: fragments beyond %d bytes", errTooBig, limit)
		}
		f.data = append(f.data, payload...)
		if !h.fin {
			c.swarm.messagesIn.Add(-1) // feed counted it
			return nil
		}
		m, c.fragments = *f, nil
	}
	if m.compressed {
		var err error
		if m.data, err = w.inflater.inflate(m.data, limit); err != nil {
			return err
		}
	}
	c.swarm.opts.Handler.Message(c, m.data, at)
	return nil
}

// finishHandshake reads the server's answer, once it is complete, and opens the connection.
func (c *Conn) finishHandshake(b []byte) (rest []byte, err error) {
	a, rest, done, err := c.shake.readAnswer(b)
	if err != nil || !done {
		return rest, err
	}
	c.compressed, err = c.shake.check(a, rest)
	if err != nil {
		return nil, err
	}
	opened := c.shake.opened
	c.shake = nil
	c.stage = open
	c.expect(0)
	c.mu.Lock()
	c.isOpen, c.sending = true, true
	c.mu.Unlock()
	c.swarm.opened.Add(1)
	c.swarm.open.Add(1)
	opened(c, nil)
	return rest, nil
}

// closeCode is what we tell the peer about an error of its own; 0: nothing.
func closeCode(err error) int {
	switch {
	case errors.Is(err, errTooBig):
		return codeTooBig
	case errors.Is(err, errBadData):
		return codeBadData
	case errors.Is(err, errEnded):
		return 0
	case errors.Is(err, ErrProtocol):
		return codeProtocol
	}
	return 0
}
