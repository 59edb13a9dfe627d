package redisbroker

import "testing"

func TestHashTags(t *testing.T) {
	t.Parallel()
	if slot := slotOf("123456789"); slot != 0x31c3 { // the specification's example
		t.Errorf("slot %#x", slot)
	}
	tags := hashTags()
	for i, tag := range tags {
		if at := slotOf(tag) / (slotCount / tagCount); at != i {
			t.Errorf("%s lies in range %d, not %d", tag, at, i)
		}
	}
	if first, last := tags[0], tags[tagCount-1]; first != "s18" || last != "s48" {
		t.Errorf("the tags have changed (%s ... %s): nodes of before and after do not hear each other", first, last)
	}
}
