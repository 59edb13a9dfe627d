// Package redisbroker is the hub's broker over the publish and subscribe of one
// Redis server. Nothing is stored in Redis.
//
// It promises:
//   - A caller is never held up by a Redis that is down: Publish only queues,
//     Subscribe gives up waiting for the confirmation after subscribeTime.
//   - Whenever messages may have been missed Sink.Lost is called, once all
//     subscriptions stand again.
//   - It comes back by itself, within a second of Redis.
//
// It refuses to keep messages for a Redis that does not take them: they are
// dropped and counted, the log has them.
//
// Open broker.go for the interface, session.go for the life of the connection
// that receives, publish.go for the queue of what is sent, message.go for the
// bytes on the wire.
package redisbroker
