package app

import (
	"fmt"
	"net"
	"strings"

	"lifecircle/internal/demo"
)

// greet says what people need to know: where, as whom, what is kept where, and
// how to stop.
func (a *App) greet() {
	c := a.Config
	var lines strings.Builder
	line := func(label, format string, args ...any) {
		fmt.Fprintf(&lines, "  %-12s %s\n", label, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&lines, "\nLife Circle is ready:  %s\n\n", webAddress(a.public.Addr()))
	if c.Server.Demo {
		line("demo logins", "%s (password %s)", strings.Join(demo.Logins(), ", "), demo.Password)
	}
	if c.Database.Local() {
		line("data", "%s (a private Postgres)", c.Database.DataDir)
	} else {
		line("data", "Postgres at %s", c.Database.URL.Place())
	}
	if c.Server.RedisURL != "" {
		line("other nodes", "by Redis at %s", c.Server.RedisURL.Place())
	}
	line("photos", "%s", a.filesPlace())
	line("payments", "%s", a.paidBy())
	line("operators", "http://%s/metrics", a.ops.Addr())
	if c.Server.Dev {
		line("dev", "the doors under /v1/dev are open and rates are not limited: not for the Internet")
	}
	line("stop", "Ctrl-C")
	fmt.Fprintln(a.Out, lines.String())
}

// paidBy says who moves money.
func (a *App) paidBy() string {
	names := a.product.payments.Providers()
	switch {
	case len(names) == 0:
		return "nobody tops up or withdraws: no provider is set up"
	case a.product.sandbox != nil:
		return strings.Join(names, ", ") + " (play money)"
	default:
		return strings.Join(names, ", ")
	}
}

// webAddress is an address to click on: a wildcard is reached as localhost.
func webAddress(address net.Addr) string {
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		return "http://" + address.String()
	}
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(tcp.Port))
}
