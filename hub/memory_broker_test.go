package hub_test

import (
	"testing"

	"lifecircle/hub"
	"lifecircle/hub/hubtest"
)

func TestMemoryBroker(t *testing.T) {
	t.Parallel()
	hubtest.RunBrokerSuite(t, func(*testing.T) func() hub.Broker {
		b := hub.NewMemoryBroker()
		return func() hub.Broker { return b }
	})
}
