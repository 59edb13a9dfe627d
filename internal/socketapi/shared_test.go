package socketapi

import (
	"context"
	"errors"
	"sync"
	"testing"
)

func TestSharedReadsServeOnlyWhoAskedBefore(t *testing.T) {
	var (
		s       shared[string, int]
		started = make(chan int)
		proceed = make(chan struct{})
		reads   int
	)
	read := func(context.Context) (int, error) {
		reads++ // one read at a time
		started <- reads
		<-proceed
		return reads, nil
	}
	var askers sync.WaitGroup
	ask := func(oldest int) {
		askers.Go(func() {
			if got, err := s.do(t.Context(), "circle", read); got < oldest || err != nil {
				t.Errorf("got read %d (%v), which began before it was asked for; want %d", got, err, oldest)
			}
		})
	}
	ask(1)
	<-started
	for range 5 { // while the first is under way
		ask(2)
	}
	s.await(func() bool { return s.reads["circle"].next != nil })
	proceed <- struct{}{}
	<-started
	ask(3)
	s.await(func() bool { return s.reads["circle"].next != nil })
	close(proceed)
	go func() { askers.Wait(); close(started) }()
	for range started { // the rest, however they came together
	}
	if len(s.reads) != 0 {
		t.Errorf("%d reads are left", len(s.reads))
	}
}

// await spins until cond holds under the lock.
func (s *shared[K, V]) await(cond func() bool) {
	for {
		s.mu.Lock()
		ok := cond()
		s.mu.Unlock()
		if ok {
			return
		}
	}
}

func TestASharedReadThatFailsFailsForAllWhoWait(t *testing.T) {
	var s shared[string, int]
	broken := errors.New("broken")
	if _, err := s.do(t.Context(), "circle", func(context.Context) (int, error) { return 0, broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if got, err := s.do(t.Context(), "circle", func(context.Context) (int, error) { return 7, nil }); got != 7 || err != nil {
		t.Errorf("after a failure: %d %v", got, err)
	}
}
