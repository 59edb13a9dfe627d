package policy_test

import (
	"runtime"
	"testing"

	"lifecircle/feed/policy"
)

// TestBytesAreThoseOfTheHeap, but for a factor: the bound of whoever keeps
// rules rests on it. It measures the process, and so runs beside no other test.
func TestBytesAreThoseOfTheHeap(t *testing.T) {
	texts := map[string]map[policy.Action]string{"none": {}, "campus": campus}
	for name, w := range worst() {
		texts[name] = w.rules
	}
	for name, rules := range texts {
		told := compile(t, rules).Bytes()
		before := heap()
		kept := make([]*policy.Rules, 100)
		for i := range kept {
			kept[i] = compile(t, rules)
		}
		each := int(heap()-before) / len(kept)
		if each > told*5/4 || told > each*5/2+2000 {
			t.Errorf("%s: %d bytes, told as %d", name, each, told)
		}
		t.Logf("%s: %d bytes, told as %d", name, each, told)
		runtime.KeepAlive(kept)
	}
}
