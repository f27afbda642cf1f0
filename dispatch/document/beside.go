package document

import (
	"math"
	"regexp"
	"strings"
	"unicode"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// signatureBehind is text of a signature that stands behind other words.
var signatureBehind = regexp.MustCompile(`[^ ] (?:\(đã ký\)|(?:ký bởi|người ký|thời gian ký|ngày ký|e-?mail) ?:)`)

// runsIntoSignature reports whether the end of an item is text of the signature
// that stood beside it: the columns were not parted.
func runsIntoSignature(item string) bool {
	if signatureBehind.MatchString(viet.Key(item)) {
		return true
	}
	words := strings.Fields(item)
	n := len(words)
	for n > 0 && !strings.ContainsFunc(words[n-1], unicode.IsLower) {
		n--
	}
	for k := max(n, 1); k < len(words)-1; k++ { // one word may be an abbreviation
		if isSignLine(strings.Join(words[k:], " ")) {
			return true
		}
	}
	return false
}

// endsWithName reports whether words end with what may be a person's name behind
// something else: three or more that begin with capitals.
func endsWithName(ws []word) bool {
	n := len(ws)
	for n > 0 && unicode.IsUpper([]rune(ws[n-1].text)[0]) && !strings.ContainsAny(ws[n-1].text, ",;()") {
		n--
	}
	return n > 0 && len(ws)-n >= 3
}

// lost is a piece of printed text beside the block that reads like a part of it
// but is in no item; "" without one. What stands at the height of the label is
// in the block or in the signature.
func (x *extractor) lost() string {
	label, last := x.p.lines[x.label], x.p.lines[x.last]
	if !label.printed || label.page != last.page {
		return ""
	}
	items := letters(strings.Join(x.f.Recipients, " "))
	for i := max(0, x.label-maxBlockLines); i < min(len(x.p.lines), x.label+maxBlockLines); i++ {
		l := x.p.lines[i]
		k := x.p.flows[l.flow].kind
		if l.page != label.page || k == inHeader || k == inFooter || l.y < label.y-0.6*label.size || l.y > last.y+0.1*last.size {
			continue
		}
		level := math.Abs(l.y-label.y) < 0.6*label.size && l.x > label.x
		for _, q := range split(l.text, i) {
			if t := q.text; x.belongs(q, level) && !strings.Contains(items, letters(itemNumber.ReplaceAllString(t, ""))) {
				return t
			}
		}
	}
	return ""
}

// belongs reports whether a piece beside the block reads like a part of an item;
// at the level of the label, whether it can be anything but a signature.
func (x *extractor) belongs(q seg, level bool) bool {
	key := viet.Key(q.text)
	r := []rune(q.text)
	switch {
	case letters(q.text) == "", labelText(q.text), isSignLine(q.text), plainTitle(q.text), signNoise.MatchString(key), stampText.MatchString(key), x.isName(q.text, q.line):
		return false
	case level && casingOf(q.text) != upperCase, x.isItem(q):
		return true
	}
	return unicode.IsLower(r[0]) || r[0] == '('
}

// letters is the key of a text without anything but letters and digits.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, viet.Key(s))
}
