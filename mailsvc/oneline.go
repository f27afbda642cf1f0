package mailsvc

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// OneLine makes any text, also a foreign server's, fit to be a line of a protocol,
// of a log or of a letter: valid UTF-8 of at most limit bytes, printable, without
// line breaks, with single spaces.
func OneLine(s string, limit int) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case c == utf8.RuneError:
			return '?'
		case unicode.IsSpace(c), !unicode.IsPrint(c):
			return ' '
		}
		return c
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= limit {
		return s
	}
	for !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
