package socketapi

import (
	"log/slog"

	"lifecircle/hub"
	"lifecircle/internal/id"
	"lifecircle/internal/notify"
)

// hintsOf are what sockets are told of news. A score is what rules ask for.
var hintsOf = map[notify.Kind][]hub.Publication{
	notify.Can:          {hint("can.updated")},
	notify.Score:        {hint("score.updated"), hint("can.updated")},
	notify.Notification: {hint("notification.created")},
}

// Teller is whose sockets are told: a hub.Node.
type Teller interface {
	Tell(channel string, p hub.Publication) error
}

// News returns what tells a person's sockets on this node that something is
// news. It does not block.
func News(node Teller, log *slog.Logger) func(user id.ID, k notify.Kind) {
	return func(user id.ID, k notify.Kind) {
		for _, h := range hintsOf[k] {
			if err := node.Tell(userChannel(user), h); err != nil {
				log.Error("news cannot be told", "kind", k, "err", err)
			}
		}
	}
}
