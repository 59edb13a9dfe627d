package swarm_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lifecircle/cmd/circleload/swarm"
)

// hold keeps a connection until the client leaves.
func hold(_ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) }

// frame is one from a server: unmasked.
func frame(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

func deflate(b []byte) []byte {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestSpeed)
	_, _ = w.Write(b)
	_ = w.Flush()
	return bytes.TrimSuffix(out.Bytes(), []byte{0, 0, 0xff, 0xff})
}

type list struct{ got []string }

func (l *list) Message(_ *swarm.Conn, payload []byte, _ time.Time) {
	l.got = append(l.got, string(payload))
}
func (l *list) Closed(*swarm.Conn, int, string, error) {}

// However messages are fragmented, compressed and cut into reads: they are the same.
func TestFeedIsIndifferentToCuts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		messages := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 200), 0, 8).Draw(t, "messages")
		var stream []byte
		var want []string
		for _, m := range messages {
			want = append(want, string(m))
			first := byte(2)
			if rapid.Bool().Draw(t, "compressed") {
				m, first = deflate(m), 0x42
			}
			for rapid.Bool().Draw(t, "fragment") {
				n := rapid.IntRange(0, len(m)).Draw(t, "cut")
				stream = append(stream, frame(first, m[:n])...)
				m, first = m[n:], 0
				if rapid.Bool().Draw(t, "pong between") {
					stream = append(stream, frame(0x8A, []byte("x"))...)
				}
			}
			stream = append(stream, frame(0x80|first, m)...)
		}
		l := &list{}
		f := swarm.NewFeeder(l, 1<<20)
		for len(stream) > 0 {
			n := rapid.IntRange(1, len(stream)).Draw(t, "read")
			if err := f.Feed(stream[:n]); err != nil {
				t.Fatal(err)
			}
			stream = stream[n:]
		}
		if !slices.Equal(l.got, want) {
			t.Fatalf("got %q, want %q", l.got, want)
		}
	})
}

func TestFeedNeverPanics(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := swarm.NewFeeder(&list{}, 1000)
		for range 3 {
			b := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
			if len(b) > 0 && b[0]&0xF == 8 || bytes.ContainsAny(b, "\x88\x89") {
				t.Skip("answers need a socket")
			}
			if f.Feed(b) != nil {
				return
			}
		}
	})
}

// What a server must not send ends the connection, with the reason.
func TestBrokenServers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bytes []byte
		code  uint16 // that we answer with
	}{
		"masked":           {swarm.AppendFrame(nil, 1, []byte("x")), 1002},
		"reserved bits":    {frame(0xA1, nil), 1002},
		"long control":     {frame(0x89, make([]byte, 126)), 1002},
		"split control":    {frame(0x09, nil), 1002},
		"unknown opcode":   {frame(0x83, nil), 1002},
		"unknown control":  {frame(0x8B, nil), 1002},
		"no beginning":     {frame(0x80, nil), 1002},
		"two beginnings":   {append(frame(0x01, []byte("a")), frame(0x81, []byte("b"))...), 1002},
		"not agreed on":    {frame(0xC1, deflate([]byte("x"))), 1002},
		"too big":          {[]byte{0x82, 127, 0, 0, 0, 0, 1, 0, 0, 0}, 1009},
		"too many":         {append(frame(0x02, make([]byte, 60<<10)), frame(0x80, make([]byte, 60<<10))...), 1009},
		"negative by sign": {[]byte{0x82, 127, 0xff, 0, 0, 0, 1, 0, 0, 0}, 1009},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := deadline(t)
			answers := make(chan []byte, 1)
			k := newCollector()
			s := newSwarm(t, swarm.Options{Handler: k, MessageBytes: 100 << 10})
			mustDial(ctx, t, s, swarm.Target{URL: raw(t, "", func(conn net.Conn, r *bufio.Reader) {
				_, _ = conn.Write(c.bytes)
				b := make([]byte, 8)
				_, _ = io.ReadFull(r, b)
				answers <- b
			})})
			if e := next(ctx, t, k.endings); e.code != 1006 || e.err == nil || c.code == 1002 && !isProtocolError(e.err) {
				t.Errorf("%+v", e)
			}
			b := next(ctx, t, answers)
			if code := binary.BigEndian.Uint16([]byte{b[6] ^ b[2], b[7] ^ b[3]}); b[0] != 0x88 || code != c.code {
				t.Errorf("the server got % x: %d, want %d", b, code, c.code)
			}
		})
	}
}

// A bomb is stopped at the limit.
func TestInflationIsBounded(t *testing.T) {
	t.Parallel()
	f := swarm.NewFeeder(&list{}, 100_000)
	if err := f.Feed(frame(0xC2, deflate(make([]byte, 100_000)))); err != nil {
		t.Error(err)
	}
	if err := f.Feed(frame(0xC2, deflate(make([]byte, 100_001)))); err == nil {
		t.Error("inflated beyond the limit")
	}
}

// Close frames in their odd forms.
func TestOddGoodbyes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bytes []byte
		code  int
		sound bool
	}{
		"no code": {frame(0x88, nil), 1005, true},
		"code":    {frame(0x88, []byte{0x0f, 0xa0, 'x'}), 4000, true},
		"nothing": {nil, 1006, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := deadline(t)
			k := newCollector()
			s := newSwarm(t, swarm.Options{Handler: k})
			mustDial(ctx, t, s, swarm.Target{URL: raw(t, "", func(conn net.Conn, r *bufio.Reader) {
				_, _ = conn.Write(c.bytes)
				if c.sound {
					_, _ = r.ReadByte() // the answer
				}
			})})
			if e := next(ctx, t, k.endings); e.code != c.code || (e.err == nil) != c.sound {
				t.Errorf("%+v", e)
			}
		})
	}
}
