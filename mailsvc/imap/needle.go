package imap

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/internal/viet"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// needle is what a text key looks for. It finds what viet.Matches finds; most
// texts it judges by a quick look.
type needle struct {
	viet.Matcher
	folded string // viet.Fold of the query
	lower  string // the query in small letters, as it should be shown
	marked bool
	words  *mime.Query
	empty  bool
}

func newNeedle(s string) *needle {
	clean := viet.Clean(s)
	return &needle{Matcher: viet.NewMatcher(s), folded: viet.Fold(s), lower: strings.ToLower(clean), marked: viet.Marked(s),
		words: mime.NewQuery(s), empty: clean == ""}
}

// in reports whether a text contains the query; buf is memory to work in, to be
// given to the next call.
func (n *needle) in(text string, buf []byte) (found bool, _ []byte) {
	buf, plain := quickFold(buf[:0], text)
	if !plain {
		return n.Match(text), buf
	}
	if !bytes.Contains(buf, []byte(n.folded)) { // what is marked alike is also alike without marks
		return false, buf
	}
	if !n.marked || strings.Contains(strings.ToLower(text), n.lower) {
		return true, buf
	}
	return n.Match(text), buf
}

// quickFold appends viet.Fold of text, which is in NFC. plain is false if it has
// characters that only viet knows how to fold.
func quickFold(b []byte, text string) (_ []byte, plain bool) {
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c > ' ' && c < 0x7F:
			if c >= 'A' && c <= 'Z' {
				c |= 0x20
			}
			b = append(b, c)
			i++
			continue
		case c == ' ' || c >= '\t' && c <= '\r':
			if len(b) > 0 && b[len(b)-1] != ' ' {
				b = append(b, ' ')
			}
			i++
			continue
		case c < utf8.RuneSelf:
			i++ // a control character shows nothing
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if letter := foldedLetter(r); letter != 0 {
			b = append(b, letter)
		} else if r >= 0x2010 && r <= 0x2027 { // dashes, quotation marks, dots
			b = append(b, text[i:i+n]...)
		} else {
			return b, false
		}
		i += n
	}
	return b, true
}

// foldedLetter returns the letter without its marks, 0 if r is no letter that
// Vietnamese adds to ASCII.
func foldedLetter(r rune) byte {
	switch {
	case r >= 0x1EA0 && r <= 0x1EF9:
		return extended[r-0x1EA0]
	case r >= 0xC0 && r <= 0x1B0:
		return latin[r-0xC0]
	}
	return 0
}

var (
	extended = foldTable(0x1EA0, 0x1EF9)
	latin    = foldTable(0xC0, 0x1B0)
)

// foldTable folds those characters of a block that come out as one letter.
func foldTable(from, to rune) []byte {
	t := make([]byte, to-from+1)
	for r := from; r <= to; r++ {
		if f := viet.Fold(string(r)); len(f) == 1 && f[0] >= 'a' && f[0] <= 'z' && viet.Marked(string(r)) {
			t[r-from] = f[0]
		}
	}
	return t
}
