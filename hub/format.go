package hub

import (
	"bytes"
	"compress/flate"
	"sync"

	"lifecircle/hub/wire"
)

// format is how a client's messages are written: the protocol, and whether
// permessage-deflate (RFC 7692) without context takeover was negotiated. All
// clients of a format get the same bytes.
type format uint8

const (
	formats  = 4
	deflated = format(2) // a bit beside the protocol's
)

func formatOf(p wire.Protocol, compress bool) format {
	f := format(p)
	if compress {
		f |= deflated
	}
	return f
}

func (f format) protocol() wire.Protocol { return wire.Protocol(f &^ deflated) }
func (f format) compressed() bool        { return f&deflated != 0 }

const (
	minDeflate      = 256     // bytes; shorter messages hardly become smaller
	minDeflateReply = 1 << 10 // bytes; a reply is compressed for one client alone
	deflateLevel    = 2       // quick; the next levels gain a few per cent for twice the time
)

// deflater compresses single messages. Its writer is large (some 600 KiB): they are pooled.
type deflater struct {
	out bytes.Buffer
	w   *flate.Writer
}

var deflaters = sync.Pool{New: func() any {
	d := new(deflater)
	d.w, _ = flate.NewWriter(&d.out, deflateLevel) // the level is a valid one
	return d
}}

// deflateTail ends what a flush writes; RFC 7692 section 7.2.1 has it left out.
const deflateTail = 4

// deflate returns f compressed, or f itself if that is no shorter.
func (f frame) deflate(p wire.Protocol, atLeast int) frame {
	payload := f.payload()
	if len(payload) < atLeast {
		return f
	}
	d := deflaters.Get().(*deflater) //nolint:forcetypeassert // the pool holds nothing else
	defer deflaters.Put(d)
	d.out.Reset()
	d.w.Reset(&d.out)
	if _, err := d.w.Write(payload); err != nil {
		return f // a buffer takes everything
	}
	if err := d.w.Flush(); err != nil {
		return f
	}
	short := d.out.Bytes()[:d.out.Len()-deflateTail]
	if len(short) >= len(payload) {
		return f
	}
	return append(newFrame(len(short)), short...).seal(dataFrame(p) | rsv1)
}
