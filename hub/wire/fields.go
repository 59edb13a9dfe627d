package wire

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// message is a value that can name its fields. The same list serves four
// visitors: the encoder and the decoder of each encoding.
type message interface {
	fields(v visitor)
}

// visitor is one direction of one encoding. It is shown every field of a
// message with its Protobuf number, its JSON name and the place of its value.
// An encoder appends the values that are not zero. A decoder stands on one
// field of its input, fills in the value that belongs to it and leaves the others alone.
type visitor interface {
	str(num protowire.Number, name string, p *string)
	raw(num protowire.Number, name string, p *Raw)
	// valid is raw for what need not be checked again.
	valid(num protowire.Number, name string, p *Raw)
	// encoded is a repeated message that an encoder finds encoded already, and a decoder leaves alone.
	encoded(num protowire.Number, name string, b []byte)
	boolean(num protowire.Number, name string, p *bool)
	uint32(num protowire.Number, name string, p *uint32)
	uint64(num protowire.Number, name string, p *uint64)
	int32(num protowire.Number, name string, p *int32)
	int64(num protowire.Number, name string, p *int64)
	// mark is for a message of which only the presence matters.
	mark(num protowire.Number, name string, p *bool)
	// begin says whether the field is to be visited: an encoder has then written its
	// key, if set; a decoder stands on it. The value must follow, by message.
	begin(num protowire.Number, name string, set bool) bool
	message(m message)
	list(num protowire.Number, name string, l list)
	dict(num protowire.Number, name string, d dict)
	tags(num protowire.Number, name string, p *map[string]string)
}

// list is a repeated message.
type list interface {
	size() int
	at(i int) message
	add() message
}

// dict is a map from strings to messages.
type dict interface {
	keys() []string // sorted
	at(key string) message
	put(key string) message // empty, in place of an earlier one
}

// pointer is *T, a message.
type pointer[T any] interface {
	*T
	message
}

// present is begin for a pointer; a decoder finds an allocated value behind it.
func present[T any](v visitor, num protowire.Number, name string, p **T) bool {
	if !v.begin(num, name, *p != nil) {
		return false
	}
	if *p == nil {
		*p = new(T)
	}
	return true
}

// optional is a message that may be absent.
func optional[T any, M pointer[T]](v visitor, num protowire.Number, name string, p **T) {
	if present(v, num, name, p) {
		v.message(M(*p))
	}
}

// listOf makes a slice of messages a list.
type listOf[T any, M pointer[T]] []*T

func (l *listOf[T, M]) size() int        { return len(*l) }
func (l *listOf[T, M]) at(i int) message { return M((*l)[i]) }
func (l *listOf[T, M]) add() message {
	m := new(T)
	*l = append(*l, m)
	return M(m)
}

// dictOf makes a map of messages a dict.
type dictOf[T any, M pointer[T]] map[string]*T

func (d *dictOf[T, M]) keys() []string        { return sortedKeys(*d) }
func (d *dictOf[T, M]) at(key string) message { return M((*d)[key]) }
func (d *dictOf[T, M]) put(key string) message {
	if *d == nil {
		*d = make(dictOf[T, M])
	}
	m := new(T)
	(*d)[key] = m
	return M(m)
}

// putTag is dict.put for strings.
func putTag(p *map[string]string, key, value string) {
	if *p == nil {
		*p = make(map[string]string)
	}
	(*p)[key] = value
}

// sortedKeys makes the encoding of a map the same every time.
func sortedKeys[V any](m map[string]V) []string {
	if len(m) == 0 {
		return nil // without the allocations, for publications without tags
	}
	return slices.Sorted(maps.Keys(m))
}
