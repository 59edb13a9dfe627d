// Package groupcommit writes many small things in few transactions. Whatever
// is queued while one commit is under way goes together into the next, without
// a timer: an idle lane takes what is there at once, a busy one takes more.
// It promises an answer for each item and a bounded queue; it refuses with
// ErrFull instead of growing. Everything is in groupcommit.go.
package groupcommit
