package providertest

import (
	"errors"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"lifecircle/payments/provider"
)

func (h Harness) read(n Notice) ([]provider.Event, error) {
	return h.Provider.Notification(n.Header, n.Body, time.Now())
}

func notifies(t *testing.T, h Harness) {
	o := h.paid(t, 88_00)
	n := h.Notice(t, o, time.Now(), Bank)
	events, err := h.read(n)
	if err != nil || len(events) != 1 {
		t.Fatalf("Notification: %v, %v", events, err)
	}
	checkPaid(t, events[0], provider.Payment, o.ID, o.Amount)
	if again, err := h.read(n); err != nil || !reflect.DeepEqual(events, again) {
		t.Errorf("the same again: %+v, %v; it was %+v", again, err, events)
	}
	if e := h.payment(t, o); e.Ref != events[0].Ref {
		t.Errorf("the notification says %q, the answer %q", events[0].Ref, e.Ref)
	}
	if contentType, body := h.Provider.Received(); contentType == "" || body == "" {
		t.Errorf("the bank reads %q of type %q", body, contentType)
	}
}

func forged(t *testing.T, h Harness) {
	o := h.paid(t, 88_00)
	h.refuses(t, h.Notice(t, o, time.Now(), Forger), provider.ErrSignature)
	n := h.Notice(t, o, time.Now(), Bank)
	h.refuses(t, Notice{Header: http.Header{}, Body: []byte(`{}`)}, provider.ErrSignature)
	n.Body = append(n.Body, ' ')
	h.refuses(t, n, provider.ErrSignature)
}

// altered turns over the lowest bit of each byte, one after the other.
func altered(t *testing.T, h Harness) {
	o := h.paid(t, 88_00)
	n := h.Notice(t, o, time.Now(), Bank)
	for i := range n.Body {
		bad := Notice{Header: n.Header, Body: slices.Clone(n.Body)}
		bad.Body[i] ^= 1
		if events, err := h.read(bad); !errors.Is(err, provider.ErrSignature) || events != nil {
			t.Fatalf("with byte %d of %q altered: %+v, %v", i, n.Body, events, err)
		}
	}
}

func stale(t *testing.T, h Harness) {
	o := h.paid(t, 88_00)
	at := time.Now().Truncate(time.Second)
	n := h.Notice(t, o, at, Bank)
	for skew, want := range map[time.Duration]error{
		provider.MaxSkew: nil, -provider.MaxSkew: nil,
		provider.MaxSkew + time.Second: provider.ErrStale, -provider.MaxSkew - time.Second: provider.ErrStale,
	} {
		if events, err := h.Provider.Notification(n.Header, n.Body, at.Add(skew)); !errors.Is(err, want) || want != nil && events != nil {
			t.Errorf("read %s after it was signed: %+v, %v; want %v", skew, events, err, want)
		}
	}
}

func foreign(t *testing.T, h Harness) {
	o := h.paid(t, 88_00)
	h.refuses(t, h.Notice(t, o, time.Now(), Stranger), provider.ErrForeign)
}

func noise(t *testing.T, h Harness) {
	for _, body := range [][]byte{nil, []byte("&&&=%zz"), []byte(`{"id":`), make([]byte, 1<<20)} {
		h.refuses(t, Notice{Header: http.Header{"Content-Type": {"text/plain"}}, Body: body}, provider.ErrSignature)
	}
}

func (h Harness) refuses(t testing.TB, n Notice, want error) {
	t.Helper()
	if events, err := h.read(n); !errors.Is(err, want) || events != nil {
		t.Errorf("Notification of %.200q: %+v, %v; want %v", n.Body, events, err, want)
	}
}
