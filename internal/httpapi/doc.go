// Package httpapi is the product over HTTP: the routes of /v1, the doors of
// operation, the page at /docs and the web client's files.
//
// It promises that every answer but a file, a page or a 101 is JSON; that
// every refusal is a problem document (RFC 9457) with a stable code, from the
// router's 404 to a panic; that a body which is not one well-formed JSON
// object of at most MaxBodyBytes reaches no service; and that the document at
// /openapi.yaml is made of the routes that are served.
//
// It refuses to decide: rights, texts and money are the business of the
// services behind it, and the same problem looks the same through the socket.
//
// Open server.go first, then routes.go (what happens to a request before its
// handler) and posts.go (what a handler looks like). document.go makes the
// OpenAPI document; after a change of the routes run
//
//	go generate ./internal/httpapi
package httpapi

//go:generate go run ./openapigen ../../openapi.yaml
