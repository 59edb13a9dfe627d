// Package ratelimit decides whether one more event of a key may happen now,
// by the generic cell rate algorithm (GCRA): one number is kept for a key, and
// a key that was left alone is worth no memory.
//
// Memory limits on one node. Redis limits over all nodes, and falls back to
// its Memory while Redis is away: the limit then holds for each node alone,
// and callers notice nothing but a line in the log.
//
// What it refuses: to remember more keys than it was told (the one closest to
// being idle is forgotten first, so a flood of keys makes limits softer and
// never the node bigger), and to keep anybody's key in clear in its memory.
//
// gcra.go is the algorithm, pure; open it first.
package ratelimit
