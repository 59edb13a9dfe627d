package feed

import (
	"context"
	"time"

	"lifecircle/internal/circlelog"
	"lifecircle/internal/id"
)

// WindowBytes tells how much text the window holds.
func (s *Service) WindowBytes() (n int) {
	s.window.mu.Lock()
	defer s.window.mu.Unlock()
	for _, p := range s.window.panes {
		for i := range p.posts {
			n += len(p.posts[i].Text)
		}
	}
	return n
}

// AddQueuedBytes counts more text as waiting, and returns how much there is.
func (s *Service) AddQueuedBytes(n int64) int64 { return s.queued.Add(n) }

// WindowPosition tells where the circle's pane stands.
func (s *Service) WindowPosition(circle id.ID) circlelog.Position {
	s.window.mu.Lock()
	defer s.window.mu.Unlock()
	return s.window.panes[circle].position
}

// AgeWindow lets the panes grow older.
func (s *Service) AgeWindow(by time.Duration) {
	s.window.mu.Lock()
	defer s.window.mu.Unlock()
	for circle, p := range s.window.panes {
		p.readAt = p.readAt.Add(-by)
		s.window.panes[circle] = p
	}
}

// TraceNothing does what a batch of commands without a trace costs.
func (s *Service) TraceNothing(ctx context.Context) {
	c := command{}
	c.span = s.traceWait(ctx)
	_, _ = s.traceBatch(ctx, []*command{&c})
}
