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

// Classes of weights in a key. 0 ends the letters of a word, its tones, and the
// words.
const (
	weightSpace  = 0x02
	weightPunct  = 0x03 // followed by the code point
	weightNumber = 0x04 // followed by the count of digits and the digits
	weightLetter = 0x10 // plus the place in alphabet
	weightOther  = 0xF0 // followed by the code point
)

// weightTone plus the tone is the weight of a vowel among the tones of a word;
// a letter without tone weighs as much as ngang.
const weightTone = 2

var letterWeight = func() map[rune]byte {
	m := make(map[rune]byte, 33)
	next := byte(weightLetter)
	for _, r := range alphabet {
		m[r] = next
		next++
	}
	return m
}()

// Compare orders a and b as a Vietnamese dictionary or list does, syllable by
// syllable: the letters of a syllable first (a ă â b c d đ e ê …), then its tone
// (ngang huyền hỏi ngã sắc nặng), and only then the next syllable, so that all
// of "hoa hồng" stands before "hòa bình". Small stands before capital where
// nothing else differs; numbers stand by their value, which a list of "Phường 1"
// to "Phường 10" needs. It is 0 only for strings with the same Clean form.
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
	key := make([]byte, 0, 4*len(shown)+3)
	tones := make([]byte, 0, 16) // of the word so far
	rs := []rune(shown)
	for i := 0; i < len(rs); i++ {
		var inWord bool
		if key, tones, inWord = appendLetter(key, tones, rs[i]); inWord {
			continue
		}
		key, tones = endWord(key, tones)
		if isDigit(rs[i]) {
			var n int
			key, n = appendNumber(key, rs[i:])
			i += n - 1
			continue
		}
		key = appendSign(key, rs[i])
	}
	key, _ = endWord(key, tones)
	return append(append(key, 0), swapCase(shown)...)
}

// endWord writes the tones of the word that ends, if there is one.
func endWord(key, tones []byte) (k, none []byte) {
	if len(tones) == 0 {
		return key, tones
	}
	key = append(key, 0)
	key = append(key, tones...)
	return append(key, 0), tones[:0]
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

// appendLetter writes r if it is a letter, and its tone.
func appendLetter(key, tones []byte, r rune) (k, t []byte, ok bool) {
	low := unicode.ToLower(r)
	if row, tone, ok := vowel(low); ok {
		return append(key, letterWeight[vowelRows[row][0]]), append(tones, byte(weightTone+tone)), true
	}
	if w, ok := letterWeight[low]; ok {
		return append(key, w), append(tones, weightTone), true
	}
	if unicode.IsLetter(r) || unicode.IsMark(r) {
		return utf8.AppendRune(append(key, weightOther), low), append(tones, weightTone), true
	}
	return key, tones, false
}

func appendSign(key []byte, r rune) []byte {
	if r == ' ' {
		return append(key, weightSpace)
	}
	return utf8.AppendRune(append(key, weightPunct), r)
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
