package media

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"lifecircle/internal/id"
	"lifecircle/internal/media/blob"
	"lifecircle/internal/media/picture"
	"lifecircle/internal/problem"
)

const extension = "jpg" // of every file; see picture.ContentType

// Run makes photos of uploads that are complete and forgets what nobody needs,
// until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	var g errgroup.Group
	for range s.makers {
		g.Go(func() error { s.makeAll(ctx); return nil })
	}
	g.Go(func() error { s.sweepAll(ctx); return nil })
	return g.Wait()
}

// lookSoon wakes a maker.
func (s *Service) lookSoon() {
	select {
	case s.look <- struct{}{}:
	default: // as many look as can
	}
}

// makeAll is one maker. The rows of uploads are its queue: what a node leaves
// behind, the next look of any node finds.
func (s *Service) makeAll(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		worked, err := s.makeNext(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("make a photo", "err", err)
		}
		if worked && err == nil && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-s.look:
		case <-tick.C:
		}
	}
}

// makeNext makes the photo of the upload that waits longest, if there is one.
func (s *Service) makeNext(ctx context.Context) (worked bool, err error) {
	u, mine, sensitive, err := s.claim(ctx)
	if err != nil || u == nil {
		return false, err
	}
	work, cancel := context.WithTimeout(ctx, makeTime)
	defer cancel()
	held := make(chan struct{})
	go func() { // ends with cancel, and is waited for
		defer close(held)
		s.hold(work, mine, cancel)
	}()
	err = s.makeOne(work, u, sensitive)
	cancel()
	<-held
	switch {
	case errors.Is(err, errLost):
		err = s.startAgain(ctx, u.ID)
	case err != nil:
		err = errors.Join(err, s.release(context.WithoutCancel(ctx), mine)) // others may have more luck
	}
	s.ended(u.ID)
	return true, err
}

// hold says again and again that the upload has its maker, until ctx ends. If
// that can no longer be said, another node may be at it, and it lets go.
func (s *Service) hold(ctx context.Context, c *claim, lose func()) {
	tick := time.NewTicker(renewTime)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.renew(ctx, c); err != nil && ctx.Err() == nil {
				s.log.Warn("hold an upload", "upload", c.upload, "err", err)
				lose()
			}
		}
	}
}

func (s *Service) makeOne(ctx context.Context, u *uploadRow, sensitive bool) error {
	pic, err := s.workshop.Make(ctx, s.parts(ctx, u.ID, u.Length))
	if refusal := problem.From(err); refusal != nil && refusal.Code != problem.Overloaded {
		return s.refuse(ctx, u, refusal)
	}
	if err != nil {
		return err
	}
	p := newPhoto{id: id.New(), owner: u.owner, pic: pic}
	if sensitive {
		p.flag(Author)
	}
	s.classify(ctx, &p)
	if err := s.putFiles(ctx, &p); err != nil {
		return err
	}
	return s.insertPhoto(ctx, u.ID, &p)
}

// newPhoto is a photo that is not there yet.
type newPhoto struct {
	id        id.ID
	owner     id.ID
	pic       picture.Picture
	keys      []string // by the renditions
	sensitive bool
	flaggedBy Role
	review    Review
	unjudged  bool
}

func (p *newPhoto) flag(by Role) {
	row := Row{FlaggedBy: p.flaggedBy, Photo: Photo{Sensitive: p.sensitive, Review: Unasked}}
	yes := true
	if _, err := row.Flag(by, Change{Sensitive: &yes}); err == nil { // what nobody has reviewed can be flagged
		p.sensitive, p.flaggedBy, p.review = row.Sensitive, row.FlaggedBy, row.Review
	}
}

// putFiles brings the files into the store. They are announced before, so that
// a sweep leaves them alone until the photo refers to them.
func (s *Service) putFiles(ctx context.Context, p *newPhoto) error {
	p.keys = make([]string, len(p.pic.Renditions))
	for i, r := range p.pic.Renditions {
		p.keys[i] = blob.Key(r.Data, extension)
	}
	if err := s.announce(ctx, p.keys); err != nil {
		return err
	}
	for i, r := range p.pic.Renditions {
		if err := s.store.Put(ctx, p.keys[i], r.Type, r.Data); err != nil {
			return fmt.Errorf("store a file of photo %s: %w", p.id, err)
		}
	}
	return nil
}

// Await returns an upload as soon as it is no longer being made, or as it is
// when most has passed. It fails with UploadNotFound.
func (s *Service) Await(ctx context.Context, user, upload id.ID, most time.Duration) (Upload, error) {
	enough := time.NewTimer(most)
	defer enough.Stop()
	ask := time.NewTicker(askEvery)
	defer ask.Stop()
	ended := s.watch(upload) // before it is read: what ends from now on is told
	defer s.unwatch(upload, ended)
	for {
		u, err := s.Upload(ctx, user, upload)
		if err != nil || u.State != Making {
			return u, err
		}
		select {
		case <-ended:
		case <-ask.C:
		case <-enough.C:
			return u, nil
		case <-ctx.Done():
			return u, context.Cause(ctx)
		}
	}
}

// watch returns a channel that says when a maker of this node has had the upload.
func (s *Service) watch(upload id.ID) chan struct{} {
	c := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiters[upload] = append(s.waiters[upload], c)
	return c
}

func (s *Service) unwatch(upload id.ID, c chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.waiters[upload][:0]
	for _, w := range s.waiters[upload] {
		if w != c {
			left = append(left, w)
		}
	}
	if s.waiters[upload] = left; len(left) == 0 {
		delete(s.waiters, upload)
	}
}

func (s *Service) ended(upload id.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.waiters[upload] {
		select {
		case c <- struct{}{}:
		default: // it will look anyway
		}
	}
}
