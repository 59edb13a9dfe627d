// Package sandbox plays the authority that knows who people are: on its page
// the applicant says what the document says, approves or refuses. It is for
// machines of one's own and for tests; app refuses it where accounts are real.
//
// Open sandbox.go first, page.go for the page.
package sandbox
