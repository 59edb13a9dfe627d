// Package manual leaves verifications to members of staff. What the applicant
// wrote is sealed until they decide, shown to nobody else, and gone afterwards;
// pictures of documents are not taken at all.
//
// Everything is in manual.go.
package manual
