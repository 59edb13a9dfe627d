// Package localpg runs a private Postgres for a server that was given no
// database: from the binaries on the machine, in one directory, on a Unix
// socket that only its owner can open. It promises that an acknowledged
// commit is on the disk, that the commands of one data directory share one
// Postgres, and that a Postgres whose server was killed is used again by the
// next command instead of being left behind. It refuses a data directory of
// another major version, one that belongs to another user, and binaries older
// than MinMajor; each with one sentence that says what to do.
//
// Who owns it: everybody who called Start holds a shared lock on
// <Dir>/users.lock; the one who stops last stops Postgres. Locks end with
// their process, so a kill -9 leaves Postgres running without users, and the
// next Start adopts it. Postgres has a session of its own: Ctrl-C on the
// terminal reaches the server, not the database under it.
//
// As root, Postgres runs as the owner of its data, which is the user postgres
// where there is one and nobody elsewhere.
//
// Linux only. Open server.go first.
package localpg
