package media

import (
	"context"
	"errors"
	"io"

	"lifecircle/internal/id"
	"lifecircle/internal/media/picture"
	"lifecircle/internal/problem"
)

const (
	judgeAgain = 8        // times as many bytes, where the header was not all there
	judgeLast  = 16 << 20 // bytes; beyond them the maker judges
)

// judge looks at the header of a picture that is not all there, so that nobody
// sends 20 MB in vain. A header that goes on behind what has arrived is looked
// at again later.
func (s *Service) judge(ctx context.Context, u *uploadRow) error {
	file := &edge{r: s.parts(ctx, u.ID, u.Offset)}
	_, err := picture.Probe(file)
	next := int64(0)
	switch refusal := problem.From(err); {
	case err == nil:
	case refusal == nil:
		return err
	case file.reached && u.Offset < u.Length:
		if next = u.judgeAt * judgeAgain; next > judgeLast {
			next = 0
		}
	default:
		return s.refuse(ctx, u, refusal)
	}
	u.judgeAt = next
	_, err = s.pool.Exec(ctx, `UPDATE photo_uploads SET judge_at = $2 WHERE id = $1`, u.ID, next)
	return err
}

// edge notes that somebody wanted more than there is.
type edge struct {
	r       io.Reader
	reached bool
}

func (e *edge) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.reached = e.reached || errors.Is(err, io.EOF)
	return n, err
}

// parts reads the bytes of an upload, a piece at a time: whoever waits for
// something with it holds no more than that.
func (s *Service) parts(ctx context.Context, upload id.ID, length int64) *partsReader {
	return &partsReader{ctx: ctx, s: s, upload: upload, length: length}
}

// partsReader is an io.ReadSeeker for one goroutine. It lives as long as the
// picture is read, under that context.
type partsReader struct {
	ctx    context.Context
	s      *Service
	upload id.ID
	length int64

	at    int64
	piece []byte // of the file, from start
	start int64
}

// Read implements io.Reader.
func (r *partsReader) Read(p []byte) (int, error) {
	if r.at >= r.length {
		return 0, io.EOF
	}
	if r.at < r.start || r.at >= r.start+int64(len(r.piece)) {
		if err := r.load(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.piece[r.at-r.start:])
	r.at += int64(n)
	return n, nil
}

// Seek implements io.Seeker.
func (r *partsReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.length
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	r.at = offset
	return offset, nil
}
