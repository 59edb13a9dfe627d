package app

import (
	"lifecircle/hub"
	"lifecircle/hub/redisbroker"
	"lifecircle/internal/config"
	"lifecircle/internal/ratelimit"
)

// between is what nodes share beside the database: nothing, if there is one.
type between struct {
	broker  hub.Broker
	limiter ratelimit.Limiter
	lossy   bool // the broker may lose messages
}

// connect makes what nodes share. Redis need not be there: without it they
// find news in the log and limit rates each alone.
func (a *App) connect(url config.Secret) (between, error) {
	memory := ratelimit.NewMemory(maxRateKeys, nil)
	if url == "" {
		return between{broker: hub.NewMemoryBroker(), limiter: memory}, nil
	}
	shared, err := ratelimit.Open(url.Reveal(), memory, a.Log)
	if err != nil {
		return between{}, err
	}
	a.onClose(shared.Close)
	broker, err := redisbroker.Open(url.Reveal(), "", a.Log)
	if err != nil {
		return between{}, err
	}
	a.ready.redis = broker.Health
	return between{broker: broker, limiter: shared, lossy: true}, nil
}
