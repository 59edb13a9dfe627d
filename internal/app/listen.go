package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// listen opens an address, or says in one sentence why not.
func listen(ctx context.Context, flag, address string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	var dns *net.DNSError
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s %s is in use by another program; stop that one or choose another port with %s", flag, address, flag)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s %s needs more rights than this user has; choose a port above 1023", flag, address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s %s is no address of this machine", flag, address)
	case errors.As(err, &dns):
		return nil, fmt.Errorf("%s %s: there is no host %s", flag, address, dns.Name)
	}
	return nil, fmt.Errorf("%s: %w", flag, err)
}
