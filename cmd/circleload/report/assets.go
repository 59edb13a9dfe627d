package report

import (
	"embed"
	"html/template"
)

// The plotting library is laid into assets by the build of the web client and
// is not committed; its placeholder keeps the pattern valid before.
//
//go:embed all:assets
var assets embed.FS

// plotting returns the library's script and style, empty if it was not there.
func plotting() (template.JS, template.CSS) {
	script, err := assets.ReadFile("assets/uPlot.iife.min.js")
	if err != nil {
		return "", ""
	}
	style, err := assets.ReadFile("assets/uPlot.min.css")
	if err != nil {
		return "", ""
	}
	return template.JS(script), template.CSS(style) //nolint:gosec // files of ours, pinned by the lock file of npm
}
