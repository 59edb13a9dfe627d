package wire

import "google.golang.org/protobuf/encoding/protowire"

// Replay holds publications encoded once for many replies to subscribe, which
// end at the same publication and begin at different ones. It does not change.
type Replay struct {
	encoded []byte
	starts  []int // of each publication in encoded
}

// EncodeReplay encodes publications for SubscribeResult.SetReplay. The error, if
// any, is ErrDataNotJSON.
func EncodeReplay(p Protocol, pubs []*Publication) (*Replay, error) {
	r := &Replay{starts: make([]int, len(pubs))}
	var err error
	for i, pub := range pubs {
		if p == JSON && i > 0 {
			r.encoded = append(r.encoded, ',')
		}
		r.starts[i] = len(r.encoded)
		if p == Protobuf {
			r.encoded = protowire.AppendTag(r.encoded, fieldPublications, protowire.BytesType)
		}
		if r.encoded, err = appendMessage(r.encoded, p, pub); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// SetReplay makes what Replay.From returned the publications that are encoded, in place of r.Publications.
func (r *SubscribeResult) SetReplay(encoded []byte) { r.replay = encoded }

// SetValidData sets data that is known to be one JSON value, and not checked again when it is encoded.
func (r *SubscribeResult) SetValidData(data Raw) { r.Data, r.validData = data, true }

// From returns those from the i-th on, shared by all who ask.
func (r *Replay) From(i int) []byte {
	if i >= len(r.starts) {
		return nil
	}
	return r.encoded[r.starts[i]:]
}
