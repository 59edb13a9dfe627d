// Package wire is the Centrifuge client protocol, version 2, in JSON and in
// Protobuf: values from frames and frames from values, no I/O.
//
// Open types.go for the values, then codec.go for what can be done with them.
// fields.go explains how one list of fields per message (command_fields.go,
// reply_fields.go, push_fields.go) serves both encodings in both directions;
// the encodings themselves are the files json_*.go and proto_*.go.
//
// It promises:
//   - A decoded command is either a pong or has exactly one request, and an id
//     unless that request is send.
//   - Decoding never panics, never allocates by a length that the peer merely
//     declared, and recurses at most MaxNesting deep.
//   - An encoded JSON message is valid JSON in UTF-8 on one line, so no
//     publication can break the parser of another client.
//   - An encoded Protobuf message holds only valid UTF-8 in its strings.
//   - On an error the append functions return dst as it was.
//
// It refuses, with ErrBadRequest, frames that break the protocol, and with
// ErrDataNotJSON application data that JSON cannot carry. Fields it does not
// know are ignored, as are compression dictionaries, deltas, tags filters, map
// subscriptions and the subscriptions that a connect request may ask for: the
// protocol leaves a server free not to offer them.
package wire
