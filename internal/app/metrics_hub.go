package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"lifecircle/hub"
	"lifecircle/hub/redisbroker"
	"lifecircle/internal/socketapi"
)

// fanoutMetrics are how quickly this node's viewers get what was committed. A
// fan-out to ten thousand clients counts as one to ten. The age of another
// node's events goes by that node's clock, too, and is wrong by what the two
// differ; the canary's figure knows one clock only.
type fanoutMetrics struct {
	together
	took, age prometheus.Histogram
}

func newFanoutMetrics() (m fanoutMetrics) {
	m.took = histogram("fanout_seconds", "From an event's turn in its channel until the last of this node's clients had it in the kernel, slow ones excepted.", quick, nil)
	m.age = histogram("commit_to_wire_seconds", "From the commit of the oldest event of a fan-out until the last of this node's clients had it in the kernel, slow ones excepted.", slow, nil)
	m.together = together{m.took, m.age}
	return m
}

// observe is hub.Options.Observe. What came from the log has no known age.
func (m fanoutMetrics) observe(f hub.Fanout) {
	m.took.Observe(f.Took.Seconds())
	if f.Age > 0 {
		m.age.Observe(f.Age.Seconds())
	}
}

// watchHub shows the hub's own counters; others is how many clients are none of
// people's.
func (m *metrics) watchHub(node *hub.Node, others func() int) {
	number := func(of func(hub.Stats) uint64) func(hub.Stats) float64 {
		return func(s hub.Stats) float64 { return float64(of(s)) }
	}
	m.registry.MustRegister(readings[hub.Stats]{node.Stats, []reading[hub.Stats]{
		gauge("clients", "Connected clients.", func(s hub.Stats) float64 { return float64(max(0, s.Clients-others())) }),
		gauge("clients_connecting", "Connections whose clients have not said who they are yet.", func(s hub.Stats) float64 { return float64(s.Connecting) }),
		gauge("client_addresses", "Addresses that clients are connected from.", func(s hub.Stats) float64 { return float64(s.Addresses) }),
		gauge("subscriptions", "Subscriptions of connected clients.", func(s hub.Stats) float64 { return float64(s.Subscriptions) }),
		gauge("channels", "Channels that this node serves.", func(s hub.Stats) float64 { return float64(s.Channels) }),
		gauge("queue_bytes", "What waits for clients that do not take it.", func(s hub.Stats) float64 { return float64(s.QueueBytes) }),
		counter("client_connects_total", "Connections accepted.", number(func(s hub.Stats) uint64 { return s.Connects })),
		counter("client_refusals_total", "Handshakes answered 429 or 503.", number(func(s hub.Stats) uint64 { return s.Refused })),
		counter("client_disconnects_total", "Connections closed by the server.", number(func(s hub.Stats) uint64 { return s.Disconnects })),
		counter("client_slow_disconnects_total", "Clients cut with 3008 because they read too slowly.", number(func(s hub.Stats) uint64 { return s.SlowDisconnects })),
		counter("commands_total", "Commands of clients, by result.", number(func(s hub.Stats) uint64 { return s.CommandsAnswered }), "result", "answered"),
		counter("commands_total", "Commands of clients, by result.", number(func(s hub.Stats) uint64 { return s.CommandsRefused }), "result", "refused"),
		counter("handler_panics_total", "Commands of clients that ended in a panic.", number(func(s hub.Stats) uint64 { return s.HandlerPanics })),
		counter("deliveries_total", "Publications put into the queues of clients.", number(func(s hub.Stats) uint64 { return s.Deliveries })),
		counter("drops_total", "Publications outside of logs that a busy client or channel lost.", number(func(s hub.Stats) uint64 { return s.Drops })),
		counter("postponed_total", "Events that a busy channel left to be read from the log.", number(func(s hub.Stats) uint64 { return s.Postponed })),
		counter("gaps_filled_total", "Events read from the log because the broker had not brought them.", number(func(s hub.Stats) uint64 { return s.GapsFilled })),
		counter("gap_errors_total", "Reads of the log to fill gaps that failed.", number(func(s hub.Stats) uint64 { return s.GapErrors })),
		counter("channel_resets_total", "Channels whose subscribers all had to subscribe again.", number(func(s hub.Stats) uint64 { return s.Resets })),
		counter("recoveries_total", "Subscriptions from a position, by result.", number(func(s hub.Stats) uint64 { return s.Recovered }), "result", "recovered"),
		counter("recoveries_total", "Subscriptions from a position, by result.", number(func(s hub.Stats) uint64 { return s.Unrecovered }), "result", "unrecovered"),
		counter("broker_received_total", "Publications that the broker brought for channels of this node.", number(func(s hub.Stats) uint64 { return s.Received })),
		counter("broker_errors_total", "Calls to the broker that failed.", number(func(s hub.Stats) uint64 { return s.BrokerErrors })),
		counter("broker_lost_total", "Times that the broker may have missed something.", number(func(s hub.Stats) uint64 { return s.BrokerLost })),
	}})
}

// watchNews shows the events that this node was too slow to tell.
func (m *metrics) watchNews(news *socketapi.Publisher) {
	m.registry.MustRegister(readings[int64]{news.Dropped, []reading[int64]{
		counter("publish_dropped_total", "Events left to be read from the log because publishing was too slow.", func(n int64) float64 { return float64(n) }),
	}})
}

// watchRedis shows the broker over Redis, if b is one.
func (m *metrics) watchRedis(b hub.Broker) {
	redis, ok := b.(*redisbroker.Broker)
	if !ok {
		return
	}
	m.registry.MustRegister(readings[redisbroker.Stats]{redis.Stats, []reading[redisbroker.Stats]{
		gauge("redis_up", "1 while publications of other nodes are received.", func(redisbroker.Stats) float64 {
			if redis.Health() != nil {
				return 0
			}
			return 1
		}),
		counter("redis_dropped_total", "Publications that Redis did not take.", func(s redisbroker.Stats) float64 { return float64(s.Dropped) }),
		counter("redis_malformed_total", "Messages of Redis that were not understood.", func(s redisbroker.Stats) float64 { return float64(s.Malformed) }),
		counter("redis_sessions_total", "Connections to Redis made for receiving.", func(s redisbroker.Stats) float64 { return float64(s.Sessions) }),
	}})
}
