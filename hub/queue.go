package hub

// itemKind says what a queue may do with an item.
type itemKind uint8

const (
	ordinary  itemKind = iota // kept, or the queue overflows
	droppable                 // replaced by a newer one of its key, and the first to go
	required                  // a reply: kept even beyond the limit; its number is bounded by the commands in work
)

// item is one frame that waits for a client.
type item struct {
	bytes []byte
	kind  itemKind
	key   string
}

// queue holds what waits for one client, bounded in bytes. When it is full the
// droppable items go; when that is not enough it overflows, and the client must
// be cut. Pure: the owner locks.
type queue struct {
	items  []item
	first  uint64            // items ever taken from the front: items[i] has the number first+i
	bytes  int               // of all items
	newest map[string]uint64 // number of the waiting item of a key
}

func (q *queue) empty() bool { return len(q.items) == 0 }

// push adds it. overflow means that it did not fit and nothing can be dropped
// for it; dropped counts droppable items that were lost, not those replaced.
func (q *queue) push(it item, limit int) (overflow bool, dropped int) {
	if it.kind == droppable {
		return false, q.pushDroppable(it, limit)
	}
	if it.kind != required && q.full(it, limit) {
		dropped = q.dropDroppable()
		if q.full(it, limit) {
			return true, dropped
		}
	}
	q.append(it)
	return false, dropped
}

// pushDroppable leaves half of the queue to items that may not be dropped.
func (q *queue) pushDroppable(it item, limit int) (dropped int) {
	if it.key != "" {
		if n, waiting := q.newest[it.key]; waiting {
			old := &q.items[n-q.first]
			q.bytes += len(it.bytes) - len(old.bytes)
			*old = it
			return 0
		}
	}
	if q.full(it, limit/2) {
		return 1
	}
	if it.key != "" {
		if q.newest == nil {
			q.newest = make(map[string]uint64)
		}
		q.newest[it.key] = q.first + uint64(len(q.items))
	}
	q.append(it)
	return 0
}

// full tells whether it does not fit. A single item always does, whatever its size.
func (q *queue) full(it item, limit int) bool { return q.bytes > 0 && q.bytes+len(it.bytes) > limit }

func (q *queue) append(it item) {
	q.items = append(q.items, it)
	q.bytes += len(it.bytes)
}

func (q *queue) dropDroppable() (dropped int) {
	kept := q.items[:0]
	for _, it := range q.items {
		if it.kind == droppable {
			q.bytes -= len(it.bytes)
			dropped++
			continue
		}
		kept = append(kept, it)
	}
	clear(q.items[len(kept):])
	q.items, q.newest = kept, nil
	return dropped
}

// take moves items of at most maxBytes, but at least one, to batch.
func (q *queue) take(batch []item, maxBytes int) []item {
	n, size := 0, 0
	for n < len(q.items) {
		it := &q.items[n]
		if n > 0 && size+len(it.bytes) > maxBytes {
			break
		}
		size += len(it.bytes)
		if it.key != "" {
			delete(q.newest, it.key)
		}
		n++
	}
	batch = append(batch, q.items[:n]...)
	q.first += uint64(n) //nolint:gosec // a count is not negative
	q.bytes -= size
	clear(q.items[:n])
	q.items = q.items[n:]
	if len(q.items) == 0 {
		q.items, q.newest = nil, nil // an idle client keeps no buffers
	}
	return batch
}

// clear forgets all items.
func (q *queue) clear() { *q = queue{first: q.first} }
