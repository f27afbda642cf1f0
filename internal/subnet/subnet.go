// Package subnet says which addresses belong to one subscriber, for limits and
// counters that are kept for each client.
package subnet

import (
	"net"
	"net/netip"
)

// Of returns what shares a counter with an address (a port may follow it): the
// IPv4 address itself, or the /64 that one IPv6 subscriber has. What is no
// address is "unknown".
func Of(remote string) string {
	if host, _, err := net.SplitHostPort(remote); err == nil {
		remote = host
	}
	a, err := netip.ParseAddr(remote)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, _ := a.Prefix(64)
	return p.String()
}
