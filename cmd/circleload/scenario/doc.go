// Package scenario reads what a load test shall do from short YAML files. A few
// of them are built in; `circleload list` names them.
//
// It promises that a scenario which was read is bounded in time and in number,
// and that a word it does not know is an error with its line, never ignored.
//
// It refuses includes, variables, loops and thresholds: what is not a number of
// people, a rate or a time belongs to the program that runs it.
//
// Where to start: scenario.go (what there is to write), viewers.yaml (an example).
package scenario
