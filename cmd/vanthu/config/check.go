package config

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// checker collects what is wrong, at the line of the key that it is wrong with.
type checker struct {
	src      *source
	problems []Problem
}

func (k *checker) bad(key, format string, args ...any) {
	k.problems = append(k.problems, Problem{k.src.line(key), key, fmt.Sprintf(format, args...)})
}

// check reports every value that cannot be, alone or beside the others.
func (c *Config) check(src *source) []Problem {
	k := &checker{src: src}
	c.checkDomain(k)
	if len(k.problems) > 0 {
		return k.problems // much else follows from the domain
	}
	c.checkNames(k)
	c.checkListen(k)
	c.checkTLS(k)
	c.checkDKIM(k)
	c.checkOutgoing(k)
	c.checkLimits(k)
	c.checkDispatch(k)
	c.checkLog(k)
	return k.problems
}

func (c *Config) checkDomain(k *checker) {
	if c.Domain == "" {
		k.bad("domain", `is missing; write the part after "@", such as domain = "quangtri.gov.vn"`)
	} else if !isHost(c.Domain) {
		k.bad("domain", "%q is not a domain name; write ASCII letters, digits, dots and hyphens, such as \"quangtri.gov.vn\"", clip(c.Domain))
	}
}

func (c *Config) checkNames(k *checker) {
	if !isHost(c.Hostname) {
		k.bad("hostname", "%q is not a host name; write it in full, such as \"mail.%s\"", clip(c.Hostname), c.Domain)
	}
	if c.DataDir == "" {
		k.bad("data_dir", "is empty; name the directory that holds mail and documents")
	}
	if _, err := time.LoadLocation(c.Timezone); err != nil || c.Timezone == "" {
		k.bad("timezone", "%q is not a time zone; write its IANA name, such as \"Asia/Ho_Chi_Minh\"", clip(c.Timezone))
	}
}

// service is one listener setting under its key.
type service struct {
	key   string
	addrs []string
	tls   bool // is useless without a certificate
}

func (l Listen) services() []service {
	return []service{
		{"listen.mx", l.MX, false},
		{"listen.submission", l.Submission, true},
		{"listen.submissions", l.Submissions, true},
		{"listen.imap", l.IMAP, true},
		{"listen.imaps", l.IMAPS, true},
		{"listen.http", l.HTTP, false},
		{"listen.https", l.HTTPS, true},
	}
}

func (c *Config) checkListen(k *checker) {
	taken := map[string]string{}
	for _, s := range c.Listen.services() {
		for _, a := range s.addrs {
			_, port, ok := splitAddress(a)
			if !ok {
				k.bad(s.key, "%q is not an address to listen on; write \"host:port\" or \":port\", such as \":25\" or \"[::1]:25\", or [] to turn it off", clip(a))
				continue
			}
			if other, used := taken[a]; used && port != 0 {
				k.bad(s.key, "%s is already taken by %s; give each service its own port", a, other)
			}
			taken[a] = s.key
		}
	}
	if len(taken) == 0 && len(k.problems) == 0 {
		k.bad("listen", "every service is turned off; leave at least one on")
	}
}

func (c *Config) checkTLS(k *checker) {
	cert, key := c.TLS.CertFile, c.TLS.KeyFile
	switch {
	case cert != "" && key == "":
		k.bad("tls.key_file", "is missing; tls.cert_file needs its key")
	case cert == "" && key != "":
		k.bad("tls.cert_file", "is missing; tls.key_file needs its certificate")
	case cert == "":
		var need []string
		for _, s := range c.Listen.services() {
			if s.tls && len(s.addrs) > 0 {
				need = append(need, s.key)
			}
		}
		if len(need) > 0 {
			k.bad("tls.cert_file", "is missing, but needed by %s; name a certificate (\"vanthu quickstart\" makes one) or turn them off with []", strings.Join(need, ", "))
		}
	}
}

func (c *Config) checkDKIM(k *checker) {
	seen := map[string]bool{}
	for i, d := range c.DKIM {
		at := "dkim[" + strconv.Itoa(i) + "]"
		if !isHost(d.Selector) {
			k.bad(at+".selector", "%q is not a selector; write letters, digits and hyphens, such as \"vt2026\"", clip(d.Selector))
		}
		if seen[strings.ToLower(d.Selector)] {
			k.bad(at+".selector", "%q is used twice; each key needs its own selector", clip(d.Selector))
		}
		seen[strings.ToLower(d.Selector)] = true
		if d.KeyFile == "" {
			k.bad(at+".key_file", "is missing; name the file with the private key")
		}
	}
}

