// Package config turns flags and environment into one checked Config. It
// promises that what it returns is usable as it stands, and that no error and
// no text form of a setting shows a password; it refuses settings that nobody
// reads, so that a misspelt LIFECIRCLE_ variable is found at once. Start in
// config.go; parse.go reads, check.go judges.
package config
