package picture_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"lifecircle/internal/media/picture"
	"lifecircle/internal/problem"
)

// TestAHundredAtOnceStayWithinMemory lets a hundred uploads in together that
// want 120 MB each and have nothing to fill them with, and a few sound ones.
func TestAHundredAtOnceStayWithinMemory(t *testing.T) {
	bomb, sound := rawPNG(3000, 2000, 16, 6, 0, 100), asPNG(t, gradient(300, 200))
	h, err := picture.Probe(bytes.NewReader(bomb))
	if err != nil || 100*h.Memory < 8*picture.MaxMemory {
		t.Fatalf("%+v, %v: it would prove nothing", h, err)
	}
	w := picture.NewWorkshop(picture.WorkshopOptions{Jobs: 100, Waiting: 10}) // memory alone makes them wait
	peak := watchHeap(t)
	var all sync.WaitGroup
	for i := range 110 {
		all.Go(func() {
			file, want := bomb, problem.PhotoUnreadable
			if i%11 == 0 {
				file, want = sound, ""
			}
			if _, err := w.Make(t.Context(), bytes.NewReader(file)); codeOf(err) != want {
				t.Error(err)
			}
		})
	}
	all.Wait()
	const ours = 64 << 20 // bytes of the test itself
	if grew := peak(); grew > picture.MaxMemory+ours || grew < h.Memory/2 {
		t.Errorf("the heap grew by %d MB, allowed are %d", grew>>20, picture.MaxMemory>>20)
	}
}

// watchHeap looks at the heap, collected or not, every millisecond; the result
// ends that and says by how many bytes it grew.
func watchHeap(t *testing.T) (peak func() int64) {
	t.Helper()
	read := func() int64 {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(sample)
		return int64(sample[0].Value.Uint64())
	}
	runtime.GC()
	before := read()
	most, stop, stopped := before, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				most = max(most, read())
			case <-stop:
				return
			}
		}
	}()
	return func() int64 {
		close(stop)
		<-stopped
		return most - before
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
