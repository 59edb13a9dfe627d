// Package creditscore keeps everybody's score: the events that it is made of,
// the nightly run that publishes it, and what people may do about it: see why,
// appeal, vouch, have contacts. What events come to is package model's business,
// whom to trust package trust's; both are pure.
//
// It promises:
//   - A published score follows from the events, the model's version and the
//     date alone: Replay computes any past one again. An event never counts
//     from before a run that had begun when it was written.
//   - A night raises nobody by more than 10 points for each night since the run
//     before, and is run once however many nodes there are; a node that dies in
//     it leaves the rest to another one.
//   - Only penalties lower a score by day, at once and with a notice; an upheld
//     appeal gives back at once.
//   - Events come from our own tables, without the writers of those knowing, and
//     from issuers whom operators have added, in signed and repeatable messages.
//
// It refuses traits of people and amounts of money: its tables have no room
// for them.
//
// Open rights.go for what rules read, night.go for how a score is made,
// collect.go for where events come from, intake.go for who else may send some.
package creditscore
