// Package pgtest gives tests a real Postgres: one server for each test binary,
// started by the first test that asks, and for each test a fresh database with
// the schema of this binary, copied from a template. The server does not wait
// for the disk, so it proves nothing about durability, and it dies with the
// test binary however that ends.
//
// A package that uses it calls Main from its TestMain.
package pgtest
