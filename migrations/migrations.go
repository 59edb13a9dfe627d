// Package migrations holds the numbered SQL files that make the schema. They
// run forward while the previous binary is serving, so each one must leave
// that binary working: add first, remove in a later release.
package migrations

import "embed"

// FS holds the migrations, in goose's format.
//
//go:embed *.sql
var FS embed.FS
