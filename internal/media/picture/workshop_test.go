package picture_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lifecircle/internal/media/picture"
	"lifecircle/internal/problem"
)

// TestAHundredAtOnceAreMadeFewAtATime lets a hundred uploads in together and
// holds them in the midst of decoding, until nobody else gets in.
func TestAHundredAtOnceAreMadeFewAtATime(t *testing.T) {
	file := rawPNG(3000, 2000, 16, 6, 0, 2000*(3000*8+1)) // 48 MB decoded
	h, err := picture.Probe(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	byMemory := int(picture.MaxMemory / h.Memory)
	if byMemory < 2 || byMemory > 20 {
		t.Fatalf("%d at once proves nothing", byMemory)
	}
	for name, c := range map[string]struct{ jobs, want int }{"by hands": {3, 3}, "by memory": {100, byMemory}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := picture.NewWorkshop(picture.WorkshopOptions{Jobs: c.jobs})
				ctx, cancel := context.WithCancel(t.Context())
				var inside atomic.Int32
				var all sync.WaitGroup
				runtime.GC()
				before := heap()
				for range 100 {
					all.Go(func() {
						upload := &held{Reader: bytes.NewReader(file), inside: &inside, done: ctx.Done()}
						if _, err := w.Make(ctx, upload); !errors.Is(err, context.Canceled) {
							t.Error(err)
						}
					})
				}
				synctest.Wait() // all are inside or in line
				if n := int(inside.Load()); n != c.want {
					t.Errorf("%d are inside, want %d", n, c.want)
				}
				if grew := heap() - before; grew > picture.MaxMemory || grew < int64(c.want)*40<<20 {
					t.Errorf("the heap grew by %d MB", grew>>20)
				}
				cancel()
				all.Wait()
			})
		})
	}
}

// heap is how many bytes are in it, collected or not.
func heap() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// held is a file that comes in small parts, and stops coming when the decoder
// has begun with the pixels.
type held struct {
	*bytes.Reader
	inside *atomic.Int32
	done   <-chan struct{}
	passes int // so often it was read from its start; the third time it is decoded
	read   int // bytes in this pass
}

func (f *held) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		f.passes++
		f.read = 0
	}
	return f.Reader.Seek(offset, whence)
}

func (f *held) Read(p []byte) (int, error) {
	if f.passes == 3 && f.read >= 4096 {
		f.inside.Add(1)
		<-f.done
	}
	n, err := f.Reader.Read(p[:min(len(p), 1024)])
	f.read += n
	return n, err
}

// TestTheWorkshopSweeps: with the collector off, nobody else frees what
// pictures leave behind.
func TestTheWorkshopSweeps(t *testing.T) {
	bomb := rawPNG(3000, 2000, 16, 6, 0, 100) // 48 MB, and nothing to fill them with
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	w := picture.NewWorkshop(picture.WorkshopOptions{})
	runtime.GC()
	before, most := heap(), int64(0)
	for range 60 {
		if _, err := w.Make(t.Context(), bytes.NewReader(bomb)); codeOf(err) != problem.PhotoUnreadable {
			t.Fatal(err)
		}
		most = max(most, heap()-before)
	}
	if most > picture.MaxMemory || most < picture.MaxMemory/8 {
		t.Errorf("the heap grew by %d MB, allowed are %d", most>>20, picture.MaxMemory>>20)
	}
}

