// Package media is what becomes of a file that somebody uploads: its bytes are
// taken, piece by piece and across cuts; a picture is made of them; it is kept
// as a photo, which one post may take; and what nobody needs is forgotten.
//
// It promises that a byte of an upload that was acknowledged is not asked for
// again (but after a crash of Postgres), that the header is judged as soon as
// it is there, that a photo is there with all its files or not at all, that a
// file which a photo refers to is never deleted, and that of many uploads at
// once only few are worked on: the others wait, and the feed does not.
//
// It refuses everything that internal/media/picture refuses, and keeps nothing
// of a file but its pixels: no name, no type, no metadata, neither in a table
// nor in the log.
//
// Follow an upload: upload.go takes it, maker.go makes the photo (picture.go in
// the package of that name), photo.go is what the feed locks and shows, flag.go
// says who may call it sensitive, sweep.go forgets.
package media
