// Package groupcommit writes many small things in few transactions. Whatever
// is queued while one commit is under way goes together into the next, without
// a timer: an idle lane takes what is there at once, a busy one takes more.
// It promises an answer for each item and a bounded queue; it refuses with
// ErrFull instead of growing, and under lasting overload (see load.go) as soon
// as an item would wait too long, so that those it takes are served quickly.
// Begin with groupcommit.go.
package groupcommit
