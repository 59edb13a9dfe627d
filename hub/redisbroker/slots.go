package redisbroker

import (
	"hash/crc32"
	"strconv"
)

const (
	slotCount = 16384 // of every Redis Cluster

	// tagCount is how many hash tags the channels of a Cluster are spread over.
	// A node holds one connection for each tag that its clients watch, so it is
	// the most that all masters together see of one node; and each tag lies on
	// one master, so up to a dozen masters share the load within a fourth. All
	// nodes must have the same number: with another one they do not hear each
	// other, and the log delivers.
	tagCount = 64
)

// hashTags are the tags in the order of their slots. Each lies in a range of
// its own of slotCount/tagCount slots, so that masters with equal shares of
// the slots have equal shares of the tags.
func hashTags() []string {
	tags := make([]string, tagCount)
	for n, found := 0, 0; found < tagCount; n++ {
		tag := "s" + strconv.Itoa(n)
		if at := &tags[slotOf(tag)*tagCount/slotCount]; *at == "" {
			*at = tag
			found++
		}
	}
	return tags
}

// slotOf is the slot of a hash tag: CRC16 (XMODEM), as the Cluster counts.
func slotOf(tag string) int {
	var crc uint16
	for i := range len(tag) {
		crc ^= uint16(tag[i]) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			if crc <<= 1; carry {
				crc ^= 0x1021
			}
		}
	}
	return int(crc) % slotCount
}

// share finds which of n parts a channel belongs to, the same on all nodes.
func share(channel string, n int) int {
	return int(crc32.ChecksumIEEE([]byte(channel)) % uint32(n)) //nolint:gosec // n is 1 or tagCount
}
