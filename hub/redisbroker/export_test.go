package redisbroker

// SlotOf is the slot of a channel in a Cluster.
func SlotOf(channel string) int { return slotOf(hashTags()[share(channel, tagCount)]) }
