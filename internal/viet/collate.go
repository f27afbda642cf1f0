package viet

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// alphabet is the order of the Vietnamese letters; f, j, w and z stand where
// CLDR's tailoring for vi puts them.
const alphabet = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"

// Classes of primary weights. 0 and 1 separate levels and end numbers.
const (
	weightSpace  = 0x02
	weightPunct  = 0x03 // followed by the code point
	weightNumber = 0x04 // followed by the count of digits and the digits
	weightLetter = 0x10 // plus the place in alphabet
	weightOther  = 0xF0 // followed by the code point
)

var letterWeight = func() map[rune]byte {
	m := make(map[rune]byte, 33)
	next := byte(weightLetter)
	for _, r := range alphabet {
		m[r] = next
		next++
	}
	return m
}()

// Compare orders a and b as a Vietnamese list does: letters first (a ă â b c d
// đ e ê …), then tones (ngang huyền hỏi ngã sắc nặng), then small before
// capital, as CLDR's collation for vi; numbers stand by their value, which a
// list of "Phường 1" to "Phường 10" needs. It is 0 only for strings with the
// same Clean form.
func Compare(a, b string) int {
	if a == b {
		return 0
	}
	return bytes.Compare(SortKey(a), SortKey(b))
}

// SortKey returns a key that sorts bytewise as [Compare] does; for sorting long
// lists and for ordered stores. It is at most about eight times as long as s.
func SortKey(s string) []byte {
	shown := Clean(s)
	primary := make([]byte, 0, 3*len(shown)+3)
	tones := make([]byte, 0, len(shown))
	rs := []rune(shown)
	for i := 0; i < len(rs); i++ {
		if isDigit(rs[i]) {
			var n int
			primary, n = appendNumber(primary, rs[i:])
			i += n - 1
			continue
		}
		primary, tones = appendRune(primary, tones, rs[i])
	}
	tones = bytes.TrimRight(tones, "\x02")
	key := append(primary, 0)
	key = append(key, tones...)
	key = append(key, 0)
	return append(key, swapCase(shown)...)
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

// appendNumber writes the run of digits that rs begins with, by value, and
// returns its length. Leading zeros tell numbers apart only on the last level.
func appendNumber(key []byte, rs []rune) ([]byte, int) {
	n := 0
	for n < len(rs) && isDigit(rs[n]) {
		n++
	}
	digits := rs[:n]
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:]
	}
	key = append(key, weightNumber, byte(len(digits)>>16), byte(len(digits)>>8), byte(len(digits)))
	for _, d := range digits {
		key = append(key, byte(d))
	}
	return key, n
}

func appendRune(primary, tones []byte, r rune) (p, t []byte) {
	low := unicode.ToLower(r)
	if row, tone, ok := vowel(low); ok {
		return append(primary, letterWeight[vowelRows[row][0]]), append(tones, byte(2+tone))
	}
	if w, ok := letterWeight[low]; ok {
		return append(primary, w), append(tones, 2)
	}
	switch {
	case r == ' ':
		return append(primary, weightSpace), append(tones, 2)
	case unicode.IsLetter(r) || unicode.IsMark(r):
		primary = append(primary, weightOther)
	default:
		primary = append(primary, weightPunct)
	}
	return utf8.AppendRune(primary, low), append(tones, 2)
}

// swapCase makes small letters sort before capitals on the last level.
func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}
