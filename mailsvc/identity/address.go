package identity

import "strings"

// Bounds of RFC 5321 section 4.5.3.1, octets.
const (
	maxLocal   = 64
	maxDomain  = 255
	maxAddress = 254
)

// Normalize returns the one spelling under which an account address is kept and
// compared: ASCII, lower case, a dot-string of RFC 5321 section 4.1.2 before the
// "@", a host name after it. Everything else is ErrInvalid, including quoted
// local parts, address literals and letters beyond ASCII: an address that looks
// like another one must not be an account.
func Normalize(address string) (string, error) {
	normal, ok := normalize(address)
	if !ok {
		return "", invalid("read address", address, "only a-z, 0-9 and . - _ + may stand before the @, a host name after it")
	}
	return normal, nil
}

func normalize(address string) (normal string, ok bool) {
	local, domain, found := strings.Cut(address, "@")
	if !found || len(address) > maxAddress || len(local) > maxLocal || len(domain) > maxDomain {
		return "", false
	}
	if !validLocal(local) || !validDomain(domain) {
		return "", false
	}
	return strings.ToLower(address), true
}

// validLocal accepts the dot-strings that people can type: letters, digits and
// "-_+." with no empty part.
func validLocal(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if part == "" {
			return false
		}
		for i := range len(part) {
			if c := part[i]; !alphanumeric(c) && c != '-' && c != '_' && c != '+' {
				return false
			}
		}
	}
	return true
}

// validDomain accepts host names, RFC 1123 section 2.1.
func validDomain(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !alphanumeric(c) && c != '-' {
				return false
			}
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
