// Package text holds the rules for what people write: bodies (posts,
// comments, messages) and names (people, circles, tags).
//
// It promises that what it returns is valid UTF-8 without NUL, bounded in
// graphemes and in bytes, safe to store and to send as JSON, and that giving
// its result back to the same function changes nothing. A refusal is a
// problem with the place of the value, never with the value itself.
//
// A body is kept as it was written but for its line ends: normalising it
// would exchange characters that people chose (CJK compatibility forms).
// A name identifies somebody, so it is brought to NFC and to single spaces,
// and may hold nothing that is not seen: direction marks, fillers, joiners
// where nothing joins.
//
// Escaping for HTML is the work of whoever makes HTML. Start with body.go.
package text
