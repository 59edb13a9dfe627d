package hub

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Error refuses one command; the connection goes on. Codes 400 to 1999 are the application's.
type Error struct {
	Code      uint32
	Message   string
	Temporary bool // the client may try again
}

func (e *Error) Error() string { return fmt.Sprintf("error %d: %s", e.Code, e.Message) }

// The errors of the protocol. They are values to return, not to change.
var (
	ErrInternal          = &Error{Code: 100, Message: "internal server error", Temporary: true}
	ErrUnauthorized      = &Error{Code: 101, Message: "unauthorized"}
	ErrUnknownChannel    = &Error{Code: 102, Message: "unknown channel"}
	ErrPermissionDenied  = &Error{Code: 103, Message: "permission denied"}
	ErrMethodNotFound    = &Error{Code: 104, Message: "method not found"}
	ErrAlreadySubscribed = &Error{Code: 105, Message: "already subscribed"}
	ErrLimitExceeded     = &Error{Code: 106, Message: "limit exceeded"}
	ErrBadRequest        = &Error{Code: 107, Message: "bad request"}
	ErrNotAvailable      = &Error{Code: 108, Message: "not available"}
	ErrTokenExpired      = &Error{Code: 109, Message: "token expired"}
	ErrExpired           = &Error{Code: 110, Message: "expired"}
	ErrTooManyRequests   = &Error{Code: 111, Message: "too many requests", Temporary: true}
	ErrUnrecoverable     = &Error{Code: 112, Message: "unrecoverable position"}
)

// Disconnect closes a connection. After codes 3500-3999 and 4500-4999 clients
// do not come back; 4000-4999 are the application's.
type Disconnect struct {
	Code   uint32
	Reason string // at most 123 bytes are sent
}

func (d *Disconnect) Error() string { return fmt.Sprintf("disconnect %d: %s", d.Code, d.Reason) }

// The disconnects of the protocol. They are values to return, not to change.
var (
	DisconnectShutdown        = &Disconnect{Code: 3001, Reason: "shutdown"}
	DisconnectExpired         = &Disconnect{Code: 3005, Reason: "connection expired"}
	DisconnectSlow            = &Disconnect{Code: 3008, Reason: "slow"}
	DisconnectForceReconnect  = &Disconnect{Code: 3011, Reason: "force reconnect"}
	DisconnectNoPong          = &Disconnect{Code: 3012, Reason: "no pong"}
	DisconnectTooManyRequests = &Disconnect{Code: 3013, Reason: "too many requests"}
	DisconnectInvalidToken    = &Disconnect{Code: 3500, Reason: "invalid token"}
	DisconnectBadRequest      = &Disconnect{Code: 3501, Reason: "bad request"}
	DisconnectStale           = &Disconnect{Code: 3502, Reason: "stale"}
	DisconnectForce           = &Disconnect{Code: 3503, Reason: "force disconnect"}
	DisconnectConnectionLimit = &Disconnect{Code: 3504, Reason: "connection limit"}
	DisconnectChannelLimit    = &Disconnect{Code: 3505, Reason: "channel limit"}
	DisconnectBadProtocol     = &Disconnect{Code: 3506, Reason: "inappropriate protocol"}
	DisconnectPermission      = &Disconnect{Code: 3507, Reason: "permission denied"}
	DisconnectNotAvailable    = &Disconnect{Code: 3508, Reason: "not available"}
)

// Codes of Node.Unsubscribe. Clients resubscribe by themselves from 2500 on;
// 2100-2499 (final) and 2600-2999 (resubscribe) are the application's.
const (
	UnsubscribedByServer uint32 = 2000
	InsufficientState    uint32 = 2500
)

const maxReasonBytes = 123 // a close frame holds 125, two of them the code

// closeReason makes reason fit for a close frame. SDKs first try to read a
// reason as JSON, so that one which is JSON would lose its meaning.
func closeReason(reason string) string {
	if json.Valid([]byte(reason)) {
		reason = "reason: " + reason
	}
	if len(reason) > maxReasonBytes {
		reason = reason[:maxReasonBytes]
	}
	return strings.ToValidUTF8(reason, "")
}
