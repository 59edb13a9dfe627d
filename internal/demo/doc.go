// Package demo makes up a world for people who look at the product for the
// first time: who lives in it, what they said in thirty days, and what they go
// on saying. It promises that the same seed tells the same story, that what
// Seed writes is what the feed would have written, that it is written once,
// and that only the printed logins can be signed in to. It refuses to speak for
// somebody who signed up.
//
// Open world.go for the story, content.go for the files that it is made of;
// plan.go and seed.go bring it into a database, live.go goes on.
package demo
