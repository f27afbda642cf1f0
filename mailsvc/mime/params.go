package mime

import (
	"bytes"
	"strings"
)

// maxParams bounds the parameters kept of one header field.
const maxParams = 64

// parseMediaType reads Content-Type. What it cannot read is text/plain, as is
// its absence (RFC 2045 section 5.2), except in a digest.
func parseMediaType(v []byte, digest bool) (typ, sub string, ps []Param) {
	head, rest := cutParams(v)
	typ, sub, ok := strings.Cut(head, "/")
	typ, sub = token(typ), token(sub)
	switch {
	case ok && typ != "" && sub != "":
		return typ, sub, parseParams(rest)
	case typ == "text" && !ok:
		return "text", "plain", parseParams(rest)
	case v == nil && digest:
		return "message", "rfc822", nil
	case v == nil:
		return "text", "plain", []Param{{"charset", "us-ascii"}}
	}
	return "text", "plain", nil
}

func parseDisposition(v []byte) (string, []Param) {
	head, rest := cutParams(v)
	d := token(head)
	if d == "" {
		return "", nil
	}
	return d, parseParams(rest)
}

func parseEncoding(v []byte) string {
	head, _ := cutParams(v)
	if e := token(head); e != "" {
		return e
	}
	return "7bit"
}

func parseLanguages(v []byte) []string {
	var out []string
	for part := range bytes.SplitSeq(v, []byte(",")) {
		if l := token(string(part)); l != "" && len(out) < maxParams {
			out = append(out, l)
		}
	}
	return out
}

// cutParams splits at the first semicolon.
func cutParams(v []byte) (head string, params []byte) {
	h, p, _ := bytes.Cut(v, []byte(";"))
	return string(h), p
}

// token returns the first word of s in lower case, comments skipped; a word
// with a character that no token may have is dropped.
func token(s string) string {
	s = strings.TrimSpace(s)
	for strings.HasPrefix(s, "(") {
		_, after, ok := strings.Cut(s, ")")
		if !ok {
			return ""
		}
		s = strings.TrimSpace(after)
	}
	if i := strings.IndexAny(s, " \t(\r\n"); i >= 0 {
		s = s[:i]
	}
	s = strings.Trim(s, `"`)
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7F || strings.IndexByte(`()<>@,;:\"/[]?=`, c) >= 0 {
			return ""
		}
	}
	return strings.ToLower(s)
}

// parseParams reads ";"-separated name=value pairs, as leniently as mail needs:
// values may be unquoted with blanks, quotes may be left open.
func parseParams(v []byte) []Param {
	var out []Param
	for len(v) > 0 && len(out) < maxParams {
		eq := bytes.IndexByte(v, '=')
		if eq < 0 {
			break
		}
		name := v[:eq]
		if i := bytes.LastIndexByte(name, ';'); i >= 0 {
			name = name[i+1:]
		}
		var value string
		value, v = paramValue(v[eq+1:])
		if n := token(string(name)); n != "" {
			out = append(out, Param{n, value})
		}
	}
	return out
}

// paramValue reads a value and returns what follows its semicolon.
func paramValue(v []byte) (value string, rest []byte) {
	v = bytes.TrimLeft(v, " \t")
	if len(v) == 0 || v[0] != '"' {
		raw, rest, _ := bytes.Cut(v, []byte(";"))
		if i := bytes.Index(raw, []byte(" (")); i >= 0 {
			raw = raw[:i]
		}
		return string(bytes.TrimSpace(raw)), rest
	}
	var b strings.Builder
	i := 1
	for ; i < len(v) && v[i] != '"'; i++ {
		if v[i] == '\\' && i+1 < len(v) {
			i++
		}
		b.WriteByte(v[i])
	}
	rest = v[min(i+1, len(v)):]
	_, rest, _ = bytes.Cut(rest, []byte(";"))
	return b.String(), rest
}
