package socketapi

import (
	"net/http"

	"lifecircle/hub"
	"lifecircle/internal/problem"
)

// ownCodes is added to a problem's HTTP status to make its number on the
// socket; the protocol leaves 400 to 1999 to applications.
const ownCodes = 1000

// refusal turns a problem into the protocol's error: 1000 + the HTTP status,
// with the code as message, but for those that SDKs know by another number.
// Any other error is left for the hub to log.
func refusal(err error) error {
	p := problem.From(err)
	if p == nil {
		return err
	}
	e := &hub.Error{Code: ownCodes + uint32(p.Status()), Message: string(p.Code)} //nolint:gosec // a status is small
	switch p.Status() {
	case http.StatusUnauthorized:
		e.Code = hub.ErrUnauthorized.Code
	case http.StatusTooManyRequests:
		e.Code, e.Temporary = hub.ErrTooManyRequests.Code, true
	case http.StatusServiceUnavailable:
		e.Temporary = true
	case http.StatusInternalServerError:
		return err
	}
	return e
}

// badToken turns a refused access token into what SDKs expect at connect: a
// new one is fetched for an expired token, nothing mends an invalid one, and
// when it cannot be checked now they come again.
func badToken(err error) error {
	switch {
	case problem.Has(err, problem.TokenExpired):
		return hub.ErrTokenExpired
	case problem.Has(err, problem.InvalidToken), problem.Has(err, problem.Unauthorized):
		return hub.DisconnectInvalidToken
	default:
		return refusal(err)
	}
}