func (c *Config) checkOutgoing(k *checker) {
	s := c.Outgoing.Smarthost
	if !slices.Contains([]string{"tls", "starttls", "none"}, s.Security) {
		k.bad("outgoing.smarthost.security", "%q is not known; write \"tls\", \"starttls\" or \"none\"", clip(s.Security))
	}
	if s.Address != "" && !isTarget(s.Address) {
		k.bad("outgoing.smarthost.address", "%q is not a server; write \"host:port\", such as \"relay.example:587\"", clip(s.Address))
	}
	switch {
	case s.User != "" && s.PasswordFile == "":
		k.bad("outgoing.smarthost.password_file", "is missing; outgoing.smarthost.user needs a password, in a file of its own")
	case s.User == "" && s.PasswordFile != "":
		k.bad("outgoing.smarthost.user", "is missing; outgoing.smarthost.password_file needs a user")
	case s.User != "" && s.Address == "":
		k.bad("outgoing.smarthost.address", "is missing; outgoing.smarthost.user is for a smarthost")
	case s.User != "" && s.Security == "none":
		k.bad("outgoing.smarthost.security", "\"none\" would send the password unprotected; write \"tls\" or \"starttls\"")
	}
	for _, domain := range slices.Sorted(maps.Keys(c.Outgoing.Routes)) {
		to := c.Outgoing.Routes[domain]
		key := "outgoing.routes." + domain
		if !isHost(domain) {
			k.bad(key, "%q is not a domain name; write it in quotes before \"=\"", clip(domain))
		}
		if !isTarget(to) {
			k.bad(key, "%q is not a server; write \"host:port\", such as \"10.0.0.5:25\"", clip(to))
		}
	}
	if d := c.Outgoing.GiveUpAfter.Duration; d < time.Hour || d > 30*24*time.Hour {
		k.bad("outgoing.give_up_after", "%s is outside 1h to 720h", d)
	}
}

func (c *Config) checkLimits(k *checker) {
	l := c.Limits
	const least, most = Size(64 << 10), Size(1 << 30)
	if l.MessageSize < least || l.MessageSize > most {
		k.bad("limits.message_size", "%s is outside %s to %s", l.MessageSize, least, most)
	}
	if l.IntakeSize < least || l.IntakeSize > l.MessageSize {
		k.bad("limits.intake_size", "%s is outside %s to limits.message_size (%s)", l.IntakeSize, least, l.MessageSize)
	}
	// RFC 5321 section 4.5.3.1.8: at least 100 recipients must be taken.
	if l.Recipients < 100 || l.Recipients > 100_000 {
		k.bad("limits.recipients", "%d is outside 100 to 100000", l.Recipients)
	}
	for _, x := range []struct {
		key        string
		all, perIP int
	}{
		{"limits.smtp_connections", l.SMTPConnections, l.SMTPConnectionsPerIP},
		{"limits.imap_connections", l.IMAPConnections, l.IMAPConnectionsPerIP},
		{"limits.http_connections", l.HTTPConnections, 1}, // people behind a proxy share an address
	} {
		if x.all < 1 || x.all > 1_000_000 {
			k.bad(x.key, "%d is outside 1 to 1000000", x.all)
		} else if x.perIP < 1 || x.perIP > x.all {
			k.bad(x.key+"_per_ip", "%d is outside 1 to %s (%d)", x.perIP, x.key, x.all)
		}
	}
	if n := l.IMAPConnectionsPerUser; n < 1 || n > l.IMAPConnections {
		k.bad("limits.imap_connections_per_user", "%d is outside 1 to limits.imap_connections (%d)", n, l.IMAPConnections)
	}
}

func (c *Config) checkDispatch(k *checker) {
	d := c.Dispatch
	if !isLocalPart(d.IssueAddress) {
		k.bad("dispatch.issue_address", "%q cannot stand before \"@\"; write lower-case letters, digits, dots and hyphens, such as \"phathanh\"", clip(d.IssueAddress))
	}
	// Base64 makes 4 bytes of 3, and adds a line end to every 76 (RFC 2045).
	if carried := c.Limits.MessageSize * 72 / 100; d.MaxAttachment > carried {
		k.bad("dispatch.max_attachment", "%s does not fit a mail of limits.message_size (%s) once encoded; write at most %s", d.MaxAttachment, c.Limits.MessageSize, (carried>>10)<<10)
	}
	u, err := url.Parse(d.PublicURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		k.bad("dispatch.public_url", "%q is not a web address; write it in full, such as \"https://vanban.%s\"", clip(d.PublicURL), c.Domain)
	}
	if _, err := time.Parse(time.DateOnly, d.AsOf); err != nil && d.AsOf != "" {
		k.bad("dispatch.as_of", "%q is not a day; write it as \"2010-12-31\", or \"\" for today", clip(d.AsOf))
	}
}

func (c *Config) checkLog(k *checker) {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level) {
		k.bad("log.level", "%q is not known; write \"debug\", \"info\", \"warn\" or \"error\"", clip(c.Log.Level))
	}
	if !slices.Contains([]string{"text", "json"}, c.Log.Format) {
		k.bad("log.format", "%q is not known; write \"text\" or \"json\"", clip(c.Log.Format))
	}
}

// isHost reports whether s is an ASCII host name, RFC 1123 section 2.1.
func isHost(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if !isAlnum(r) && r != '-' {
				return false
			}
		}
	}
	return true
}

func isAlnum(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func isLocalPart(s string) bool {
	if s == "" || len(s) > 64 || strings.HasPrefix(s, ".") || strings.HasSuffix(s, ".") || strings.Contains(s, "..") {
		return false
	}
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)) {
			return false
		}
	}
	return true
}

// splitAddress splits an address to listen on; the host may be empty.
func splitAddress(s string) (host string, port int, ok bool) {
	host, p, err := net.SplitHostPort(s)
	if err != nil || (host != "" && !isHost(host) && net.ParseIP(host) == nil) {
		return "", 0, false
	}
	n, err := strconv.ParseUint(p, 10, 16)
	return host, int(n), err == nil
}

// isTarget reports whether s is a "host:port" to connect to.
func isTarget(s string) bool {
	host, port, ok := splitAddress(s)
	return ok && host != "" && port > 0
}
