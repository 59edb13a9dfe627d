package sandbox

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"lifecircle/internal/pgtest"
	"lifecircle/payments/provider"
)

func FuzzSandboxNotification(f *testing.F) {
	b := &Bank{merchant: "m", secret: bytes.Repeat([]byte{7}, 32)}
	now := time.Unix(1_800_000_000, 0)
	body := []byte(`{"merchant":"m","kind":"payment","id":"a","state":"paid","amount":5}`)
	f.Add(b.sign(now, body).Get(Header), body, true)
	f.Add("t=1,v1=", []byte("{"), false)
	f.Add("", []byte{}, true)
	f.Fuzz(func(t *testing.T, header string, body []byte, signed bool) {
		h := http.Header{Header: {header}}
		if signed { // so that what is behind the signature is reached
			h = b.sign(now, body)
		}
		events, err := b.Notification(h, body, now)
		if err == nil && len(events) != 1 || err != nil && events != nil {
			t.Errorf("%v, %v", events, err)
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{Behaviour: "sometimes"}, {Delay: -time.Second}} {
		if err := o.Check(); err == nil || !strings.Contains(err.Error(), "sandbox") {
			t.Errorf("%+v: %v", o, err)
		}
		if _, err := New(t.Context(), nil, o); err == nil {
			t.Errorf("%+v makes a bank", o)
		}
	}
	if err := (Options{}).Check(); err != nil {
		t.Error(err)
	}
}

// TestNodesSignForEachOther: the secret is the database's, not the node's.
func TestNodesSignForEachOther(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	first, err := New(t.Context(), pool, Options{})
	must(t, err)
	second, err := New(t.Context(), pool, Options{})
	must(t, err)
	body, err := first.body(provider.Event{Kind: provider.Payment, ID: "a", State: provider.Paid})
	must(t, err)
	if events, err := second.Notification(first.sign(time.Now(), body), body, time.Now()); err != nil || len(events) != 1 {
		t.Errorf("%v, %v", events, err)
	}
	elsewhere := newBank(t, Options{})
	if bytes.Equal(elsewhere.secret, first.secret) || elsewhere.merchant == first.merchant {
		t.Error("two databases have the same bank")
	}
}
