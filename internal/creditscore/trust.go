package creditscore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"time"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/creditscore/trust"
	"lifecircle/internal/id"
)

const (
	tablesKept = 2    // runs whose tables are stored and held in memory: the last, and the one that is under way
	seedShare  = 2    // one in so many of those who may be seeds is one, in a month
	pieceSize  = 4096 // people in a row of trust_values
)

// trustTable is how well people are tied to known humans, at a run: 12 bytes a
// person. It is never changed once it is made.
type trustTable struct {
	name   string
	people []id.ID   // rising
	shares []float32 // of each, as trust.Propagate returned it
	scale  trust.Scale
	links  int

	newAccounts, linksOfNew int // see newcomers; only where the table was made
}

// of returns somebody's trust in relation to the median of the reference.
func (t *trustTable) of(person id.ID) float64 {
	if i, ok := slices.BinarySearch(t.people, person); ok {
		return t.scale.Share(t.shares[i])
	}
	return 0
}

func (t *trustTable) lookup() model.Trust {
	threshold, near := t.scale.Relative()
	return model.Trust{Run: t.name, Of: t.of, Threshold: threshold, Near: near}
}

// digest names a table by what is in it.
func (t *trustTable) digest() string {
	h := sha256.New()
	buf := make([]byte, 0, 12*pieceSize)
	for i, p := range t.people {
		buf = binary.BigEndian.AppendUint64(buf, uint64(p)) //nolint:gosec // bits
		buf = binary.BigEndian.AppendUint32(buf, math.Float32bits(t.shares[i]))
		if len(buf) == cap(buf) {
			h.Write(buf)
			buf = buf[:0]
		}
	}
	for _, v := range []float32{t.scale.Median, t.scale.Threshold, t.scale.Near} {
		buf = binary.BigEndian.AppendUint32(buf, math.Float32bits(v))
	}
	h.Write(buf)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// checked is somebody whom staff has checked by hand.
type checked struct {
	user      id.ID
	community int32
	maySeed   bool
}

// makeTrust walks over the links as they stood at a moment, from the seeds of
// its month. The same moment gives the same table always.
func (s *Service) makeTrust(ctx context.Context, asOf time.Time) (*trustTable, error) {
	t := &trustTable{}
	links, people, err := s.readLinks(ctx, asOf)
	if err != nil {
		return nil, err
	}
	t.people = people
	g, err := trust.Build(len(people), links)
	if err != nil {
		return nil, fmt.Errorf("tie people at %s: %w", asOf, err)
	}
	t.links = g.Links()
	older, err := s.readOlderThanTheirIDs(ctx, asOf.Add(-newFor))
	if err != nil {
		return nil, err
	}
	t.newAccounts, t.linksOfNew = newcomers(g, people, asOf, older)
	all, err := s.readChecked(ctx, asOf)
	if err != nil {
		return nil, err
	}
	var candidates []trust.Candidate
	var reference []trust.Node
	for _, c := range all {
		i, ok := slices.BinarySearch(people, c.user)
		if !ok {
			continue
		}
		reference = append(reference, trust.Node(i)) //nolint:gosec // fewer than trust.MaxNodes
		if c.maySeed {
			candidates = append(candidates, trust.Candidate{Node: trust.Node(i), Community: c.community}) //nolint:gosec // as above
		}
	}
	local := asOf.In(shanghai)
	seeds := trust.Rotate(g, candidates, s.seedKey, 12*local.Year()+int(local.Month()), seedShare)
	t.shares = trust.Propagate(g, seeds, trust.Rounds(g.Len()))
	t.scale = trust.Calibrate(t.shares, reference)
	t.name = t.digest()
	return t, nil
}

// trustOf returns the table of a run: from memory, from where the last ones are
// stored, or made again, and then it must be what it was.
func (s *Service) trustOf(ctx context.Context, asOf time.Time) (model.Trust, error) {
	t, err := s.table(ctx, asOf)
	if err != nil {
		return model.Trust{}, err
	}
	return t.lookup(), nil
}

func (s *Service) table(ctx context.Context, asOf time.Time) (*trustTable, error) {
	asOf = asOf.UTC()
	s.mu.Lock()
	t := s.tables[asOf]
	s.mu.Unlock()
	if t != nil {
		return t, nil
	}
	t, known, err := s.loadTrust(ctx, asOf)
	if err != nil {
		return nil, err
	}
	if t == nil {
		if t, err = s.makeTrust(ctx, asOf); err != nil {
			return nil, err
		}
		if known != "" && t.name != known {
			return nil, fmt.Errorf("the trust of %s was %s and is made again as %s", asOf, known, t.name)
		}
	}
	s.keep(asOf, t)
	return t, nil
}

// keep holds a table in memory, and lets the oldest go.
func (s *Service) keep(asOf time.Time, t *trustTable) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tables[asOf.UTC()] = t
	for len(s.tables) > tablesKept {
		var oldest time.Time
		for at := range s.tables {
			if oldest.IsZero() || at.Before(oldest) {
				oldest = at
			}
		}
		if oldest.Equal(asOf) { // somebody looks back: the newer ones are wanted more
			delete(s.tables, oldest)
			return
		}
		delete(s.tables, oldest)
	}
}
