package recipients

import (
	"quangtri.gov.vn/vanthu/internal/viet"
	"strings"
	"unicode"
)

// runningCase is mixedCase for a line of the block: only where words are written
// in capitals, not where the line is all codes.
func runningCase(s string) string {
	toks := tokenize(s)
	real := 0
	for _, t := range toks {
		if t.word() && !isCode(t) && viet.Marked(t.text) {
			real++
		}
	}
	cased := s
	if real > 0 && len(toks) > 1 {
		cased = mixedCase(s)
	}
	if len(cased) != len(s) {
		return s
	}
	return cased
}

// mixedCase turns a name in capitals ("UBND TỈNH QUẢNG TRỊ") into the case of
// running text, as far as that can be told.
func mixedCase(s string) string {
	for _, r := range s {
		if unicode.IsLower(r) {
			return s
		}
	}
	toks := tokenize(s)
	var b strings.Builder
	last := 0
	for i, t := range toks {
		b.WriteString(s[last:t.start])
		last = t.end
		lower := t.key
		switch {
		case !t.word():
			b.WriteString(t.text)
		case isCode(t):
			b.WriteString(t.text)
		case i > 0 && (smallWords[lower] || i+1 < len(toks) && smallPairs[lower+" "+toks[i+1].key] || smallPairs[toks[i-1].key+" "+lower]):
			b.WriteString(strings.ToLower(t.text))
		default:
			b.WriteString(capitalise(strings.ToLower(t.text)))
		}
	}
	b.WriteString(s[last:])
	return b.String()
}

// isCode reports whether a word in capitals is a code, not a word of a name
// written in capitals: it is a known short form, or has no vowel.
func isCode(t token) bool {
	known := abbreviations[t.key] != "" || partyCodeKeys[t.key] != "" || partyShort[bodyCores[t.key]] || fieldTable[t.key] != nil && len([]rune(t.text)) > 1 && fieldTable[t.key].name != capitalise(t.key)
	_, _, field := fieldCode([]token{t})
	return known && t.key != "tư" || field > 0 || !strings.ContainsAny(viet.Fold(t.key), "aeiouy") || hasDigit(t.text)
}

// smallWords stay in lower case inside a name written in capitals.
var smallWords = wordSet("và của các tỉnh huyện xã phường thuộc trừ")

var smallPairs = map[string]bool{"nhân dân": true, "thị xã": true, "thị trấn": true, "thành phố": true, "đặc khu": true, "đại biểu": true, "cấp tỉnh": true, "cấp huyện": true, "cấp xã": true, "liên quan": true, "có liên": true, "trực thuộc": true, "địa bàn": true, "trên địa": true, "đoàn thể": true}

// capitalise makes the first letter a capital.
func capitalise(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}

// lowerFirst makes the first letter small.
func lowerFirst(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	r[0] = unicode.ToLower(r[0])
	return string(r)
}
