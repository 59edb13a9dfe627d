// Package obs makes the log and the registry of metrics. It promises that a
// secret under a telling key (token, password, authorization ...) and the
// password of an address never reach the log. It does not look into structs:
// log values, not requests.
package obs
