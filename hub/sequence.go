package hub

import "errors"

// sequencer puts the publications of one positioned channel into the order of
// its log: whatever a broker loses, doubles or reorders, each comes out once.
// It knows when something is missing; reading it is the owner's (fill.go).
// Pure: no clock, no I/O, no lock.
type sequencer struct {
	started bool
	epoch   string
	last    uint64                 // everything up to here has come out
	head    uint64                 // the highest offset known to exist
	early   map[uint64]Publication // came before their turn, or before the start
	waiting int                    // bytes in early
}

const (
	maxEarly      = 1024    // publications that wait for their turn; beyond it they are forgotten, the log has them
	maxEarlyBytes = 1 << 20 // the same in bytes
)

// errForeignLog says that the log is another one than that which the sequence came from.
var errForeignLog = errors.New("the log is another one")

// errHoleLost says that the log no longer has what is missing.
var errHoleLost = errors.New("the log no longer has what is missing")

// start begins after top, which the log gave. It returns what came before the
// start and belongs after top.
func (s *sequencer) start(top Position) []Publication {
	s.started, s.epoch, s.last = true, top.Epoch, top.Offset
	s.head = top.Offset
	early := s.early
	s.early, s.waiting = nil, 0
	var ready []Publication
	for _, p := range early {
		if p.Epoch == s.epoch {
			ready, _ = s.push(ready, p)
		}
	}
	return ready
}

// push takes a publication as it comes and appends to ready those whose turn
// has come. foreign means that p is of another log; only the log can tell which is right.
func (s *sequencer) push(ready []Publication, p Publication) (_ []Publication, foreign bool) {
	if !s.started {
		s.keep(p)
		return ready, false
	}
	if p.Epoch != s.epoch {
		return ready, true
	}
	s.head = max(s.head, p.Offset)
	switch {
	case p.Offset <= s.last:
		return ready, false
	case p.Offset > s.last+1:
		s.keep(p)
		return ready, false
	}
	return s.emit(ready, p), false
}

// emit lets p out, and those that waited for it.
func (s *sequencer) emit(ready []Publication, p Publication) []Publication {
	for {
		ready = append(ready, p)
		s.last, s.head = p.Offset, max(s.head, p.Offset)
		s.forget(p.Offset)
		next, ok := s.early[s.last+1]
		if !ok {
			return ready
		}
		p = next
	}
}

func (s *sequencer) keep(p Publication) {
	if _, again := s.early[p.Offset]; again || len(s.early) >= maxEarly || s.waiting+len(p.Data) > maxEarlyBytes {
		return
	}
	if s.early == nil {
		s.early = make(map[uint64]Publication)
	}
	s.early[p.Offset] = p
	s.waiting += len(p.Data)
}

func (s *sequencer) forget(offset uint64) {
	if p, ok := s.early[offset]; ok {
		s.waiting -= len(p.Data)
		delete(s.early, offset)
	}
}

// see takes note of the log's top, read when everything up to since had come
// out. A log which does not reach so far is not the same any more.
func (s *sequencer) see(top Position, since uint64) error {
	if top.Epoch != s.epoch || top.Offset < since {
		return errForeignLog
	}
	s.head = max(s.head, top.Offset)
	return nil
}

// missing is how many publications exist, as far as known, that have not come out.
func (s *sequencer) missing() uint64 { return s.head - s.last }

// fill takes what the log has after since, which is where the sequence was when
// the read began, and appends to ready what comes out.
func (s *sequencer) fill(ready []Publication, since uint64, pubs []Publication, top Position) ([]Publication, error) {
	if err := s.see(top, since); err != nil {
		return ready, err
	}
	if len(pubs) == 0 && top.Offset > s.last {
		return ready, errHoleLost
	}
	for _, p := range pubs {
		if p.Offset <= s.last {
			continue
		}
		if p.Offset != s.last+1 {
			return ready, errHoleLost
		}
		ready = s.emit(ready, p)
	}
	return ready, nil
}
