package e2e

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var chaosRounds = flag.Int("chaos.rounds", 4, "how often TestChaos kills something; one of each kind in turn")

const (
	chaosWriters = 200
	afterwards   = 300 * time.Millisecond // of writing, once everything is back
)

// chaos is a server that loses its processes while many people write.
type chaos struct {
	*server
	redis   *redis
	dice    func(int64) int64
	circles []circle
	writers []*chaosWriter

	mu      sync.Mutex     // guards what follows
	targets []post         // to like and comment
	seen    map[string]int // how requests ended that were not acknowledged
}

// kills are what is ended at a random moment, and how it comes back.
var kills = []struct {
	name string
	do   func(c *chaos) error
}{
	{"server", func(c *chaos) error {
		if err := c.kill(); err != nil {
			return err
		}
		return c.run()
	}},
	{"Postgres", func(c *chaos) error {
		if err := c.killPostgres(); err != nil {
			return err
		}
		return c.awaitReady()
	}},
	{"Redis", func(c *chaos) error {
		c.redis.Kill()
		<-time.After(time.Duration(c.dice(800)) * time.Millisecond) // without it
		c.redis.Restart()
		return nil
	}},
	{"everything", func(c *chaos) error {
		var end sync.WaitGroup
		var errs [2]error
		end.Go(func() { errs[0] = c.kill() })
		end.Go(func() { errs[1] = c.killPostgres() })
		end.Go(c.redis.Kill)
		end.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		c.redis.Restart()
		return c.run()
	}},
}

// What was acknowledged is there, once; what was not is retried with its key,
// and then is there, once. Counts and offsets agree with the rows.
func TestChaos(t *testing.T) {
	r := startRedis(t)
	c := &chaos{server: start(t, settings{redisURL: r.URL()}), redis: r, dice: newDice(t)}
	for i, p := range c.people(chaosWriters) {
		c.writers = append(c.writers, &chaosWriter{chaos: c, number: i, person: p, liked: map[string]bool{}})
	}
	for range 3 {
		made := c.circle(c.writers[0].person)
		c.circles = append(c.circles, made)
		c.targets = append(c.targets, c.post(c.writers[0].person, made, "the first of its circle"))
	}
	for round := range *chaosRounds {
		kill := kills[round%len(kills)]
		if !t.Run(fmt.Sprintf("round %d, %s", round+1, kill.name), func(t *testing.T) { c.round(t, round+1, kill.do) }) {
			return
		}
	}
}

func (c *chaos) round(t *testing.T, number int, kill func(*chaos) error) {
	c.t = t
	heads := c.heads()
	c.seen = map[string]int{}
	stop := make(chan struct{})
	var writing sync.WaitGroup
	for _, w := range c.writers {
		w.done = nil
		writing.Go(func() { w.write(number, stop) })
	}
	<-time.After(time.Duration(200+c.dice(1000)) * time.Millisecond) // a random moment
	err := kill(c)
	if err == nil {
		<-time.After(afterwards)
	}
	close(stop)
	writing.Wait()
	if err != nil {
		t.Fatal(err)
	}
	c.verify(number, heads)
	var ends []string
	for _, end := range slices.Sorted(maps.Keys(c.seen)) {
		ends = append(ends, fmt.Sprintf("%d x %s", c.seen[end], end))
	}
	t.Logf("retried: %s", strings.Join(ends, ", "))
}

// target is a post to like or comment.
func (c *chaos) target() post {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Half of it goes to the newest few, so that some are hot.
	if n := len(c.targets); n > 5 && c.dice(2) == 0 {
		return c.targets[n-1-int(c.dice(5))]
	}
	return c.targets[c.dice(int64(len(c.targets)))]
}

func (c *chaos) addTarget(p post) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.targets = append(c.targets, p)
}

func (c *chaos) note(end string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[end]++
}
