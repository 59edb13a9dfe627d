// Command circleload plays many people against a live server, ours or any that
// speaks the Centrifuge client protocol, and says what it cost and whether
// everybody got what he was owed. docs/circleload.md says how to read it.
//
// It promises:
//   - Every run is bounded in time, and ends early and with a report on Ctrl-C.
//   - Only loopback addresses are loaded, unless --allow-remote is given.
//   - The exit status is 0 when nothing was lost, doubled, disordered or left
//     behind, 1 when something was, 2 when the command line or the scenario is
//     wrong, 3 when the target could not be reached or the scenario could not be
//     carried out. Faults weigh more than what was not carried out.
//
// It refuses to judge speed: figures are for people and for programs that read
// the JSON.
//
// Where to start: flags.go (what can be asked for), target.go (against whom),
// plan.go (from a scenario to what the player plays), play.go (a run).
package main
