// Package verifier is what the identity service needs of those who find out who
// somebody is, behind one small interface. The packages below it are those of
// our own: sandbox plays an authority, email sends a code to a mailbox of a
// school or company, manual waits for a member of staff. verifiertest holds the
// contract that all of them pass.
//
// A verifier promises that a repeated Start with the same ID does nothing new,
// that Result changes no more once it is decided, and that after Forget nothing
// is left of an application. It decides nothing about accounts: identity does.
//
// Those of our own keep their cases in cases.go, sealed with keys.go.
package verifier
