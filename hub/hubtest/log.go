package hubtest

import (
	"context"
	"fmt"
	"sync"

	"lifecircle/hub"
)

// Log is a hub.Log in memory. A channel begins with its first use, empty, in the log's epoch.
type Log struct {
	mu       sync.Mutex
	epoch    string
	channels map[string]*channelLog
	err      error
	reads    int
}

type channelLog struct {
	trimmed uint64 // publications that are no longer kept
	pubs    []hub.Publication
}

func (c *channelLog) top() uint64 { return c.trimmed + uint64(len(c.pubs)) }

// NewLog returns an empty log.
func NewLog(epoch string) *Log { return &Log{epoch: epoch, channels: make(map[string]*channelLog)} }

func (l *Log) channelLocked(name string) *channelLog {
	c := l.channels[name]
	if c == nil {
		c = &channelLog{}
		l.channels[name] = c
	}
	return c
}

// Append adds a publication and returns it, for Node.Publish.
func (l *Log) Append(channel, data string) hub.Publication {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.channelLocked(channel)
	p := hub.Publication{Offset: c.top() + 1, Epoch: l.epoch, Data: []byte(data)}
	c.pubs = append(c.pubs, p)
	return p
}

// Trim drops the oldest publications but the last keep.
func (l *Log) Trim(channel string, keep int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.channelLocked(channel)
	if n := len(c.pubs) - keep; n > 0 {
		c.trimmed += uint64(n)
		c.pubs = append([]hub.Publication(nil), c.pubs[n:]...)
	}
}

// Restore begins anew, with nothing, in another epoch.
func (l *Log) Restore(epoch string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epoch, l.channels = epoch, make(map[string]*channelLog)
}

// Break makes reads fail with err; nil mends them.
func (l *Log) Break(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// Reads is how often Read was called.
func (l *Log) Reads() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reads
}

// Read implements hub.Log.
func (l *Log) Read(_ context.Context, channel string, q hub.ReadQuery) ([]hub.Publication, hub.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	if l.err != nil {
		return nil, hub.Position{}, fmt.Errorf("read %q: %w", channel, l.err)
	}
	c := l.channelLocked(channel)
	return c.read(q), hub.Position{Offset: c.top(), Epoch: l.epoch}, nil
}

func (c *channelLog) read(q hub.ReadQuery) []hub.Publication {
	var out []hub.Publication
	size := 0
	take := func(p hub.Publication) bool {
		size += len(p.Data)
		if len(out) >= q.Limit || len(out) > 0 && q.MaxBytes > 0 && size > q.MaxBytes {
			return false
		}
		out = append(out, p)
		return true
	}
	if q.Reverse {
		for i := len(c.pubs) - 1; i >= 0; i-- {
			if (q.Since == nil || c.pubs[i].Offset < *q.Since) && !take(c.pubs[i]) {
				break
			}
		}
		return out
	}
	for _, p := range c.pubs {
		if (q.Since == nil || p.Offset > *q.Since) && !take(p) {
			break
		}
	}
	return out
}

// Heads implements hub.Log.
func (l *Log) Heads(_ context.Context, channels []string) (map[string]hub.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, fmt.Errorf("heads: %w", l.err)
	}
	heads := make(map[string]hub.Position, len(channels))
	for _, name := range channels {
		if c := l.channels[name]; c != nil {
			heads[name] = hub.Position{Offset: c.top(), Epoch: l.epoch}
		}
	}
	return heads, nil
}
