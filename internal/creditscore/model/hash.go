package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// Hash returns what names the inputs of a score: everything that it follows
// from, with the table of trust by its name. Lists carry their lengths, so no
// two inputs are written the same.
func Hash(in Inputs, t Trust, date time.Time) string {
	b := append([]byte(Version), 0)
	n := func(values ...int64) {
		for _, v := range values {
			b = binary.BigEndian.AppendUint64(b, uint64(v)) //nolint:gosec // only to be told apart
		}
	}
	_, offset := date.Zone()
	n(date.UnixNano(), int64(offset), int64(len(t.Run)))
	b = append(b, t.Run...)
	n(int64(in.User), in.Joined.UnixNano(), flag(in.Revoked), flag(in.SupposedTrusted))
	for _, until := range in.Levels {
		n(until.Unix())
	}
	for _, until := range in.Attributes {
		n(until.Unix())
	}
	n(int64(in.CleanMonths), int64(in.Transactions), int64(in.Reversals), int64(in.Kept), int64(in.Broken),
		int64(in.Items), int64(in.NegativeDays), int64(in.Vouches))
	n(int64(len(in.Counterparties)))
	for _, p := range in.Counterparties {
		n(int64(p))
	}
	n(int64(len(in.Reports)))
	for _, at := range in.Reports {
		n(at.UnixNano())
	}
	n(int64(len(in.Appreciations)))
	for _, c := range in.Appreciations {
		n(int64(c.Person), int64(c.Months))
	}
	n(int64(len(in.Contacts)))
	for _, p := range in.Contacts {
		n(int64(p))
	}
	n(int64(len(in.Penalties)))
	for _, p := range in.Penalties {
		n(int64(p.Event), p.At.UnixNano(), int64(len(p.Code)))
		b = append(b, p.Code...)
	}
	for _, r := range in.Removals { // the rest is theirs: without any, the bytes are those of before there were any
		n(int64(r.By), r.At.UnixNano())
	}
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
