package socketapi

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"lifecircle/feed"
	"lifecircle/internal/id"
)

const (
	// countsEvery is the time between two messages of counts in a circle: four
	// in a second, with some room for the road.
	countsEvery = 260 * time.Millisecond
	// countsRepeat is how long after a post's last change its counts are sent
	// once more through a broker that may lose them.
	countsRepeat = time.Second
	// countsKept is how long a version is remembered after it was sent, so that
	// an older one on its way cannot set viewers back.
	countsKept = 30 * time.Second

	maxCountsInMessage = 200    // posts; the rest follows in the next message
	maxCountsInCircle  = 10_000 // posts remembered; beyond, a new one waits for its next change
)

// countsMessage is what viewers of a circle get: absolute numbers, without an
// offset, so that losing one is mended by the next.
type countsMessage struct {
	Type  string            `json:"type"` // "counts"
	Posts []feed.PostCounts `json:"posts"`

	circle id.ID
}

// merger turns many changes of counts into few messages: the first at once,
// then one every so often with the newest of each post, the last one always.
// It is pure: the caller brings the time. Not for several goroutines.
type merger struct {
	every   time.Duration // between two messages of a circle
	repeat  time.Duration // after a post's last change, once more; 0: never
	kept    time.Duration // after a post's last change, until its version is forgotten
	circles map[id.ID]*circleCounts
	queue   dueQueue
}

// circleCounts are the posts of one circle whose counts changed lately.
type circleCounts struct {
	circle  id.ID
	posts   map[id.Post]*changedPost
	notYet  time.Time // no message before
	due     time.Time // when to look again
	inQueue int       // index in merger.queue
}

type changedPost struct {
	feed.PostCounts
	changed time.Time
	unsent  bool // newer than what was sent
	again   bool // to be sent once more after merger.repeat
}

func newMerger(every, repeat, kept time.Duration) *merger {
	return &merger{every: every, repeat: repeat, kept: max(kept, repeat, every), circles: map[id.ID]*circleCounts{}}
}

// add takes the counts of a post. It returns false if they are not newer than
// what is known, or if the circle is full.
func (m *merger) add(now time.Time, p feed.PostCounts) bool {
	circle := p.ID.Circle
	c := m.circles[circle]
	if c == nil {
		c = &circleCounts{circle: circle, posts: map[id.Post]*changedPost{}, due: now}
		m.circles[circle] = c
		heap.Push(&m.queue, c)
	}
	known := c.posts[p.ID]
	switch {
	case known != nil && known.Version >= p.Version:
		return false
	case known == nil && len(c.posts) >= maxCountsInCircle:
		return false
	case known == nil:
		known = &changedPost{}
		c.posts[p.ID] = known
	}
	*known = changedPost{PostCounts: p, changed: now, unsent: true, again: m.repeat > 0}
	if at := later(now, c.notYet); at.Before(c.due) {
		c.due = at
		heap.Fix(&m.queue, c.inQueue)
	}
	return true
}

// next returns when take has something to do; false: not before the next add.
func (m *merger) next() (time.Time, bool) {
	if len(m.queue) == 0 {
		return time.Time{}, false
	}
	return m.queue[0].due, true
}

// take returns the messages that are due and forgets what is old.
func (m *merger) take(now time.Time) []countsMessage {
	var messages []countsMessage
	for len(m.queue) > 0 && !m.queue[0].due.After(now) {
		c := m.queue[0]
		if posts := m.ready(c, now); len(posts) > 0 {
			messages = append(messages, message(c.circle, posts))
			c.notYet = now.Add(m.every)
		}
		m.schedule(c, now)
	}
	return messages
}

// drain returns everything that was not sent yet, whatever the time.
func (m *merger) drain() []countsMessage {
	var messages []countsMessage
	for circle, c := range m.circles {
		var unsent []*changedPost
		for _, p := range c.posts {
			if p.unsent {
				unsent = append(unsent, p)
			}
		}
		for part := range slices.Chunk(oldestFirst(unsent), maxCountsInMessage) {
			messages = append(messages, message(circle, part))
		}
	}
	m.circles, m.queue = map[id.ID]*circleCounts{}, nil
	return messages
}

// ready chooses the posts for c's next message: the longest waiting first.
func (m *merger) ready(c *circleCounts, now time.Time) []*changedPost {
	if now.Before(c.notYet) {
		return nil
	}
	var posts []*changedPost
	for _, p := range c.posts {
		if p.unsent || p.again && !now.Before(p.changed.Add(m.repeat)) {
			posts = append(posts, p)
		}
	}
	posts = oldestFirst(posts)
	return posts[:min(len(posts), maxCountsInMessage)]
}

// message makes the message and marks its posts as sent.
func message(circle id.ID, posts []*changedPost) countsMessage {
	msg := countsMessage{Type: "counts", circle: circle, Posts: make([]feed.PostCounts, len(posts))}
	for i, p := range posts {
		msg.Posts[i] = p.PostCounts
		if p.unsent {
			p.unsent = false
		} else {
			p.again = false
		}
	}
	return msg
}

// schedule forgets c's old posts and sets when to look at it again.
func (m *merger) schedule(c *circleCounts, now time.Time) {
	var due time.Time
	soonest := func(at time.Time) {
		if due.IsZero() || at.Before(due) {
			due = at
		}
	}
	for name, p := range c.posts {
		forget := later(p.changed.Add(m.kept), c.notYet)
		switch {
		case p.unsent:
			soonest(later(now, c.notYet))
		case p.again:
			soonest(later(p.changed.Add(m.repeat), c.notYet))
		case forget.After(now):
			soonest(forget)
		default:
			delete(c.posts, name)
		}
	}
	if len(c.posts) == 0 {
		heap.Remove(&m.queue, c.inQueue)
		delete(m.circles, c.circle)
		return
	}
	c.due = due
	heap.Fix(&m.queue, c.inQueue)
}

func oldestFirst(posts []*changedPost) []*changedPost {
	slices.SortFunc(posts, func(a, b *changedPost) int {
		return cmp.Or(a.changed.Compare(b.changed), cmp.Compare(a.ID.Post, b.ID.Post))
	})
	return posts
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// dueQueue is a heap of circles, the one that is due first on top.
type dueQueue []*circleCounts

func (q dueQueue) Len() int           { return len(q) }
func (q dueQueue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q dueQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].inQueue, q[j].inQueue = i, j
}

// Push implements heap.Interface.
func (q *dueQueue) Push(x any) {
	c := x.(*circleCounts) //nolint:errcheck,forcetypeassert // only circles are pushed
	c.inQueue = len(*q)
	*q = append(*q, c)
}

// Pop implements heap.Interface.
func (q *dueQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
