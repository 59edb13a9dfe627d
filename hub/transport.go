package hub

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// transport is the way to a peer. read has one caller at a time, as has write.
type transport interface {
	// read returns the next message. An error is final.
	read() ([]byte, error)
	// write writes whole frames within the write timeout. An error is final.
	write(frames []byte) error
	// abort makes read and write fail. It may be called at any time, and again.
	abort()
	// release gives back what the transport holds, when nothing reads or writes any more.
	release()
}

// socket is a WebSocket. The library shakes hands, reads, and answers control
// frames; frames made for everybody are written past it, straight to the
// connection. That is sound because both write whole frames in single calls:
// all that the library writes are control frames, which fit its buffer.
type socket struct {
	ws   *websocket.Conn
	conn *boundedConn
}

func (s *socket) read() ([]byte, error) {
	_, frame, err := s.ws.Read(context.Background()) // ended by abort
	if err != nil {
		return nil, fmt.Errorf("read a message: %w", err)
	}
	return frame, nil
}

func (s *socket) write(frames []byte) error {
	_, err := s.conn.Write(frames)
	return err
}

func (s *socket) abort()   { _ = s.conn.Close() }
func (s *socket) release() { _ = s.ws.CloseNow() }

// boundedConn bounds every write in time.
type boundedConn struct {
	net.Conn
	timeout time.Duration
}

func (c *boundedConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, fmt.Errorf("bound a write: %w", err)
	}
	n, err := c.Conn.Write(b)
	if err != nil {
		return n, fmt.Errorf("write to the socket: %w", err)
	}
	return n, nil
}

// Buffers of a socket that mostly waits.
const (
	readBuffer  = 1 << 10
	writeBuffer = 256 // the library's control frames have at most 127 bytes
)

// hijack takes the connection over from net/http, with smaller buffers.
type hijack struct {
	http.ResponseWriter
	timeout time.Duration
	conn    *boundedConn
}

// Hijack implements http.Hijacker for websocket.Accept.
func (h *hijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("take over the connection: %w", err)
	}
	h.conn = &boundedConn{Conn: conn, timeout: h.timeout}
	r := rw.Reader
	if early, err := r.Peek(r.Buffered()); err == nil && len(early) <= readBuffer {
		r = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(bytes.Clone(early)), conn), readBuffer)
		if _, err := r.Peek(len(early)); err != nil { // the library looks only for what is in the buffer
			return nil, nil, fmt.Errorf("keep what the client sent early: %w", err)
		}
	}
	return h.conn, bufio.NewReadWriter(r, bufio.NewWriterSize(h.conn, writeBuffer)), nil
}
