package fanout

import (
	"fmt"
	"strconv"
	"time"
)

const (
	messageBytes = 300                   // of a publication's data
	tick         = 10 * time.Millisecond // publications of many channels that fall into one are made together
)

// schedule says what to publish. It is open: a publication that comes late is
// still counted from the moment it was planned for.
type schedule struct {
	Channels []string      `json:"channels"` // in turn
	Rate     float64       `json:"rate"`     // publications a second, of all channels together
	Count    int           `json:"count"`    // publications in all
	Lead     time.Duration `json:"lead"`     // before the first
	Together time.Duration `json:"together"` // the floor writes those of so long with one write a client; 0: each by itself
}

// evenly is rate publications a second and channel for the given length, at least one each.
func evenly(channels []string, rate float64, length time.Duration) schedule {
	s := schedule{Channels: channels, Rate: rate * float64(len(channels))}
	s.Count = max(int(s.Rate*length.Seconds()), len(channels))
	return s
}

// publisher is a service that publishes.
type publisher interface {
	publish(channel string, data []byte) error
	flush() error // writes what publish has kept
}

func (s *schedule) planned(i int) time.Duration {
	return s.Lead + time.Duration(float64(i)/s.Rate*float64(time.Second))
}

// wake is when publication i is made: later than planned if several are made together.
func (s *schedule) wake(i int) time.Duration {
	at, step := s.planned(i), s.Together
	if step == 0 && s.Rate > float64(time.Second/tick) {
		step = tick
	}
	if step == 0 {
		return at
	}
	return (at + step - 1) / step * step
}

// run publishes until halt is closed, and returns how many.
func (s *schedule) run(p publisher, halt <-chan struct{}) (done int, err error) {
	for begin := time.Now(); done < s.Count; {
		now := s.wake(done)
		select {
		case <-time.After(time.Until(begin.Add(now))):
		case <-halt:
			return done, nil
		}
		for ; done < s.Count && s.planned(done) <= now; done++ {
			if err := p.publish(s.Channels[done%len(s.Channels)], message(begin.Add(s.planned(done)))); err != nil {
				return done, fmt.Errorf("publish number %d: %w", done, err)
			}
			if s.Together > 0 {
				continue
			}
			if err := p.flush(); err != nil {
				return done, fmt.Errorf("write number %d: %w", done, err)
			}
		}
		if err := p.flush(); err != nil {
			return done, fmt.Errorf("write what was published: %w", err)
		}
	}
	return done, nil
}

const (
	messageHead = `{"at":`
	messageTail = `,"text":"`
)

// message is the data of a publication that was planned for the given moment.
func message(at time.Time) []byte {
	b := make([]byte, 0, messageBytes)
	b = append(b, messageHead...)
	b = strconv.AppendInt(b, at.UnixNano(), 10)
	b = append(b, messageTail...)
	for len(b) < messageBytes-2 {
		b = append(b, 'x')
	}
	return append(b, '"', '}')
}
