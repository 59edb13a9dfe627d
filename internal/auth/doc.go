// Package auth knows who somebody is: accounts with passwords, sessions with
// rotating refresh tokens, and short-lived access tokens that any node can
// check without asking the database.
//
// It promises:
//   - A password is kept as argon2id only, a refresh token as SHA-256 only,
//     and neither they nor an access token appear in an error or a log line.
//   - An unknown handle and a wrong password look alike: same answer, same
//     work. Only so many passwords are hashed at once; who would wait too long
//     is told to come again (problem.Overloaded).
//   - A refresh token works once. A second use, by whoever, ends the session,
//     because one of the two users of the token has stolen it. There is no
//     grace: a client sends one refresh at a time. Browsers alone may repeat
//     one whose answer was lost, see Resume: within 30 seconds and while the
//     next token lies unused, which is dead from then on.
//   - Signing keys live in the database, change every 30 days without a
//     restart, and a token outlives the change of its key.
//
// It refuses to look anything up for an access token: that one stays valid
// until it expires, 15 minutes at most, though its session was revoked or its
// user banned. What must be judged at once (bans, roles, scores) is read where
// the action is committed. A leaked signing key is removed by deleting its
// row: every node drops it within seconds.
//
// Start with service.go, then account.go, session.go, token.go (verified.go
// spares it work), keys.go.
package auth
