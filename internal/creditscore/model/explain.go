package model

import (
	"cmp"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"lifecircle/internal/id"
)

// Explanation is what a user is told of his score (section 5). Its fields are
// written in this order, and signed as they are written.
type Explanation struct {
	User       id.ID    `json:"user"`
	Score      int      `json:"score"`
	Band       Band     `json:"band"`
	AsOf       string   `json:"as_of"`
	Model      string   `json:"model"`
	Parts      []Part   `json:"parts"`
	Penalties  []Taken  `json:"penalties"`
	Gates      []Gate   `json:"gates"`
	Reasons    []string `json:"reasons"`
	ToReach    *Path    `json:"to_reach,omitempty"` // nil at or above the target
	InputsHash string   `json:"inputs_hash"`
	Signature  string   `json:"signature,omitempty"`
}

// maxReasons is how many main reasons there are, at most.
const maxReasons = 4

// Explain returns the explanation of a published score, which is what Next
// made of Score's. A key signs it; without one it is not signed.
func Explain(in Inputs, t Trust, date time.Time, published int, key ed25519.PrivateKey) Explanation {
	r := Score(in, t, date)
	e := Explanation{
		User: in.User, Score: published, Band: BandOf(published), AsOf: dateOf(date), Model: Version,
		Parts: r.Parts, Penalties: r.Penalties, Gates: r.Gates, Reasons: reasons(r, published),
		ToReach: toReach(in, t, Target, date, published), InputsHash: Hash(in, t, date),
	}
	if key != nil {
		e.Signature = signaturePrefix + base64.StdEncoding.EncodeToString(ed25519.Sign(key, e.signed()))
	}
	return e
}

const signaturePrefix = "ed25519:"

// ErrSignature is returned for an explanation that was not signed by the key.
var ErrSignature = errors.New("the explanation is not signed by this key")

// Verify fails with ErrSignature unless the explanation is as the key's owner signed it.
func (e Explanation) Verify(key ed25519.PublicKey) error {
	text, ok := strings.CutPrefix(e.Signature, signaturePrefix)
	signature, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || !ed25519.Verify(key, e.signed(), signature) {
		return ErrSignature
	}
	return nil
}

// signed is what is signed: all that is written but the signature.
func (e Explanation) signed() []byte {
	e.Signature = ""
	b, _ := json.Marshal(e) // numbers, texts and lists of them: cannot fail
	return b
}

// reasons returns what costs the user the most, at most 4: the gate that ends
// his score or the rise that is under way first, then penalties and items by
// the points they lack.
func reasons(r Result, published int) []string {
	type reason struct {
		code string
		cost int
	}
	var all []reason
	for _, part := range r.Parts {
		for _, item := range part.Items {
			all = append(all, reason{item.ID, item.Max - item.Points})
		}
	}
	for _, p := range r.Penalties {
		all = append(all, reason{string(p.Code), -p.Points})
	}
	for _, g := range r.Gates {
		if closed := !g.Passed; closed && r.Raw > r.Gate && (g.ID == "identity") == (r.Gate <= Good) {
			all = append(all, reason{"gate_" + g.ID, Ceiling})
		}
	}
	if published < r.Score {
		all = append(all, reason{"daily_rise", Ceiling})
	}
	slices.SortStableFunc(all, func(a, b reason) int { return cmp.Compare(b.cost, a.cost) })
	codes := make([]string, 0, maxReasons)
	for _, one := range all {
		if len(codes) < maxReasons && one.cost > 0 && !slices.Contains(codes, one.code) {
			codes = append(codes, one.code)
		}
	}
	return codes
}
