// Package circlelog is the log of each circle, the truth that sockets only
// hint at. It promises that offsets have no holes, that an event exists if and
// only if the change it tells of does (same transaction), and that what is
// younger than the retention can be read from any offset. Start in append.go;
// read.go reads and compares heads, trim.go forgets, epoch.go names the log.
package circlelog
