package pg

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// Constraint returns the name of the constraint that err says was violated,
// or "".
func Constraint(err error) string {
	if pe := new(pgconn.PgError); errors.As(err, &pe) && strings.HasPrefix(pe.Code, "23") {
		return pe.ConstraintName
	}
	return ""
}

// IsUnavailable tells whether err says that the database could not do its
// work now, whatever the work was: it is away, starting, ending, read-only
// after a switch, full of connections, or did not answer in time. The same
// request may succeed later. Whether a commit on its way has happened is not
// known.
func IsUnavailable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return unavailableCode(pe.Code)
	}
	var (
		connect *pgconn.ConnectError
		network net.Error
	)
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.Timeout(err) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed) || connectionClosed(err)
}

// connectionClosed knows the errors of pgx that have no type.
func connectionClosed(err error) bool {
	text := err.Error()
	return strings.HasSuffix(text, "conn closed") || strings.HasSuffix(text, "closed pool")
}

// unavailableCode sorts SQLSTATEs (appendix A of the PostgreSQL manual).
func unavailableCode(code string) bool {
	switch code {
	case "25006", // read-only: a standby, or a primary that was demoted
		"57014", // statement_timeout; requests that we give up are not seen here
		"57P01", "57P02", "57P03", "57P05",
		"25P03": // idle_in_transaction_session_timeout
		return true
	}
	return strings.HasPrefix(code, "08") || // connection exceptions
		strings.HasPrefix(code, "53") || // out of disk, memory or connections
		strings.HasPrefix(code, "58") // the system under Postgres fails
}
