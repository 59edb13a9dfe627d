// Package hubtest helps to test what is built on a hub, and brokers.
//
//   - Client (client.go) speaks the protocol to a real endpoint or, by way of
//     Listen (pipe.go), to a handler over an in-memory connection.
//   - Log (log.go) is a hub.Log in memory that can be trimmed, broken and restored.
//   - RunBrokerSuite (suite.go) is what every broker must pass.
//   - Package redisserver below it starts a real Redis.
//
// It refuses to hide errors: whatever the peer sends out of place fails the call that meets it.
package hubtest
