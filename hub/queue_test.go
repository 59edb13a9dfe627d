package hub

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// However items come and go: those that may not be dropped leave in order and
// complete, a key waits at most once, and the bytes add up.
func TestQueue(t *testing.T) {
	t.Parallel()
	const limit = 1000
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var want, got []string
		var batch []item
		for i := range rapid.IntRange(0, 80).Draw(t, "steps") {
			it := item{
				bytes: make([]byte, rapid.IntRange(1, 200).Draw(t, "size")),
				kind:  rapid.SampledFrom([]itemKind{ordinary, droppable, required}).Draw(t, "kind"),
			}
			name := fmt.Sprint("item ", i)
			switch it.kind {
			case droppable:
				it.key = rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "key")
				q.push(it, limit)
			default:
				it.key = "\x00" + name // to tell them apart; the queue does not look at it
				if overflow, _ := q.push(it, limit); !overflow {
					want = append(want, it.key)
				} else if it.kind == required {
					t.Fatal("a reply did not fit")
				}
			}
			checkQueue(t, &q)
			if rapid.IntRange(0, 3).Draw(t, "take") == 0 {
				batch = q.take(batch[:0], rapid.IntRange(0, 400).Draw(t, "bytes"))
				got = append(got, kept(batch)...)
				checkQueue(t, &q)
			}
		}
		got = append(got, kept(q.take(nil, 1<<30))...)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("came out %q\nwent in %q", got, want)
		}
		if q.bytes != 0 || !q.empty() {
			t.Fatalf("left: %+v", q)
		}
	})
}

func kept(items []item) (names []string) {
	for _, it := range items {
		if it.kind != droppable {
			names = append(names, it.key)
		}
	}
	return names
}

func checkQueue(t *rapid.T, q *queue) {
	bytes, keys := 0, map[string]int{}
	for i, it := range q.items {
		bytes += len(it.bytes)
		if it.kind == droppable && it.key != "" {
			keys[it.key]++
			if n := q.newest[it.key]; n != q.first+uint64(i) {
				t.Fatalf("key %q is at %d, not at %d", it.key, q.first+uint64(i), n)
			}
		}
	}
	if bytes != q.bytes {
		t.Fatalf("%d bytes, counted %d", bytes, q.bytes)
	}
	for key, n := range keys {
		if n > 1 {
			t.Fatalf("key %q waits %d times", key, n)
		}
	}
	if len(q.newest) > len(keys) {
		t.Fatalf("keys %v of %v", q.newest, keys)
	}
}

func TestQueueDropsWhatMayBeDroppedFirst(t *testing.T) {
	t.Parallel()
	var q queue
	for range 4 {
		q.push(item{bytes: make([]byte, 100), kind: droppable}, 1000)
	}
	for i := range 10 {
		overflow, dropped := q.push(item{bytes: make([]byte, 100)}, 1000)
		if overflow || (dropped > 0) != (i == 6) {
			t.Fatalf("item %d: overflow %v, dropped %d", i, overflow, dropped)
		}
	}
	if overflow, _ := q.push(item{bytes: make([]byte, 100)}, 1000); !overflow {
		t.Error("the queue has no end")
	}
	if _, dropped := q.push(item{bytes: make([]byte, 1), kind: droppable}, 1000); dropped != 1 {
		t.Error("a full queue took an item that may be dropped")
	}
}
