// Package pg opens the pool of connections to Postgres, brings the schema to
// the state that this binary needs, and reads what Postgres means by its
// errors. It promises one clear sentence for each way in which a database can
// be unsuitable (unreachable, not a Postgres, too old, schema behind or
// ahead), and commits that wait for the disk. It refuses versions older than
// MinMajor.
//
// Open pool.go first; migrate.go for the schema, tx.go for transactions,
// errors.go for the meaning of errors.
package pg
