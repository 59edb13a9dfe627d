package httpapi

import (
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

const (
	firstFlow = 30 * time.Second // to send the first bytes of a body that may take long
	minFlow   = 4 << 10          // bytes a second that it must bring from then on; a phone in a tunnel does
)

// flowing is a body that may take minutes to arrive, as long as it keeps
// arriving. It is for one goroutine.
type flowing struct {
	kind    string // its Content-Type
	size    int64  // bytes, as it says; -1: it does not
	body    io.Reader
	control *http.ResponseController
	begin   time.Time
	n       int64
}

func flowingBody(c echo.Context) *flowing {
	r := c.Request()
	return &flowing{kind: r.Header.Get("Content-Type"), size: r.ContentLength, body: r.Body, control: http.NewResponseController(c.Response().Writer), begin: time.Now()}
}

// Read implements io.Reader.
func (f *flowing) Read(p []byte) (int, error) {
	due := f.begin.Add(firstFlow + time.Duration(f.n/minFlow)*time.Second)
	_ = f.control.SetReadDeadline(due) // a recorder in a test has none
	_ = f.control.SetWriteDeadline(due.Add(writeTime))
	n, err := f.body.Read(p)
	f.n += int64(n)
	if err != nil {
		_ = f.control.SetReadDeadline(time.Time{}) // or it would end the context of a slow handler
	}
	return n, err
}

// heads counts what people do at the same time.
type heads struct {
	most int

	mu sync.Mutex // guards of
	of map[id.ID]int
}

func newHeads(most int) *heads { return &heads{most: most, of: map[id.ID]int{}} }

var errManyHands = &problem.Problem{Code: problem.Overloaded, Detail: "You are sending too many photos at once.", RetryAfter: comeAgain}

// enter counts one more of the user, until leave is called. It fails with
// Overloaded.
func (h *heads) enter(user id.ID) (leave func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.of[user] >= h.most {
		return nil, errManyHands
	}
	h.of[user]++
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.of[user]--; h.of[user] == 0 {
			delete(h.of, user)
		}
	}, nil
}
