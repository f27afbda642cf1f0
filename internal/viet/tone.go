package viet

import (
	"strings"
	"unicode"
)

// vowelRows lists the twelve vowels in the order of the alphabet, each without
// tone and then with the five tones in the order of dictionaries: ngang,
// huyền, hỏi, ngã, sắc, nặng.
var vowelRows = [12][6]rune{
	{'a', 'à', 'ả', 'ã', 'á', 'ạ'}, {'ă', 'ằ', 'ẳ', 'ẵ', 'ắ', 'ặ'}, {'â', 'ầ', 'ẩ', 'ẫ', 'ấ', 'ậ'},
	{'e', 'è', 'ẻ', 'ẽ', 'é', 'ẹ'}, {'ê', 'ề', 'ể', 'ễ', 'ế', 'ệ'}, {'i', 'ì', 'ỉ', 'ĩ', 'í', 'ị'},
	{'o', 'ò', 'ỏ', 'õ', 'ó', 'ọ'}, {'ô', 'ồ', 'ổ', 'ỗ', 'ố', 'ộ'}, {'ơ', 'ờ', 'ở', 'ỡ', 'ớ', 'ợ'},
	{'u', 'ù', 'ủ', 'ũ', 'ú', 'ụ'}, {'ư', 'ừ', 'ử', 'ữ', 'ứ', 'ự'}, {'y', 'ỳ', 'ỷ', 'ỹ', 'ý', 'ỵ'},
}

// rowBase is the ASCII letter under each row of vowelRows.
const rowBase = "aaaeeiooouuy"

// rowShaped tells the rows whose letter bears a hat, breve or horn.
var rowShaped = [12]bool{1: true, 2: true, 4: true, 7: true, 8: true, 10: true}

// lastVowel is one past the highest code point in vowelRows and its capitals (ỹ is U+1EF9).
const lastVowel = 0x1EFA

// vowelOf holds row*6+tone+1 for every vowel of either case, 0 for other runes.
var vowelOf = func() (t [lastVowel]uint8) {
	for row, forms := range vowelRows {
		for tone, r := range forms {
			code := uint8(row*6 + tone + 1)
			t[r] = code
			for _, up := range strings.ToUpper(string(r)) {
				t[up] = code
			}
		}
	}
	return t
}()

// vowel splits a vowel of either case into its row and tone.
func vowel(r rune) (row, tone int, ok bool) {
	if r < 0 || r >= lastVowel || vowelOf[r] == 0 {
		return 0, 0, false
	}
	code := int(vowelOf[r]) - 1
	return code / 6, code % 6, true
}

// plainLetter returns the ASCII letter under a Vietnamese letter with marks, in its case.
func plainLetter(r rune) (byte, bool) {
	switch r {
	case 'đ':
		return 'd', true
	case 'Đ':
		return 'D', true
	}
	row, tone, ok := vowel(r)
	if !ok {
		return 0, false
	}
	if r != vowelRows[row][tone] { // a capital
		return rowBase[row] - 'a' + 'A', true
	}
	return rowBase[row], true
}

// placeTones moves, in a lower-case NFC string, the one tone of each run of
// vowels to the vowel that bears it by the older convention, so that "hoà" and
// "hòa", "thuỷ" and "thủy", but also the slip "tòan" for "toàn", become equal.
func placeTones(s string) string {
	if isPlainASCII(s) {
		return s
	}
	rs := []rune(s)
	for i := 0; i < len(rs); {
		if _, _, ok := vowel(rs[i]); !ok {
			i++
			continue
		}
		end := i + 1
		for end < len(rs) {
			if _, _, ok := vowel(rs[end]); !ok {
				break
			}
			end++
		}
		placeTone(rs, i, end)
		i = end
	}
	return string(rs)
}

// placeTone settles the tone of the vowels rs[start:end]. Runs of more than
// four vowels, with two tones or with a loose mark are no Vietnamese syllable and stay
// as they are.
func placeTone(rs []rune, start, end int) {
	if end-start < 2 || end-start > 4 || end < len(rs) && unicode.Is(unicode.Mn, rs[end]) {
		return
	}
	at, tone := -1, 0
	for i := start; i < end; i++ {
		if _, t, _ := vowel(rs[i]); t != 0 {
			if at >= 0 {
				return
			}
			at, tone = i, t
		}
	}
	if at < 0 {
		return
	}
	to := toneSeat(rs, nucleus(rs, start, end), end)
	row, _, _ := vowel(rs[at])
	rs[at] = vowelRows[row][0]
	row, _, _ = vowel(rs[to])
	rs[to] = vowelRows[row][tone]
}

// nucleus skips the u of "qu" and the i of "gi", which belong to the consonant
// when another vowel follows: quý, quả, già (but gì, gìn).
func nucleus(rs []rune, start, end int) int {
	if start == 0 || end-start < 2 {
		return start
	}
	row, _, _ := vowel(rs[start])
	if rs[start-1] == 'q' && rowBase[row] == 'u' && !rowShaped[row] || rs[start-1] == 'g' && rowBase[row] == 'i' {
		return start + 1
	}
	return start
}

// toneSeat returns the index of the vowel of rs[start:end] that bears the tone:
// the last one with a hat, breve or horn; else the last before a consonant; else
// the first of two and the middle of three.
func toneSeat(rs []rune, start, end int) int {
	for i := end - 1; i >= start; i-- {
		if row, _, _ := vowel(rs[i]); rowShaped[row] {
			return i
		}
	}
	if end < len(rs) && isConsonant(rs[end]) {
		return end - 1
	}
	switch end - start {
	case 1, 2:
		return start
	default:
		return start + 1
	}
}

func isConsonant(r rune) bool { return r == 'đ' || 'a' <= r && r <= 'z' }