// TestLargePicturesTakeWhatTheirHeadersSay, in the forms that take most.
func TestLargePicturesTakeWhatTheirHeadersSay(t *testing.T) {
	const w, h = 2000, 1504
	for name, file := range map[string][]byte{
		"progressive":    flatJPEG(0xc2, w, h, 1, false, 96, 128, 128),
		"interlaced PNG": rawPNG(w, h, 16, 6, 1, w*h*8+h*15/8),
	} {
		if _, err := make1(t, file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// watched is a file that tells of each read.
type watched struct {
	io.ReadSeeker
	look func()
}

func (f *watched) Read(p []byte) (int, error) {
	f.look()
	return f.ReadSeeker.Read(p)
}

// stuck is a file whose pixels do not come until it is let go.
type stuck struct {
	*bytes.Reader
	passes  int
	reached chan<- struct{}
	release <-chan struct{}
}

func (f *stuck) Seek(offset int64, whence int) (int64, error) {
	if offset == 0 && whence == io.SeekStart {
		if f.passes++; f.passes == 2 { // behind the header
			f.reached <- struct{}{}
			<-f.release
		}
	}
	return f.Reader.Seek(offset, whence)
}

// TestTheLineEndsSomewhere: one works, one waits, the next is told to come
// again; who is refused by the header is not asked to wait; who gives up leaves.
func TestTheLineEndsSomewhere(t *testing.T) {
	w := picture.NewWorkshop(picture.WorkshopOptions{Jobs: 1, Waiting: 1})
	file := asPNG(t, gradient(8, 8))
	reached, release := make(chan struct{}, 1), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := w.Make(t.Context(), &stuck{Reader: bytes.NewReader(file), reached: reached, release: release}); err != nil {
			t.Error(err)
		}
	})
	<-reached

	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error, 1)
	all.Go(func() {
		for { // until it is the one in line
			if _, err := w.Make(ctx, bytes.NewReader(file)); codeOf(err) != problem.Overloaded {
				waiting <- err
				return
			}
		}
	})
	var busy *problem.Problem
	for busy == nil { // until the other stands in line
		short, stop := context.WithTimeout(t.Context(), time.Millisecond)
		_, err := w.Make(short, bytes.NewReader(file))
		stop()
		if busy = problem.From(err); busy == nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
	}
	if busy.Code != problem.Overloaded || busy.RetryAfter <= 0 || busy.Detail == "" {
		t.Errorf("got %+v", busy)
	}
	if _, err := w.Make(t.Context(), bytes.NewReader([]byte("%PDF-1.7"))); codeOf(err) != problem.PhotoKindUnsupported {
		t.Errorf("a PDF: %v", err)
	}
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up: %v", err)
	}
	close(release)
	all.Wait()
	if _, err := w.Make(t.Context(), bytes.NewReader(file)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestDecodingEndsWithItsContext: at the next read of the file.
func TestDecodingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reads := 0
	file := &watched{ReadSeeker: bytes.NewReader(asJPEG(t, gradient(1500, 1500))), look: func() {
		if reads++; reads == 3 {
			cancel()
		}
	}}
	if _, err := picture.Make(ctx, file); !errors.Is(err, context.Canceled) || reads > 4 {
		t.Errorf("%v after %d reads", err, reads)
	}
}

var errDisk = errors.New("the disk is on fire")

type broken struct{ *bytes.Reader }

func (broken) Read([]byte) (int, error) { return 0, errDisk }

// TestFaultsOfTheDiskAreNotThePhotos: they are ours, not the uploader's.
func TestFaultsOfTheDiskAreNotThePhotos(t *testing.T) {
	if _, err := picture.Make(t.Context(), broken{bytes.NewReader(asPNG(t, gradient(8, 8)))}); !errors.Is(err, errDisk) || problem.From(err) != nil {
		t.Errorf("got %v", err)
	}
}

// TestTheGreediestFilesFit: whatever is within the limits fits into MaxMemory.
func TestTheGreediestFilesFit(t *testing.T) {
	end := []byte{0xff, 0xd8, 0xff, 0xd9}
	for name, file := range map[string][]byte{
		"progressive CMYK":        afterSOI(end, jpegFrame(0xc2, 8000, 5000, 0x11, 0x11, 0x11, 0x11)),
		"a strip":                 afterSOI(end, jpegFrame(0xc2, 32000, 1250, 0x22, 0x11, 0x11, 0x22)),
		"a square":                afterSOI(end, jpegFrame(0xc2, 6324, 6324, 0x11, 0x11, 0x11, 0x11)),
		"another sampling":        afterSOI(end, jpegFrame(0xc2, 6324, 6324, 0x42, 0x42, 0x42)),
		"interlaced, 16 bits":     rawPNG(6324, 6324, 16, 6, 1, 0),
		"WebP":                    webpOf("VP8X", []byte{16, 0, 0, 0, 0xb3, 0x18, 0, 0xb3, 0x18, 0}, "ANMF", append(make([]byte, 6), 0xb3, 0x18, 0, 0xb3, 0x18, 0, 0, 0, 0, 0)),
		"the first line of a GIF": append([]byte("GIF89a"), 0xb4, 0x18, 0xb4, 0x18, 0, 0, 0),
	} {
		h, err := picture.Probe(bytes.NewReader(file))
		if err != nil || h.Memory > picture.MaxMemory || h.Memory < int64(h.Width*h.Height) {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
		t.Logf("%s: %d MB", name, h.Memory>>20)
	}
}
