// Package viet knows how Vietnamese is written: which strings are the same
// word, how people search for them and in which order they stand.
//
// # What always holds
//
// Every function is pure, safe for concurrent use, linear in the length of its
// argument and never panics, whatever bytes it is given. Every string returned
// is valid UTF-8 in Unicode normalisation form C (TCVN 6909:2001 asks for
// precomposed Unicode).
//
// There are three strengths of comparison, each computed from the one before:
//
//	Clean  what is shown       "Uỷ  ban"  -> "Uỷ ban"
//	Key    what is the same    "Uỷ ban"   -> "ủy ban"   (case and tone placement folded, marks kept)
//	Fold   what a hasty typist "Đông Hà"  -> "dong ha"  (marks dropped, đ is d)
//
// Nothing here knows an agency, a document or a mailbox.
package viet

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxMarks bounds the combining marks kept on one letter by Clean. Vietnamese
// needs two; more are an attack on renderers and on normalisation.
const maxMarks = 4

// NFC returns s in normalisation form C. Bytes that are not UTF-8 become U+FFFD.
func NFC(s string) string {
	if isPlainASCII(s) {
		return s
	}
	return norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD"))
}

// Clean returns s as it should be shown on one line: NFC, the Icelandic Eth and
// the African D (Ð U+00D0, Ɖ U+0189, and their small forms) that old converters
// wrote for Đ replaced by it, every kind of space and line break made one plain
// space, control and invisible format characters removed, trimmed. Of the
// combining marks on one letter the first four are kept. Clean is idempotent.
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	space, marks := false, 0
	for _, r := range s { // an invalid byte arrives as U+FFFD
		r = repair(r)
		switch {
		case r < 0:
			continue
		case r == ' ':
			space, marks = true, 0
			continue
		case unicode.Is(unicode.Mn, r):
			if marks > maxMarks {
				continue
			}
			// A few marks stand for two of their own.
			if marks += utf8.RuneCountInString(norm.NFD.String(string(r))); marks > maxMarks {
				continue
			}
		default:
			marks = 0
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	return repairEth(norm.NFC.String(b.String()))
}

// repair maps r to what Clean writes for it: ' ' for any space, -1 for nothing.
func repair(r rune) rune {
	switch r {
	case 'Ð', 'Ɖ':
		return 'Đ'
	case 'ð', 'ɖ':
		return 'đ'
	case '\t', '\n', '\v', '\f', '\r', '\u0085':
		return ' '
	case '\u034F', '\u115F', '\u1160', '\u3164', '\uFFA0': // joiner and fillers: letters that show nothing
		return -1
	}
	switch {
	case r < 0x80 && r > ' ' && r != 0x7F, isVietLetter(r):
		return r
	case unicode.IsSpace(r):
		return ' '
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r): // controls, soft hyphen, zero width, bidi overrides, BOM
		return -1
	case unicode.Is(unicode.Variation_Selector, r):
		return -1
	case unicode.Is(unicode.Zs, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
		return ' '
	}
	return r
}

// repairEth is a safety net: no composition yields an Eth, but it is cheap to
// be sure that the promise of Clean does not rest on a Unicode version.
func repairEth(s string) string {
	if !strings.ContainsAny(s, "ÐðƉɖ") {
		return s
	}
	return strings.Map(repair, s)
}

// Key returns the comparison key of s: Clean, lower case, the tone mark moved
// to the vowel that carries it by the older convention (hoà -> hòa, uỷ -> ủy,
// but quý stays). Marks are kept: Key("bo") and Key("bộ") differ. Two strings
// with the same Key are the same name. Key is idempotent.
func Key(s string) string {
	return placeTones(lower(Clean(s)))
}

// lower is strings.ToLower that stays in NFC.
func lower(s string) string {
	l := strings.ToLower(s)
	if isClean(l) {
		return l
	}
	return Clean(l)
}

// Fold returns Key(s) without any mark, with d for đ: what somebody types who
// has no Vietnamese keyboard. Fold is idempotent.
func Fold(s string) string {
	if f, ok := foldClean(s); ok {
		return f
	}
	return foldKey(Key(s))
}

// foldClean is Fold of what isClean, which most names are: where a tone stands
// makes no difference to the letters under it.
func foldClean(s string) (string, bool) {
	if !isClean(s) {
		return "", false
	}
	out := make([]byte, 0, len(s))
	for _, r := range s {
		c := byte(r)
		if r >= utf8.RuneSelf {
			c, _ = plainLetter(r)
		}
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		out = append(out, c)
	}
	return string(out), true
}

// foldKey makes a Fold of a Key. Dropping a mark that stood alone may leave two spaces.
func foldKey(key string) string { return Clean(unmark(key)) }

// unmark drops every combining mark from s, which must be NFC, keeping case.
func unmark(s string) string {
	if isPlainASCII(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		if r < 0x80 {
			b.WriteByte(byte(r))
			continue
		}
		if base, ok := plainLetter(r); ok {
			b.WriteByte(base)
			continue
		}
		for _, d := range norm.NFD.String(string(r)) {
			if !unicode.Is(unicode.Mn, d) {
				b.WriteRune(d)
			}
		}
	}
	return norm.NFC.String(b.String())
}

// Marked reports whether s bears any Vietnamese mark, đ included. A query that
// does is meant exactly; one that does not was typed in haste.
func Marked(s string) bool {
	k := Key(s)
	return foldKey(k) != k
}

// MixedScripts returns the first word of s that has letters of the Latin script
// and of one that looks like it (Cyrillic, Greek, Armenian, Cherokee), "" if
// none has. No Vietnamese word does; what looks like "Sở" with a Cyrillic "о"
// would never be found again, or is meant to deceive.
func MixedScripts(s string) string {
	if isClean(s) {
		return ""
	}
	for word := range strings.FieldsFuncSeq(Clean(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		latin, alike := false, false
		for _, r := range word {
			latin = latin || unicode.Is(unicode.Latin, r)
			alike = alike || unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee)
		}
		if latin && alike {
			return word
		}
	}
	return ""
}

func isPlainASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isClean reports whether Clean(s) == s can be told at a glance: only ASCII and
// precomposed Vietnamese letters, single spaces.
func isClean(s string) bool {
	last := ' '
	for _, r := range s {
		if r < ' ' || r == 0x7F || r == ' ' && last == ' ' || r >= 0x80 && !isVietLetter(r) {
			return false
		}
		last = r
	}
	return last != ' ' || s == ""
}

// isVietLetter reports whether r is a precomposed letter that Vietnamese adds to ASCII.
func isVietLetter(r rune) bool {
	_, _, ok := vowel(r)
	return ok || r == 'đ' || r == 'Đ'
}
