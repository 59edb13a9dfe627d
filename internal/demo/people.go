package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
)

const peopleFile = "people.txt"

// citizen is a person with what decides where he or she turns up.
type citizen struct {
	Person
	language string   // zh, en or both
	circles  []string // keys of those he or she speaks in
}

// loadPeople reads lines of: handle | name | city | language | circles | bio.
// A star before the handle marks a demo login.
func loadPeople() ([]citizen, error) {
	data, err := contentFiles.ReadFile(path.Join("content", peopleFile))
	if err != nil {
		return nil, err
	}
	var people []citizen
	for i, l := range strings.Split(string(data), "\n") {
		if strings.TrimSpace(l) == "" {
			continue
		}
		fields := strings.Split(l, "|")
		if len(fields) != 6 {
			return nil, fmt.Errorf("read content/%s: line %d has %d fields", peopleFile, i+1, len(fields))
		}
		for j := range fields {
			fields[j] = strings.TrimSpace(fields[j])
		}
		handle, demo := strings.CutPrefix(fields[0], "*")
		people = append(people, citizen{
			Person:   Person{Handle: handle, DisplayName: fields[1], Bio: fields[5], City: fields[2], Demo: demo},
			language: fields[3], circles: strings.Fields(fields[4]),
		})
	}
	return people, nil
}

// writes tells whether the citizen says things in this language.
func (c citizen) writes(chinese bool) bool {
	return c.language == "both" || (c.language == "zh") == chinese
}

// member is a follower of one circle.
type member struct {
	citizen
	staff bool
	talk  float64 // how likely to speak in relation to others; 0: only reads and likes
	like  float64
}

// says tells whether the line is one for this member, who does not speak of
// himself or herself by name.
func (m member) says(l line) bool {
	return m.writes(l.chinese) && (m.staff || !l.staff) && (len(l.by) == 0 || slices.Contains(l.by, m.Handle)) &&
		!strings.Contains(l.text, m.DisplayName)
}

// talkOf is the weight of those who may say the line.
func talkOf(l line) func(m member) float64 {
	return func(m member) float64 {
		if !m.says(l) {
			return 0
		}
		return m.talk
	}
}

const readerShare = 0.16 // of the people who have no word to say in a circle

// newMembers chooses the followers of a circle. A few of them are loud.
func newMembers(rng *rand.Rand, c Circle, people []citizen) []member {
	var members []member
	for _, p := range people {
		m := member{citizen: p, like: math.Exp(rng.NormFloat64() * 0.7)}
		m.staff = p.Handle == c.Owner || slices.Contains(c.Moderators, p.Handle)
		talk, reads := math.Exp(rng.NormFloat64()*0.7), rng.Float64() < readerShare
		switch {
		case m.staff:
			m.talk = 1.6 * talk
		case p.Handle == c.Partner || slices.Contains(p.circles, c.Key):
			m.talk = talk
		case !reads:
			continue
		}
		members = append(members, m)
	}
	return members
}

// choose picks one of those whom weight does not make 0. It returns false if
// there is nobody.
func choose(rng *rand.Rand, members []member, weight func(m member) float64) (member, bool) {
	weights := make([]float64, len(members))
	var total float64
	for i, m := range members {
		weights[i] = weight(m)
		total += weights[i]
	}
	at := rng.Float64() * total
	for i, w := range weights {
		if w > 0 && at < w {
			return members[i], true
		}
		at -= w
	}
	return member{}, false
}
