// Package picture turns an uploaded file into what we keep of a photo. It is
// pure: bytes in, bytes out; no database, no network, no disk.
//
// It promises that
//   - a file is judged by its header before anything is decoded: its kind, its
//     pixels, and the memory that reading it may take (Probe);
//   - nothing of the file but its pixels is kept: every rendition is encoded
//     anew, upright, in sRGB, without EXIF, XMP, IPTC, GPS, comments or profile;
//   - whatever the bytes are, Make returns a picture or a problem with one of
//     the photo_ codes, within Header.Memory bytes;
//   - of many at once, a Workshop makes only as many as it has hands and memory
//     for; the others wait in line, and beyond its end are told to come again.
//
// It refuses other kinds than JPEG, PNG, WebP and GIF, files above MaxBytes,
// pictures above MaxPixels or MaxSide, and what is cut off or contradicts its
// own header.
//
// Open make.go first, then probe.go.
package picture
