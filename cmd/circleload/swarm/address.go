package swarm

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
)

// route is the way to a server.
type route struct {
	to           netip.AddrPort
	host         string // for TLS
	tls          bool
	receiveBytes int
	sources      []netip.Addr
	turn         uint64 // number of the attempt
}

const (
	// portsOfSource is how many connections in a row get the same address of loopback: fewer than the kernel has
	// ports for one (28,000), so that it never searches long for a free one.
	portsOfSource   = 16 << 10
	loopbackSources = 200 // 127.0.0.1 to 127.0.0.200: 3 million connections
	sourceTries     = 8   // other sources that are tried when one has no port left
)

// source is the local address of the try-th attempt to find a free port;
// invalid leaves the choice to the kernel.
func (r route) source(try int) netip.Addr {
	if n := uint64(len(r.sources)); n > 0 {
		return r.sources[(r.turn+uint64(try))%n] //nolint:gosec // try is small
	}
	if !r.to.Addr().Is4() || !r.to.Addr().IsLoopback() {
		return netip.Addr{}
	}
	block := (r.turn/portsOfSource + uint64(try)) % loopbackSources //nolint:gosec // try is small
	return netip.AddrFrom4([4]byte{127, 0, 0, byte(block + 1)})
}

// hosts remembers addresses: ten thousand connections need not ask ten thousand times.
type hosts struct {
	mu    sync.Mutex
	known map[string]netip.AddrPort // by host and port; as many as the caller has servers
}

func (h *hosts) lookup(u *url.URL) (netip.AddrPort, error) {
	h.mu.Lock()
	defer h.mu.Unlock() // also during the lookup: the others need its result
	if addr, ok := h.known[u.Host]; ok {
		return addr, nil
	}
	addr, err := resolve(u)
	if err != nil {
		return addr, err
	}
	if h.known == nil {
		h.known = make(map[string]netip.AddrPort)
	}
	h.known[u.Host] = addr
	return addr, nil
}

func resolve(u *url.URL) (netip.AddrPort, error) {
	port := u.Port()
	if port == "" {
		port = map[string]string{"ws": "80", "wss": "443"}[u.Scheme]
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("the port %q: %w", port, err)
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		addr, err := net.ResolveIPAddr("ip", u.Hostname())
		if err != nil {
			return netip.AddrPort{}, fmt.Errorf("look up %q: %w", u.Hostname(), err)
		}
		ip, _ = netip.AddrFromSlice(addr.IP)
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(number)), nil
}
