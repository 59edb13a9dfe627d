package policy

import (
	"slices"
	"strings"
	"sync"
)

// route is a way sorted by what it asks about. Rules share asks: most ways of
// a rule ask the same of most attributes.
type route struct {
	way  way
	asks []*ask
}

// ask is all that a way asks of one attribute. What hangs on constants alone
// is solved when rules are compiled, so that a refusal need not search for the
// nearest value that is enough.
type ask struct {
	attr   attr
	all    way
	fixed  way // those of all that compare with constants
	moving way // those that compare with something of the circle

	spans   []span   // of numbers: what people can have that meets the fixed
	words   []string // of strings: some that meet the fixed, and all that these name
	truths  []bool   // of booleans: those that meet the fixed
	unnamed string   // of strings: one that the fixed do not name
}

// route keeps the routes of actions, but for those left out, and numbers their
// conditions.
func (r *Rules) route(own, full map[Action][]way, leftOut func(Action) bool) {
	r.own, r.full = map[Action][]route{}, map[Action][]route{}
	router := router{asks: map[string]*ask{}}
	for a := range full {
		if leftOut(a) {
			continue
		}
		r.full[a] = router.routes(full[a])
		r.own[a] = r.full[a]
		if !slices.EqualFunc(own[a], full[a], slices.Equal[way]) {
			r.own[a] = router.routes(own[a])
			r.bytes += bytesOf(r.own[a])
		}
		r.bytes += bytesOf(r.full[a])
	}
	numbered := map[*condition]bool{}
	for _, a := range router.asks {
		r.bytes += a.bytes()
		for _, c := range a.all {
			if !numbered[c] {
				c.number, numbered[c] = r.conditions, true
				r.conditions++
				r.bytes += c.bytes()
			}
		}
	}
}

// routed are the rules that have the routes to an action: those of circles
// without rules, if none bears on it.
func (r *Rules) routed(a Action) *Rules {
	if r.bare(a) {
		return withoutRules()
	}
	return r
}

// bare tells whether no rule bears on an action.
func (r *Rules) bare(a Action) bool {
	if a == tipByAdult {
		a = Tip
	}
	return r.Open(View) && r.Open(a)
}

// visible tells whether everybody may view.
func (r *Rules) visible() bool {
	view := r.routed(View).full[View]
	return len(view) == 1 && len(view[0].way) == 0
}

// withoutRules has the routes of circles without rules.
var withoutRules = sync.OnceValue(func() *Rules {
	r, c := &Rules{}, compiler{weaver: newWeaver()}
	c.weave()
	r.route(c.own, c.full, func(Action) bool { return false })
	return r
})

// router makes routes for the rules of one circle.
type router struct {
	asks map[string]*ask
}

func (r *router) routes(ways []way) []route {
	routes := make([]route, len(ways))
	for i, w := range ways {
		routes[i] = route{way: w, asks: r.asksOf(w)}
	}
	return routes
}

// asksOf sorts the conditions of a way, keeping their order otherwise.
func (r *router) asksOf(w way) []*ask {
	var asks []*ask
	for i, c := range w {
		if slices.ContainsFunc(w[:i], func(o *condition) bool { return o.left == c.left }) {
			continue
		}
		about := slices.DeleteFunc(slices.Clone(w), func(o *condition) bool { return o.left != c.left })
		asks = append(asks, r.ask(about))
	}
	return asks
}

func (r *router) ask(about way) *ask {
	var key strings.Builder
	for _, c := range about {
		key.WriteString(c.key())
		key.WriteByte(';')
	}
	known, ok := r.asks[key.String()]
	if !ok {
		known = solve(slices.Clip(about))
		r.asks[key.String()] = known
	}
	return known
}

func solve(about way) *ask {
	a := &ask{attr: about[0].left, all: about, fixed: about}
	if slices.ContainsFunc(about, func(c *condition) bool { return c.other != attrs }) {
		a.fixed, a.moving = nil, nil
		for _, c := range about {
			if c.other == attrs {
				a.fixed = append(a.fixed, c)
			} else {
				a.moving = append(a.moving, c)
			}
		}
	}
	if !a.attr.ofUser() {
		return a // nobody changes what is the circle's
	}
	switch is := attributes[a.attr]; is.kind {
	case boolean:
		a.truths = slices.DeleteFunc([]bool{true, false}, func(b bool) bool { return !a.fixed.meets(value{b: b}) })
	case number:
		a.spans = []span{{is.lo, is.hi}}
		for _, c := range a.fixed {
			a.spans = intersect(a.spans, spansOf(c.test, c.nums, span{is.lo, is.hi}))
		}
	default:
		a.solveWords(is.only)
	}
	return a
}

// elsewhere stands for any value that a rule does not name.
const elsewhere = "elsewhere"

func (a *ask) solveWords(only []string) {
	all := slices.Clone(only)
	if only == nil {
		a.unnamed = elsewhere
		for _, c := range a.fixed {
			all = append(all, c.strs...)
			a.unnamed = unlike(a.unnamed, c.strs)
		}
		all = append(slices.DeleteFunc(all, func(s string) bool { return s == "" }), a.unnamed)
	}
	a.words = slices.Clip(slices.DeleteFunc(all, func(s string) bool { return !a.fixed.meets(value{s: s}) }))
}

// unlike returns word, made longer until it is none of words.
func unlike(word string, words []string) string {
	for _, s := range words {
		if strings.HasPrefix(s, word) {
			word = s + "*"
		}
	}
	return word
}

// meets tells whether a value passes all conditions of a way, which compare it
// with constants.
func (w way) meets(v value) bool {
	return !slices.ContainsFunc(w, func(c *condition) bool { return !c.compare(v, c.nums, c.strs) })
}

// meetsAt is meets for those that compare with something of the circle.
func (w way) meetsAt(f *facts, v value) bool {
	return !slices.ContainsFunc(w, func(c *condition) bool {
		nums, strs := c.against(f)
		return nums == nil && strs == nil && attributes[c.other].kind != list || !c.compare(v, nums, strs)
	})
}
