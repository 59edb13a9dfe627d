package hub

import (
	"errors"
	"sync"

	"lifecircle/hub/wire"
)

// One recovery replays at most this much; a client further behind is told that
// it was not recovered, and pages through the history.
const (
	maxRecovery      = 1000      // publications
	maxRecoveryBytes = 512 << 10 // of data
)

// invalidEpoch is what clients send whose state was declared invalid. No log has it.
const invalidEpoch = "_"

// resume is the position that a client wants to go on from, if it has one.
type resume struct {
	wanted bool
	since  Position // an empty epoch fits any log
}

// snapshot is one answer of the log: pubs follow each other, in order, and top
// was read at the same moment. Only those after the client's position matter.
type snapshot struct {
	pubs []Publication
	top  Position
}

// replays are the publications of a snapshot as many replies need them, encoded
// once a protocol when the first needs them.
type replays struct {
	once    [protocols]sync.Once
	encoded [protocols]*wire.Replay
	err     [protocols]error
}

// of returns those of pubs from the i-th on, encoded.
func (r *replays) of(p wire.Protocol, pubs []Publication, i int) ([]byte, error) {
	r.once[p].Do(func() {
		all := make([]*wire.Publication, len(pubs))
		for i := range pubs {
			all[i] = wirePublication(&pubs[i])
		}
		r.encoded[p], r.err[p] = wire.EncodeReplay(p, all)
	})
	if r.err[p] != nil {
		return nil, r.err[p]
	}
	return r.encoded[p].From(i), nil
}

// recovered returns everything in snap after r's position. ok is false if it is
// not certain that this is everything, and if it is more than one recovery may
// replay: then nothing is returned, never a part.
func recovered(r resume, snap snapshot) (replay []Publication, ok bool) {
	since := r.since.Offset
	if !r.wanted || r.since.Epoch == invalidEpoch || since > snap.top.Offset ||
		r.since.Epoch != "" && r.since.Epoch != snap.top.Epoch || snap.top.Offset-since > maxRecovery {
		return nil, false
	}
	replay, next, size := after(snap.pubs, since), since+1, 0
	for _, p := range replay {
		if size += len(p.Data); p.Offset != next || size > maxRecoveryBytes {
			return nil, false
		}
		next++
	}
	if next != snap.top.Offset+1 {
		return nil, false
	}
	return replay, true
}

// after returns the publications with an offset above since; pubs are in order.
func after(pubs []Publication, since uint64) []Publication {
	for i := range pubs {
		if pubs[i].Offset > since {
			return pubs[i:]
		}
	}
	return nil
}

// event is a publication on its way to subscribers.
type event struct {
	offset uint64
	epoch  string
	msg    *message
}

// seam holds back the live events of one subscription from before its snapshot
// is read until its reply is on the way, and then joins them to the snapshot.
// Events come in the channel's order; those without offset come and go freely.
type seam struct {
	held    []event
	spoiled bool // something was not held: the snapshot must be read again
}

const maxHeld = 4096 // events; beyond it the snapshot is read again

// errSnapshotStale says that the snapshot does not reach the first event held.
var errSnapshotStale = errors.New("the snapshot is older than the live events")

func (s *seam) hold(e event) {
	if len(s.held) >= maxHeld {
		s.spoil()
		return
	}
	s.held = append(s.held, e)
}

// spoil makes the next join fail: events were lost, or the channel began anew.
func (s *seam) spoil() { s.held, s.spoiled = nil, true }

// restart begins anew, before the next snapshot is read.
func (s *seam) restart() { *s = seam{} }

// join returns the events that follow top without a hole, and the cursor of the
// subscription after them. With errSnapshotStale there is a hole.
func (s *seam) join(top Position) (tail []event, cursor uint64, err error) {
	if s.spoiled {
		return nil, 0, errSnapshotStale
	}
	cursor = top.Offset
	for _, e := range s.held {
		switch {
		case e.offset == 0:
		case e.epoch != top.Epoch:
			return nil, 0, errSnapshotStale
		case e.offset <= cursor:
			continue
		case e.offset > cursor+1:
			return nil, 0, errSnapshotStale
		default:
			cursor = e.offset
		}
		tail = append(tail, e)
	}
	return tail, cursor, nil
}

// release returns what was held, for a subscription without a position.
func (s *seam) release() []event { return s.held }
