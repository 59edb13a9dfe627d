// Package redisbroker is the hub's broker over the publish and subscribe of one
// Redis server, or over the sharded one of a Redis Cluster. Nothing is stored
// in Redis.
//
// It promises:
//   - A caller is never held up by a Redis that is down: Publish only queues,
//     Subscribe gives up waiting for the confirmation after subscribeTime. What
//     is amiss with one master of a Cluster does not touch the others.
//   - Whenever messages may have been missed Sink.Lost is called, once the
//     subscriptions concerned stand again.
//   - It comes back by itself, within a second of Redis, and follows the slots
//     of a Cluster to where they are moved.
//   - A node receives the channels that it has subscribed to and no others, over
//     one connection for each hash tag in use; two seconds after a tag's last
//     channel its connection is closed.
//   - What was published before Run ends is sent, if Redis takes it within drainTime.
//
// It refuses to keep messages for a Redis that does not take them: they are
// dropped and counted, the log has them.
//
// Open broker.go for the interface. Channels belong to partitions (partition.go):
// a single server has one, a Cluster one for each hash tag (slots.go says how
// many and why). session.go is the life of the connection that receives one
// partition, outlet.go the queue of what is sent to one server, cluster.go finds
// out which server has which partition, message.go are the bytes on the wire.
package redisbroker
