// Package static carries the built web client inside the binary. The source
// is beside this file; `npm run build` writes dist, which is not committed.
// Without a build the package still compiles and FS holds no index.html: the
// server then says so instead of serving an empty page.
package static

import (
	"embed"
	"io/fs"
)

// The placeholder dist/.gitkeep keeps this pattern valid before a build.
//
//go:embed all:dist
var built embed.FS

// FS returns the built client with index.html at its root. Files under
// assets/ carry a hash of their content in their name and may be cached for
// ever; index.html may not.
func FS() fs.FS {
	sub, err := fs.Sub(built, "dist")
	if err != nil {
		panic(err) // "dist" is a constant and a valid path
	}
	return sub
}
