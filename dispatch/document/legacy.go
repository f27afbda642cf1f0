package document

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// encoding is how Vietnamese text is stored in runs of a legacy font.
type encoding uint8

const (
	unicodeText encoding = iota
	tcvn3                // TCVN 5712:1993 VN3, fonts .VnTime ...
	vni                  // VNI for Windows, fonts VNI-Times ...
)

// fontEncoding tells the encoding from a font's name; upper is true for the
// fonts that show lower case codes as capitals (.VnTimeH).
func fontEncoding(name string) (e encoding, upper bool) {
	n := strings.ToLower(strings.Trim(strings.TrimSpace(name), `'"`))
	switch {
	case strings.HasPrefix(n, ".vn"):
		return tcvn3, capitalFont(strings.Trim(strings.TrimSpace(name), `'"`))
	case strings.HasPrefix(n, "vni-"), strings.HasPrefix(n, "vni "):
		return vni, false
	}
	return unicodeText, false
}

// capitalFont reports whether a .Vn font's name ends in H, digits and a style
// word ("Bold", "Italic") left aside.
func capitalFont(name string) bool {
	if i := strings.IndexAny(name[1:], " -,"); i >= 0 {
		name = name[:i+1]
	}
	name = strings.TrimRight(name, "0123456789")
	return strings.HasSuffix(name, "H")
}

// tcvn3Letters gives the letters of codes A1..FE; a space is an unused code.
var tcvn3Letters = func() (t [256]rune) {
	const row = "ĂÂÊÔƠƯĐăâêôơưđ      àảãáạ ằẳẵắ       ặầẩẫấậè ẻẽéẹềểễếệìỉ   ĩíịò ỏõóọồổỗốộờởỡớợù ủũúụừửữứựỳỷỹýỵ"
	code := 0xA1
	for _, r := range norm.NFC.String(row) {
		if r != ' ' {
			t[code] = r
		}
		code++
	}
	return t
}()

func decodeTCVN3(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 256 && tcvn3Letters[r] != 0 {
			r = tcvn3Letters[r]
		}
		b.WriteRune(r)
	}
	return b.String()
}

// vniMarks maps a mark after a vowel to the combining marks it stands for.
var vniMarks = map[rune]string{
	'ù': "\u0301", 'ø': "\u0300", 'û': "\u0309", 'õ': "\u0303", 'ï': "\u0323",
	'â': "\u0302", 'á': "\u0302\u0301", 'à': "\u0302\u0300", 'å': "\u0302\u0309", 'ã': "\u0302\u0303", 'ä': "\u0302\u0323",
	'ê': "\u0306", 'é': "\u0306\u0301", 'è': "\u0306\u0300", 'ú': "\u0306\u0309", 'ü': "\u0306\u0303", 'ë': "\u0306\u0323",
}

// vniSingles maps codes that are whole letters.
var vniSingles = map[rune]rune{
	'í': 'í', 'ì': 'ì', 'æ': 'ỉ', 'ó': 'ĩ', 'ò': 'ị', 'ô': 'ơ', 'ö': 'ư', 'î': 'ỵ', 'ñ': 'đ',
}

func decodeVNI(s string) string {
	var b strings.Builder
	base := rune(0)
	for _, r := range s {
		low := unicode.ToLower(r)
		if m, ok := vniMarks[low]; ok && strings.ContainsRune("aeouyơư", base) {
			b.WriteString(m)
			base = 0
			continue
		}
		base = low
		if v, ok := vniSingles[low]; ok {
			base = v
			if low != r {
				v = unicode.ToUpper(v)
			}
			r = v
		}
		b.WriteRune(r)
	}
	return norm.NFC.String(b.String())
}

func decode(s string, e encoding) string {
	switch e {
	case tcvn3:
		return decodeTCVN3(s)
	case vni:
		return decodeVNI(s)
	}
	return s
}

// bestEncoding scores text as Unicode, TCVN3 and VNI and returns the best
// reading; Unicode wins within 0.02. The scores are shares of words that fit
// Vietnamese syllable structure, 0 when there are no words.
func bestEncoding(s string) (e encoding, best, asUnicode float64) {
	s = sampleText(s)
	asUnicode = syllableScore(s)
	best = asUnicode
	for _, c := range []encoding{tcvn3, vni} {
		if sc := syllableScore(decode(s, c)); sc > best+0.02 {
			e, best = c, sc
		}
	}
	return e, best, asUnicode
}

// maxScored bounds the text that is scored, in bytes.
const maxScored = 24 << 10

// sampleText is the beginning of a text, cut between letters.
func sampleText(s string) string {
	if len(s) <= maxScored {
		return s
	}
	return strings.ToValidUTF8(s[:maxScored], "")
}

