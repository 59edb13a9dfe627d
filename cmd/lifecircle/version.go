package main

import (
	"runtime"
	"runtime/debug"

	"lifecircle/internal/httpapi"
)

// Set by the build: -ldflags "-X main.release=1.2.3".
var release = ""

// version says which build this is.
func version() httpapi.Version {
	v := httpapi.Version{Version: release, Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		v.Version = or(v.Version, "unknown")
		return v
	}
	v.Version = or(v.Version, or(info.Main.Version, "unknown"))
	dirty := false
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value[:min(len(s.Value), 12)]
		case "vcs.modified":
			dirty = s.Value == "true"
		}
	}
	if dirty {
		v.Commit += "+changes"
	}
	return v
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
