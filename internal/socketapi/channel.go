package socketapi

import (
	"strings"

	"lifecircle/internal/id"
)

// The kinds of channels, by the start of their names.
const (
	circlePrefix = "circle:" // a circle's log, and the numbers beside it
	userPrefix   = "user:"   // hints for one person, on all of his sockets
)

func circleChannel(circle id.ID) string { return circlePrefix + circle.String() }

func userChannel(user id.ID) string { return userPrefix + user.String() }

// circleOf returns the circle of a channel; false: it is no circle's.
func circleOf(channel string) (id.ID, bool) {
	name, ok := strings.CutPrefix(channel, circlePrefix)
	if !ok {
		return 0, false
	}
	circle, err := id.Parse(name)
	return circle, err == nil
}