// plainlyUnicode reports whether a text has so many letters that only Unicode
// has that nothing else needs to be tried.
func plainlyUnicode(s string) bool {
	only, all := 0, 0
	for _, r := range sampleText(s) {
		if r >= 0x80 {
			all++
		}
		if r >= 0x1EA0 && r <= 0x1EF9 || r == 'ư' || r == 'đ' || r == 'ă' || r == 'ơ' {
			only++
		}
	}
	return all > 0 && only*3 > all
}

// syllableScore is the share of words in s that can be Vietnamese syllables.
// Words of digits, abbreviations in plain capitals and web addresses are left out.
func syllableScore(s string) float64 {
	good, all := 0, 0
	for _, w := range strings.Fields(norm.NFC.String(s)) {
		for _, part := range strings.FieldsFunc(w, wordBreak) {
			if skipWord(part) {
				continue
			}
			all++
			if isSyllable(strings.ToLower(part)) {
				good++
			}
		}
	}
	if all == 0 {
		return 0
	}
	return float64(good) / float64(all)
}

func wordBreak(r rune) bool {
	return r < 0x80 && !unicode.IsLetter(r) || r == '–' || r == '—' || r == '“' || r == '”' || r == '…' || r == '•'
}

// skipWord leaves out abbreviations and single letters, which prove nothing.
func skipWord(w string) bool {
	if len(w) < 2 {
		return true
	}
	for _, r := range w {
		if r >= 0x80 || unicode.IsLower(r) {
			return false
		}
	}
	return true
}

var initials = []string{"ngh", "ch", "gh", "gi", "kh", "ng", "nh", "ph", "qu", "th", "tr",
	"b", "c", "d", "đ", "g", "h", "k", "l", "m", "n", "p", "q", "r", "s", "t", "v", "x", ""}

var finals = []string{"ch", "ng", "nh", "c", "m", "n", "p", "t", ""}

var vowels = wordSet("a ă â e ê i o ô ơ u ư y ai ao au ay âu ây eo êu ia iê iêu yê yêu iu oa oă oe oai oao oay oeo oi ôi ơi oo " +
	"ua uâ uê ui uô uôi uơ uy uya uyê uyu uây ưa ươ ươi ươu ưi ưu uyên uă ue")

func wordSet(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// isSyllable reports whether a lower case NFC word is built like a Vietnamese syllable.
func isSyllable(w string) bool {
	bare, tones := stripTone(w)
	if tones > 1 {
		return false
	}
	for _, in := range initials {
		rest, ok := strings.CutPrefix(bare, in)
		if !ok {
			continue
		}
		for _, fin := range finals {
			if v, ok := strings.CutSuffix(rest, fin); ok && (vowels[v] || in == "gi" && v == "") {
				return true
			}
		}
	}
	return false
}

// toneless maps Vietnamese small letters with a tone to the letter without it.
var toneless = func() map[rune]rune {
	m := map[rune]rune{}
	for _, v := range "aăâeêioôơuưy" {
		for _, tone := range "\u0300\u0301\u0303\u0309\u0323" {
			for _, r := range norm.NFC.String(string(v) + string(tone)) {
				m[r] = v
			}
		}
	}
	return m
}()

// stripTone removes the five tone marks of a lower case NFC word and counts
// them; vowel marks stay.
func stripTone(w string) (string, int) {
	n := 0
	s := strings.Map(func(r rune) rune {
		if v, ok := toneless[r]; ok && r >= 0x80 {
			n++
			return v
		}
		return r
	}, w)
	return s, n
}

// capitalsBack writes marked letters as capitals in a piece of 8-bit text whose
// other letters all are: TCVN3 keeps capitals with marks in a font of their own,
// and without the font they come out small.
func capitalsBack(s string) string {
	upper := 0
	for _, r := range s {
		if r < 0x80 && unicode.IsLower(r) {
			return s
		}
		if r < 0x80 && unicode.IsUpper(r) {
			upper++
		}
	}
	if upper < 2 {
		return s
	}
	return strings.ToUpper(s)
}

// hornBack puts "ư" back into a TCVN3 word that lost it: its code is that of the
// soft hyphen, which PDF readers drop. Only words that cannot be otherwise are
// changed; everything else is left for a person to see.
func hornBack(w string) string {
	low := strings.ToLower(w)
	bare, _ := stripTone(low)
	switch bare {
	case "nh", "th", "t", "s":
		return w + "ư"
	}
	for _, rime := range []string{"ơng", "ơc", "ơu"} {
		if !strings.HasSuffix(bare, rime) {
			continue
		}
		r := []rune(w)
		i := len(r) - len([]rune(rime))
		if i < 0 || i > 0 && strings.ContainsRune("uưUƯ", r[i-1]) {
			return w
		}
		horn := "ư"
		if unicode.IsUpper(r[i]) {
			horn = "Ư"
		}
		return string(r[:i]) + horn + string(r[i:])
	}
	return w
}
