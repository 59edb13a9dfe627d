package picture

import (
	"context"
	"errors"
	"io"

	"lifecircle/internal/problem"
)

// source reads a file for decoders that wrap, or swallow, what reading failed
// with: it remembers that, and ends with its context.
type source struct {
	ctx context.Context // ends reading; nil: never. Here because decoders know of no contexts
	r   io.Reader
	err error // the first one that is not the end of the file
}

func (s *source) Read(p []byte) (int, error) {
	if s.ctx != nil && s.ctx.Err() != nil {
		s.err = s.ctx.Err()
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// verdict says whose fault err is: that of reading, or the file's.
func (s *source) verdict(err error) error {
	switch {
	case err == nil:
		return nil
	case s.err != nil:
		return s.err
	case problem.From(err) != nil:
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return unreadable("it is cut off")
	default:
		return unreadable("it is damaged, or not in the form that it claims")
	}
}
