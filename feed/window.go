package feed

import (
	"slices"
	"sync"
	"time"

	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
)

// What the window keeps.
const (
	maxPanes     = 1_000            // circles
	maxPaneBytes = 256 << 10        // of text and photos in one circle; more is not kept
	paneAge      = 10 * time.Second // then it is read anew, for names that changed
)

// window keeps the newest posts of circles that are read often, without their
// counts. A pane is right for one position of the circle's log and no other:
// whoever uses it reads the log's head and the counts in the same moment, so
// that nobody is shown less than what is committed, on whatever node. Commits
// of this node move panes on; those of others make them miss once.
type window struct {
	mu    sync.Mutex
	panes map[id.ID]pane
}

type pane struct {
	position circlelog.Position
	posts    []Post // newest first; shared, never changed in place
	whole    bool   // there are no older ones
	readAt   time.Time
}

func newWindow() *window { return &window{panes: map[id.ID]pane{}} }

// newest returns the pane if it can answer for that many posts.
func (w *window) newest(circle id.ID, limit int, now time.Time) (pane, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p, ok := w.panes[circle]
	if !ok || now.Sub(p.readAt) > paneAge || len(p.posts) < limit && !p.whole {
		return pane{}, false
	}
	p.posts = p.posts[:min(limit, len(p.posts))]
	return p, true
}

// fits tells whether the pane may be kept.
func (p pane) fits() bool {
	size := 0
	for i := range p.posts {
		size += len(p.posts[i].Text) + photoBytes*len(p.posts[i].Photos)
	}
	return size <= maxPaneBytes
}

// keep takes what was read from the database, unless what is there is newer.
func (w *window) keep(circle id.ID, p pane) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if old, ok := w.panes[circle]; !p.fits() || ok && old.readAt.After(p.readAt) {
		return
	}
	if _, ok := w.panes[circle]; !ok && len(w.panes) >= maxPanes {
		for some := range w.panes { // any one: the next reader brings it back
			delete(w.panes, some)
			break
		}
	}
	w.panes[circle] = p
}

// forget drops all panes.
func (w *window) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.panes)
}

// move brings the panes of a committed batch's circles to its end.
func (w *window) move(b *batch) {
	first, last := map[id.ID]uint64{}, map[id.ID]circlelog.Position{}
	for _, e := range b.heads.Events() {
		if _, seen := first[e.Circle]; !seen {
			first[e.Circle] = e.Offset
		}
		last[e.Circle] = circlelog.Position{Offset: e.Offset, Epoch: e.Epoch}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for circle, end := range last {
		p, ok := w.panes[circle]
		if !ok {
			continue
		}
		if p.position.Epoch != end.Epoch || p.position.Offset+1 != first[circle] {
			delete(w.panes, circle)
			continue
		}
		p.position = end
		p.posts = b.changed(circle, p.posts)
		if len(p.posts) > MaxPage {
			p.posts, p.whole = p.posts[:MaxPage:MaxPage], false
		}
		if !p.fits() {
			delete(w.panes, circle)
			continue
		}
		w.panes[circle] = p
	}
}

// changed returns a circle's posts, newest first, as they are after the batch.
func (b *batch) changed(circle id.ID, posts []Post) []Post {
	out := make([]Post, 0, len(posts)+len(b.newPosts))
	for _, p := range slices.Backward(b.newPosts) {
		if p.CircleID == circle && (len(posts) == 0 || p.ID.Post > posts[0].ID.Post) {
			out = append(out, p)
		}
	}
	for _, p := range posts {
		row := b.posts[p.ID]
		switch {
		case row == nil || !row.changed && !row.flagged:
			out = append(out, p)
		case !b.counts[p.ID].deleted:
			out = append(out, row.Post)
		}
	}
	return out
}
