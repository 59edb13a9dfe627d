// Package blob keeps finished files under the hash of their content: on disk,
// or in any store that speaks S3. One contract test holds both.
//
// It promises that what Put has acknowledged is durable and whole, that a key
// always means the same bytes, and that putting them again is harmless. It
// refuses keys that Key did not make, so that no key leads out of the store.
//
// Open store.go first.
package blob
