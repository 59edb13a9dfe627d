package demo

import (
	"math/rand/v2"
	"time"
)

// follows tells since when the members follow: the owner from the first day,
// everybody before his or her first word or like, some of the quiet ones late.
func (v *voice) follows(rng *rand.Rand, now time.Time, threads []thread) []Follow {
	first := make(map[string]time.Time)
	note := func(handle string, at time.Time) {
		if known, ok := first[handle]; !ok || at.Before(known) {
			first[handle] = at
		}
	}
	for _, t := range threads {
		note(t.post.Author, t.post.At)
		for _, c := range t.turns {
			note(c.author, c.at)
		}
		for _, l := range t.likes {
			note(l.author, l.at)
		}
	}
	begin := now.Add(-followSpan)
	var all []Follow
	for _, m := range v.members {
		until, ok := first[m.Handle]
		if !ok {
			until = now
		}
		at := begin
		if m.Handle != v.script.Owner {
			at = begin.Add(time.Duration((0.001 + 0.998*rng.Float64()) * float64(until.Sub(begin)))).Truncate(time.Millisecond)
		}
		all = append(all, Follow{Circle: v.script.Key, Person: m.Handle, At: at})
	}
	return all
}
