package redisbroker

// SlotOf is the slot of a channel in a Cluster.
func SlotOf(channel string) int { return slotOf(hashTags()[share(channel, tagCount)]) }

// Reload has a Cluster looked at.
func (b *Broker) Reload() { b.reload() }
