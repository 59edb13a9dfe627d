// Package notify finds out what is news for the people who have a socket on
// this node: that they can do more or less than before, that their score is
// another one, that there is a notification. News is a row that the database
// writes with the change itself, whoever makes it: a node, a command, somebody
// at a prompt. What ends by the clock needs no row.
//
// It promises that each node learns of every change within half a second of
// its commit, with or without Redis, and at once of those that are its own. It
// refuses to say what the news is: clients fetch that.
//
// Open watch.go first; watch_store.go has the SQL, migrations the triggers.
package notify
