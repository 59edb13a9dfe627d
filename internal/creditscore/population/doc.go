// Package population makes up people with believable histories, who they know,
// and the fakes that attack them: the reference on which score model lc-1 is
// tested, and whom a demo world can be filled with. It is synthetic: its rates
// were chosen so that shares of scores lie where section 3 of the model's
// specification wants them, and prove nothing about real people.
//
// The same seed makes the same people. Traits and amounts of money are here so
// that tests can change them: Events leaves them out, because score events have
// no room for them.
//
// Open world.go; person.go and history.go make a life, network.go the links,
// attack.go the fakes.
package population
