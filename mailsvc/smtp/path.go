package smtp

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Bounds of RFC 5321 section 4.5.3.1, octets.
const (
	maxLocal  = 64
	maxDomain = 255
)

// path is an envelope address.
type path struct {
	local  string // without quotes
	domain string // lower case; "[...]" for an address literal
}

var errPath = errors.New("malformed address")

// parsePath reads what go-smtp took out of the angle brackets: it has removed
// quotes and source routes, but lets through what RFC 5321 section 4.1.2 does
// not allow. Letters beyond ASCII need utf8 (RFC 6531).
func parsePath(s string, utf8ok bool) (path, error) {
	i := strings.LastIndexByte(s, '@')
	if i < 1 {
		return path{}, errPath
	}
	p := path{s[:i], strings.ToLower(s[i+1:])}
	if len(p.local) > maxLocal || len(p.domain) > maxDomain || !utf8.ValidString(s) {
		return path{}, errPath
	}
	for _, c := range p.local {
		if c < ' ' || c == 0x7f || c >= 0x80 && (!utf8ok || !graphic(c)) {
			return path{}, errPath
		}
	}
	if !validDomain(p.domain, utf8ok) {
		return path{}, errPath
	}
	return p, nil
}

// graphic leaves out C1 controls, the format characters that turn text around or
// hide in it, and the line separators.
func graphic(c rune) bool {
	switch {
	case c < 0xa0, c == 0xad, c == utf8.RuneError, c == 0xfeff:
		return false
	case 0x200b <= c && c <= 0x200f, 0x2028 <= c && c <= 0x202e, 0x2060 <= c && c <= 0x206f:
		return false
	}
	return true
}

// validDomain accepts host names, with letters beyond ASCII if utf8ok, and
// address literals.
func validDomain(d string, utf8ok bool) bool {
	if strings.HasPrefix(d, "[") {
		return len(d) > 2 && strings.HasSuffix(d, "]") && strings.Trim(d[1:len(d)-1], "0123456789abcdefipv.:") == ""
	}
	for label := range strings.SplitSeq(d, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range label {
			ascii := 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_'
			if !ascii && (c < 0x80 || !utf8ok || !graphic(c)) {
				return false
			}
		}
	}
	return true
}

// literal reports whether the domain is an address literal.
func (p path) literal() bool { return strings.HasPrefix(p.domain, "[") }

// String is the address as it stands on the wire, quoted if it must be.
func (p path) String() string {
	if isDotString(p.local) {
		return p.local + "@" + p.domain
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range p.local {
		if c == '"' || c == '\\' {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	b.WriteString(`"@` + p.domain)
	return b.String()
}

// isDotString reports whether s needs no quotes, RFC 5321 section 4.1.2.
func isDotString(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.ContainsAny(atom, " \t()<>[]:;@\\,\"") {
			return false
		}
	}
	return true
}
