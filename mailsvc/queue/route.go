package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

const (
	smtpPort = "25"
	// maxHosts bounds how many MX hosts, and how many addresses of all of them
	// together, one attempt tries.
	maxHosts     = 5
	maxAddresses = 10
)

// destSmarthost is the smarthost's lane; routes and domains have lanes of their own.
const destSmarthost destination = "smarthost"

// domainOf is the part after the "@", lower case.
func domainOf(address string) string {
	return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
}

func (q *Queue) local(domain string) bool { return slices.Contains(q.o.Domains, domain) }

// destination says which lane an item for an address waits in.
func (q *Queue) destination(to string) destination {
	d := domainOf(to)
	switch {
	case q.local(d):
		return destLocal
	case q.o.Routes[d] != "":
		return destination("route " + q.o.Routes[d])
	case q.o.Smarthost != nil:
		return destSmarthost
	}
	return destination("mx " + d)
}

// hop is one server that may take the mail.
type hop struct {
	host     string // for the certificate
	address  string // ip:port
	security Security
	verify   bool // the certificate must be right
	user     string
	password string
}

func (s *Smarthost) check() error {
	if s == nil {
		return nil
	}
	if _, _, err := net.SplitHostPort(s.Address); err != nil {
		return fmt.Errorf("smarthost: %w", err)
	}
	switch s.Security {
	case TLS, STARTTLS:
		return nil
	case Plain:
		if host, _, _ := net.SplitHostPort(s.Address); s.User != "" && !isLoopback(host) {
			return errors.New("smarthost: a password needs TLS")
		}
		return nil
	}
	return fmt.Errorf("smarthost: unknown security %q", s.Security)
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}

// verdict is a reason why no attempt can ever succeed.
type verdict struct{ why string }

func (v verdict) Error() string { return v.why }

// hops finds the servers for a domain, best first. A verdict is for good, other
// errors are for now.
func (q *Queue) hops(ctx context.Context, domain string) ([]hop, error) {
	verify := q.o.VerifyTLS != nil && q.o.VerifyTLS(domain)
	if route := q.o.Routes[domain]; route != "" {
		host, port, _ := net.SplitHostPort(route)
		return q.resolve(ctx, []string{host}, port, hop{security: Plain, verify: verify})
	}
	if s := q.o.Smarthost; s != nil {
		host, port, _ := net.SplitHostPort(s.Address)
		return q.resolve(ctx, []string{host}, port, hop{security: s.Security, verify: s.Security != Plain, user: s.User, password: s.Password})
	}
	hosts, err := q.mx(ctx, domain)
	if err != nil {
		return nil, err
	}
	return q.resolve(ctx, hosts, smtpPort, hop{security: Plain, verify: verify})
}

// mx returns the hosts that take mail for a domain, RFC 5321 section 5.1.
func (q *Queue) mx(ctx context.Context, domain string) ([]string, error) {
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || strings.HasPrefix(domain, "[") {
		return nil, verdict{"5.1.2 not a mail domain"}
	}
	ctx, cancel := context.WithTimeout(ctx, q.o.Timeouts.Connect)
	defer cancel()
	records, err := q.o.Resolver.LookupMX(ctx, ascii)
	if len(records) == 0 {
		if err != nil && !notFound(err) {
			return nil, fmt.Errorf("4.4.3 look up MX: %w", err)
		}
		return []string{ascii}, nil
	}
	slices.SortStableFunc(records, func(a, b *net.MX) int { return cmp.Compare(a.Pref, b.Pref) })
	var hosts []string
	for _, r := range records {
		host := strings.ToLower(strings.TrimSuffix(r.Host, "."))
		if host == "" { // RFC 7505
			return nil, verdict{"5.1.10 the domain takes no mail"}
		}
		if host == strings.ToLower(q.o.Hostname) { // we, and those worse than us, would loop
			break
		}
		hosts = append(hosts, host)
	}
	if len(hosts) == 0 {
		return nil, verdict{"5.4.6 the domain's mail comes back to this server"}
	}
	return hosts[:min(len(hosts), maxHosts)], nil
}

func notFound(err error) bool {
	var de *net.DNSError
	return errors.As(err, &de) && de.IsNotFound
}

// resolve makes hosts hops like the given one.
func (q *Queue) resolve(ctx context.Context, hosts []string, port string, like hop) ([]hop, error) {
	var all []hop
	var problem error
	gone := 0
	for _, host := range hosts {
		addrs := []string{host}
		if _, err := netip.ParseAddr(host); err != nil {
			lookup, cancel := context.WithTimeout(ctx, q.o.Timeouts.Connect)
			addrs, err = q.o.Resolver.LookupHost(lookup, host)
			cancel()
			if err != nil {
				problem = fmt.Errorf("4.4.3 look up %s: %w", host, err)
				if notFound(err) {
					gone++
				}
				continue
			}
		}
		for _, a := range addrs {
			h := like
			h.host, h.address = host, net.JoinHostPort(a, port)
			all = append(all, h)
		}
	}
	switch {
	case len(all) > 0:
		return all[:min(len(all), maxAddresses)], nil
	case gone == len(hosts):
		return nil, verdict{"5.1.2 no such mail domain"}
	}
	return nil, problem
}
