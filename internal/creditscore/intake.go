package creditscore

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	jsonx "github.com/go-json-experiment/json"

	"lifecircle/internal/creditscore/model"
	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

// Limits of what an issuer sends.
const (
	MaxIssued     = 500             // events in a message
	MaxIssuerSkew = 5 * time.Minute // between its timestamp and our clock
	MaxIssuedRef  = 100             // bytes of an event's name
)

// How issuers sign: the timestamp as it is sent, a full stop, and the body.
const (
	Ed25519 = "ed25519"
	HMAC    = "hmac-sha256"
)

// issuable are the kinds that an issuer may be allowed to send.
var issuable = []model.Kind{
	model.Settled, model.Reversed, model.ObligationKept, model.ObligationBroken, model.NegativeDay, model.ReportUpheld, model.Penalised,
}

// IssuableKinds returns the names of the kinds of events that issuers send.
func IssuableKinds() []string {
	names := make([]string, len(issuable))
	for i, k := range issuable {
		names[i] = kindNames[k]
	}
	return names
}

// Issuer is who may send score events.
type Issuer struct {
	Name      string
	Algorithm string   // Ed25519 or HMAC
	Key       []byte   // the public key, or the shared secret of 32 to 64 bytes
	Kinds     []string // those that are believed of it
}

// Message is what an issuer sends.
type Message struct {
	Issuer    string
	Timestamp string // Unix seconds
	Signature string // base64
	Body      []byte
}

// Taken says what became of a message.
type Taken struct {
	Accepted int `json:"accepted" doc:"events that are new"`
	Repeated int `json:"repeated" doc:"events that had been sent before, and change nothing"`
}

// Issued is an event as an issuer sends it.
type Issued struct {
	ID           string    `json:"id" doc:"the issuer's name of it: sent again, it counts once" minLength:"1" maxLength:"100"`
	User         id.ID     `json:"user"`
	Kind         string    `json:"kind" enum:"settled,reversed,obligation_kept,obligation_broken,negative_day,report_upheld,penalised"`
	Counterparty id.ID     `json:"counterparty,omitempty" doc:"the other person; needed by settled and reversed"`
	Code         string    `json:"code,omitempty" enum:"chargeback_lost,severe_report,kick_back" doc:"of a penalty"`
	At           time.Time `json:"at,omitempty" doc:"when it happened; it counts from then, but for what has been published before"`
}

// IssuedEvents is the body of a message.
type IssuedEvents struct {
	Events []Issued `json:"events" minItems:"1" maxItems:"500"`
}

// Take takes a message of an issuer: all of its events or, with a problem of
// the first that is wrong, none. Sent again, it changes nothing. Penalties take
// effect at once.
func (s *Service) Take(ctx context.Context, m Message) (t Taken, err error) {
	from, err := s.authentic(ctx, m)
	if err != nil {
		return t, err
	}
	events, err := from.read(m.Body)
	if err != nil {
		return t, err
	}
	err = s.write(ctx, func(ctx context.Context, w *writer) error {
		if err := knownPeople(ctx, w.tx, events); err != nil {
			return err
		}
		fresh, err := w.append(ctx, events)
		if err != nil {
			return err
		}
		t = Taken{}
		for _, e := range fresh {
			if e.Issuer == from.Name { // and not what followed for vouchers
				t.Accepted++
			}
		}
		t.Repeated = len(events) - t.Accepted
		return nil
	})
	return t, err
}

// authentic finds out who sent a message.
func (s *Service) authentic(ctx context.Context, m Message) (from Issuer, err error) {
	if !utf8.ValidString(m.Issuer) || strings.ContainsRune(m.Issuer, 0) {
		return from, problem.New(problem.IssuerUnknown, "No operator has added an issuer of this name.")
	}
	from, err = readIssuer(ctx, s.pool, m.Issuer)
	if err != nil {
		return from, outward(err)
	}
	now, err := s.now(ctx, s.pool)
	if err != nil {
		return from, outward(err)
	}
	signature, err := base64.StdEncoding.DecodeString(m.Signature)
	if err != nil || !from.signed(m, signature) {
		return from, problem.New(problem.IssuerSignature, "The signature does not fit the issuer, the timestamp and the body.")
	}
	seconds, err := strconv.ParseInt(m.Timestamp, 10, 64)
	if skew := now.Sub(time.Unix(seconds, 0)).Abs(); err != nil || skew > MaxIssuerSkew {
		return from, problem.New(problem.IssuerStale, "The timestamp must be that of now, by %s at most.", MaxIssuerSkew)
	}
	return from, nil
}

