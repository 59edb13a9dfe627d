package sandbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"lifecircle/internal/money"
	"lifecircle/payments/provider"
)

// Header carries the signature of a notification: t=<Unix seconds>,v1=<hex of
// HMAC-SHA256 over the time, a dot and the body>.
const Header = "Sandbox-Signature"

const maxNotice = 64 << 10 // bytes of a notification's body

// notice is the body of a notification.
type notice struct {
	Merchant string         `json:"merchant"`
	Kind     provider.Kind  `json:"kind"`
	ID       string         `json:"id"`
	Ref      string         `json:"ref"`
	State    provider.State `json:"state"`
	Amount   int64          `json:"amount"` // fen, really paid
	At       time.Time      `json:"at"`
	Reason   string         `json:"reason,omitempty"`
}

func (b *Bank) body(e provider.Event) ([]byte, error) {
	return json.Marshal(notice{b.merchant, e.Kind, e.ID, e.Ref, e.State, e.Amount.Amount, e.At.UTC(), e.Reason})
}

func (b *Bank) mac(seconds string, body []byte) []byte {
	h := hmac.New(sha256.New, b.secret)
	h.Write([]byte(seconds))
	h.Write([]byte("."))
	h.Write(body)
	return h.Sum(nil)
}

// sign returns the header of a notification that is sent at a time.
func (b *Bank) sign(at time.Time, body []byte) http.Header {
	seconds := strconv.FormatInt(at.Unix(), 10)
	return http.Header{Header: {"t=" + seconds + ",v1=" + hex.EncodeToString(b.mac(seconds, body))}}
}

// Notification implements provider.Provider.
func (b *Bank) Notification(header http.Header, body []byte, now time.Time) ([]provider.Event, error) {
	seconds, signature, ok := strings.Cut(header.Get(Header), ",v1=")
	seconds, isTime := strings.CutPrefix(seconds, "t=")
	mac, err := hex.DecodeString(signature)
	if !ok || !isTime || err != nil || len(body) > maxNotice || !hmac.Equal(mac, b.mac(seconds, body)) {
		return nil, provider.ErrSignature
	}
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return nil, provider.ErrSignature
	}
	if now.Sub(time.Unix(unix, 0)).Abs() > provider.MaxSkew {
		return nil, provider.ErrStale
	}
	var n notice
	if err := json.Unmarshal(body, &n); err != nil {
		return nil, fmt.Errorf("read a notification of the sandbox: %w", err)
	}
	if n.Merchant != b.merchant {
		return nil, provider.ErrForeign
	}
	return []provider.Event{{Kind: n.Kind, ID: n.ID, Ref: n.Ref, State: n.State, Amount: money.Fen(n.Amount), At: n.At, Reason: n.Reason}}, nil
}

// announce queues the notification of e in the transaction that made it true,
// as the behaviour has it; before is an older one of the same thing.
func (b *Bank) announce(ctx context.Context, tx pgx.Tx, before, e provider.Event, late time.Duration) error {
	if b.o.Behaviour == Never || b.o.Deliver == nil {
		return nil
	}
	if err := b.queue(ctx, tx, e, late); err != nil {
		return err
	}
	switch b.o.Behaviour {
	case Twice:
		return b.queue(ctx, tx, e, late)
	case Disorder:
		return b.queue(ctx, tx, before, late+disorderBy)
	default:
		return nil
	}
}

func (b *Bank) queue(ctx context.Context, tx pgx.Tx, e provider.Event, late time.Duration) error {
	body, err := b.body(e)
	if err != nil {
		return fmt.Errorf("write a notification of %s: %w", e.ID, err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO sandbox_notices (body, due_at) VALUES ($1, now() + $2::bigint * interval '1 microsecond')`,
		string(body), late.Microseconds())
	return err
}
