package trust

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// SeedsPerCommunity is the lowest number of seeds a community has (section 4):
// one with none would look like a ring of fakes to all others.
const SeedsPerCommunity = 2

// Candidate is a human of identity level 3 who was checked by hand.
type Candidate struct {
	Node      Node
	Community int32
}

// Rotate chooses the seeds of a month: one in every share candidates of each
// community, and SeedsPerCommunity at least if it has them. Who they are
// follows from the secret key and cannot be told without it; months are
// counted from anywhere. The answer is in rising order.
func Rotate(candidates []Candidate, key []byte, month, share int) []Node {
	type drawn struct {
		Candidate
		lot [sha256.Size]byte
	}
	all := make([]drawn, 0, len(candidates))
	for _, c := range candidates {
		mac := hmac.New(sha256.New, key)
		_ = binary.Write(mac, binary.BigEndian, [2]int64{int64(month), int64(c.Node)})
		d := drawn{Candidate: c}
		mac.Sum(d.lot[:0])
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b drawn) int {
		return cmp.Or(cmp.Compare(a.Community, b.Community), bytes.Compare(a.lot[:], b.lot[:]))
	})
	var seeds []Node
	for start := 0; start < len(all); {
		end := start
		for end < len(all) && all[end].Community == all[start].Community {
			end++
		}
		for _, d := range all[start:min(end, start+max(SeedsPerCommunity, (end-start)/max(1, share)))] {
			seeds = append(seeds, d.Node)
		}
		start = end
	}
	slices.Sort(seeds)
	return seeds
}
