package viet

import "strings"

// Slug returns s as ASCII words joined by hyphens, "UBND huyện Hải Lăng" ->
// "ubnd-huyen-hai-lang"; "" when nothing of s is left.
func Slug(s string) string { return joinASCII(Fold(s), '-', "") }

// maxFileName bounds the length in bytes of what ASCIIFileName returns, below
// every file system's limit and short enough for old Windows paths.
const maxFileName = 100

// ASCIIFileName returns a file name in plain ASCII that says the same as name,
// for clients that cannot show Vietnamese: marks dropped, runs of anything but
// letters, digits, ".", "_" and "-" made one "-", case and extension kept. The
// result is one path element of 1 to 100 bytes that does not start with "." or
// "-" and is no device name of Windows.
func ASCIIFileName(name string) string {
	s := unmark(Clean(name))
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	base, ext := s, ""
	if i := strings.LastIndexByte(s, '.'); i > 0 && len(s)-i <= 12 {
		base, ext = s[:i], joinASCII(s[i+1:], '-', "")
	}
	base = strings.Trim(joinASCII(base, '-', "._"), "-._")
	if len(base) > maxFileName-16 {
		base = strings.TrimRight(base[:maxFileName-16], "-._")
	}
	if base == "" {
		base = "tai-lieu"
	}
	if isDevice(base) {
		base = "tep-" + base
	}
	if ext == "" {
		return base
	}
	return base + "." + ext
}

// joinASCII keeps the ASCII letters, digits and the bytes in keep, and puts sep
// for every run of others between two kept ones.
func joinASCII(s string, sep byte, keep string) string {
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		ok := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(keep, c) >= 0
		if !ok {
			gap = true
			continue
		}
		if gap && b.Len() > 0 && c != '.' {
			b.WriteByte(sep)
		}
		gap = false
		b.WriteByte(c)
	}
	return b.String()
}

// isDevice reports whether Windows takes base for a device whatever its extension.
func isDevice(base string) bool {
	if i := strings.IndexByte(base, '.'); i >= 0 {
		base = base[:i]
	}
	switch up := strings.ToUpper(base); up {
	case "CON", "PRN", "AUX", "NUL", "CLOCK$":
		return true
	default:
		return len(up) == 4 && (strings.HasPrefix(up, "COM") || strings.HasPrefix(up, "LPT")) && up[3] >= '0' && up[3] <= '9'
	}
}
