// Package feed is what people do in circles: circles and their members,
// follows, posts, likes and comments, and the pages that show them.
//
// It promises that a call which returns nil is durable, that counts equal the
// rows they count, that every lasting change in a circle is an event in its
// log, written in the same transaction, and that rights are judged inside that
// transaction. It refuses with the problems of internal/problem, and then
// nothing has changed.
//
// Follow a post: CreatePost in post.go queues a command, batch.go gathers it
// with its neighbours, locks and reads (batch_store.go), lets each command
// decide, writes, commits and tells the Audience. Reading is in X.go beside
// its SQL in X_store.go.
//
// Follow a rule: rules.go sets it, rights.go says who somebody is in a circle
// (standing), rights_store.go reads what that takes, and policy decides. What is
// verified of people and their scores come from whoever is Rights.
package feed
