// Package obs makes the log, the registry of metrics and the way of traces to
// their collector. It promises that a
// secret under a telling key (token, password, authorization ...) and the
// password of an address never reach the log. It does not look into structs:
// log values, not requests.
package obs