func (i Issuer) signed(m Message, signature []byte) bool {
	content := slices.Concat([]byte(m.Timestamp), []byte{'.'}, m.Body)
	if i.Algorithm == Ed25519 {
		return len(i.Key) == ed25519.PublicKeySize && ed25519.Verify(i.Key, content, signature)
	}
	mac := hmac.New(sha256.New, i.Key)
	mac.Write(content)
	return hmac.Equal(mac.Sum(nil), signature)
}

// Sign signs a body as an issuer does: with a private key of Ed25519, or a secret.
func Sign(algorithm string, key []byte, name string, at time.Time, body []byte) Message {
	m := Message{Issuer: name, Timestamp: strconv.FormatInt(at.Unix(), 10), Body: body}
	content := slices.Concat([]byte(m.Timestamp), []byte{'.'}, body)
	var signature []byte
	if algorithm == Ed25519 {
		signature = ed25519.Sign(key, content)
	} else {
		mac := hmac.New(sha256.New, key)
		mac.Write(content)
		signature = mac.Sum(nil)
	}
	m.Signature = base64.StdEncoding.EncodeToString(signature)
	return m
}

// read reads the events of a body that is authentic.
func (i Issuer) read(body []byte) ([]Event, error) {
	var in IssuedEvents
	if err := jsonx.UnmarshalRead(bytes.NewReader(body), &in, jsonx.RejectUnknownMembers(true)); err != nil {
		return nil, problem.New(problem.MalformedJSON, "The body is not a list of events: %v.", err)
	}
	if len(in.Events) == 0 || len(in.Events) > MaxIssued {
		return nil, problem.Invalid(problem.Invalid_, "body.events", "There must be 1 to %d events.", MaxIssued)
	}
	events := make([]Event, len(in.Events))
	for n, e := range in.Events {
		one, err := i.event(e, "body.events["+strconv.Itoa(n)+"]")
		if err != nil {
			return nil, err
		}
		events[n] = one
	}
	return events, nil
}

func (i Issuer) event(in Issued, where string) (e Event, err error) {
	kind, known := kinds[in.Kind]
	switch {
	case !known || !slices.Contains(issuable, kind):
		return e, problem.Invalid(problem.Invalid_, where+".kind", "There is no such kind of event for issuers.")
	case !slices.Contains(i.Kinds, in.Kind):
		return e, problem.New(problem.IssuerKind, "This issuer is not believed in events of the kind %s.", in.Kind)
	case in.ID == "" || len(in.ID) > MaxIssuedRef:
		return e, problem.Invalid(problem.Invalid_, where+".id", "The id must have 1 to %d bytes.", MaxIssuedRef)
	case in.User <= 0:
		return e, problem.Invalid(problem.UserNotFound, where+".user", "There is no such person.")
	}
	between := kind == model.Settled || kind == model.Reversed
	if between != (in.Counterparty > 0) || in.Counterparty == in.User {
		return e, problem.Invalid(problem.Invalid_, where+".counterparty", "The other person belongs to settled and reversed, and to nothing else.")
	}
	penalty := kind == model.Penalised
	code := model.Code(in.Code)
	if penalty != (in.Code != "") || penalty && !slices.Contains([]model.Code{model.ChargebackLost, model.SevereReport, model.KickBack}, code) {
		return e, problem.Invalid(problem.Invalid_, where+".code", "The code belongs to penalties: chargeback_lost, severe_report or kick_back.")
	}
	return Event{Event: model.Event{User: in.User, Kind: kind, Other: in.Counterparty, Code: code, At: in.At}, Issuer: i.Name, Ref: in.ID}, nil
}

// AddIssuer lets somebody send score events from now on, or gives him another key.
func (s *Service) AddIssuer(ctx context.Context, i Issuer) error {
	if (i.Algorithm == Ed25519 && len(i.Key) != ed25519.PublicKeySize) || (i.Algorithm != Ed25519 && i.Algorithm != HMAC) {
		return fmt.Errorf("an issuer signs with %s and a public key of %d bytes, or with %s", Ed25519, ed25519.PublicKeySize, HMAC)
	}
	for _, k := range i.Kinds {
		if !slices.Contains(IssuableKinds(), k) {
			return fmt.Errorf("issuers send no events of the kind %q; there are %v", k, IssuableKinds())
		}
	}
	return storeIssuer(ctx, s.pool, i)
}
