// Package identity knows what is verified of a person: levels 0 to 3 (none,
// phone, document and liveness, the name of a bank account) and attributes
// (gender, birth date, city, student and employee of something until a date),
// each with who verified it, when, and until when.
//
// It promises:
//   - Nothing counts but what a verifier found: what tokens, bodies and
//     applicants say is never an attribute.
//   - One document belongs to one account, and one mailbox too, however many
//     try at the same moment.
//   - Legal names and numbers of documents are sealed while a case is open,
//     gone when it is decided, and never leave this package: they are in no
//     answer, error or log line.
//   - Validity is judged by dates, at the moment that is asked about.
//
// Open rights.go for what rules read, apply.go and decide.go for how a
// verification goes, verifier for who verifies.
package identity
