// Package app is the one place that knows every part of the server. It
// promises that a server which Build returned lacks nothing, that Run tells
// when it is ready, that a server that is told to end does so in a stated
// order, losing no acknowledged write, and that what goes wrong at the start is
// one sentence without a stack trace and leaves nothing running.
//
// Start order: addresses (a port in use is found first) -> front door, which
// answers "starting" -> database, schema, epoch -> parts, each made before who
// needs it: broker, hub, news, feed, payments and its providers, auth, HTTP ->
// demo world -> ready -> the canary, which comes as viewers do.
//
// Stop order: demo people -> not ready -> canary -> sockets leave with 3001, spread over
// the drain time -> HTTP requests are answered -> queued commits are done, those
// of payments before those of the feed, which tells of both -> they are told -> brokers -> operators' door -> database.
//
// Open app.go first; parts.go keeps the order, build.go joins the parts.
// metrics.go, trace.go and canary.go are what operators see.
package app
