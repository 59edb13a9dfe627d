// Package trust tells how well each person is tied to people known to be
// human: the resistance of score model lc-1 against made-up people (section 4
// of its specification). Trust walks from hand-checked seeds along mutual acts
// and is stopped early, as in SybilRank, so that little of it crosses the few
// links between the honest and a ring of fakes.
//
// It promises the same bits for the same links, in whatever order they come,
// on every machine; time and memory linear in links. It refuses one-way acts:
// a tip, a follow or a like has no Kind, so it cannot become a link.
//
// Decided here, where the specification is open:
//   - Two people are tied once, by the strongest of their kinds. Repeating an
//     act, or adding another kind, makes no link heavier.
//   - Trust is per unit of degree, so that many links do not help by number.
//   - Seeds start with what the links of their community's hand-checked people
//     are worth, not all with the same: see Rotate. Hubs are no seeds.
//   - The median and the threshold are those of the hand-checked reference, not
//     of everybody: fakes cannot move them. Members of it without any link say
//     nothing about the network and are left out; an empty reference has no
//     threshold that anybody reaches, so the gate fails closed.
//   - A 5th percentile is the value of nearest rank.
//
// Pure: no clock, no I/O, no state. Open graph.go, then propagate.go; scale.go
// reads the result and seeds.go chooses who is asked to be a seed.
package trust
