// Package archtest holds the house rules on imports and folders as a table
// that a test checks against the code. A package that is not in the table
// fails the test: decide where it belongs and add it to table.go.
package archtest
