package recipients

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// token is a word or a mark of a cleaned line. Offsets are bytes of that line.
type token struct {
	mark       rune // 0 for a word, else one of , ; : ( ) - / . +
	start, end int
	text       string
	key        string // comparison key of a word
	tight      bool   // a mark with no space on either side
}

func (t token) word() bool { return t.mark == 0 }

// upper reports whether a word is written as a code: it has at least one
// letter, begins with a capital or digit, and at most its inner letters are
// lower case ("TTg", "NgV", "ThU").
func (t token) upper() bool {
	up, low, digit := 0, 0, 0
	for _, r := range t.text {
		switch {
		case unicode.IsUpper(r):
			up++
		case unicode.IsLower(r):
			low++
		case unicode.IsDigit(r):
			digit++
		}
	}
	first, _ := utf8.DecodeRuneInString(t.text)
	return (unicode.IsUpper(first) || unicode.IsDigit(first)) && up+digit > 0 &&
		(low == 0 || up >= 2 && low <= up)
}

// capital reports whether a word begins with a capital letter or a digit.
func (t token) capital() bool {
	r, _ := utf8.DecodeRuneInString(t.text)
	return unicode.IsUpper(r) || unicode.IsDigit(r)
}

// tokenize cuts a line into words and marks. A word is a run of letters and
// digits, in which "&" may stand between two of them ("TT&TT").
func tokenize(s string) []token {
	toks := make([]token, 0, len(s)/4+1)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case letter(r):
			j := wordEnd(s, i)
			toks = appendWord(toks, s, i, j)
			i = j
			continue
		case r == '&':
			toks = append(toks, token{start: i, end: i + n, text: "&", key: "và"})
		case unicode.IsSpace(r):
		default:
			toks = append(toks, token{mark: plainMark(r), start: i, end: i + n, text: s[i : i+n], tight: tight(s, i, i+n)})
		}
		i += n
	}
	return toks
}

// gluedCodes are codes that run a head and the committee behind it together; the
// value is the length of the head in bytes.
var gluedCodes = map[string]int{"TTHĐND": 2, "TTUBND": 2, "TTĐU": 2, "TVĐU": 2, "BTVĐU": 3, "VPĐU": 2}

// appendWord appends s[i:j], a glued code as the two words that it stands for.
func appendWord(toks []token, s string, i, j int) []token {
	if n := gluedCodes[s[i:j]]; n > 0 {
		toks = append(toks, token{start: i, end: i + n, text: s[i : i+n], key: viet.Key(s[i : i+n])})
		i += n
	}
	return append(toks, token{start: i, end: j, text: s[i:j], key: viet.Key(s[i:j])})
}

// wordEnd returns the end of the word that begins at i.
func wordEnd(s string, i int) int {
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if letter(r) {
			i += n
			continue
		}
		if r == '&' && i+n < len(s) {
			if next, _ := utf8.DecodeRuneInString(s[i+n:]); letter(next) {
				i += n
				continue
			}
		}
		break
	}
	return i
}

func letter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

func tight(s string, i, j int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	after, _ := utf8.DecodeRuneInString(s[j:])
	return i > 0 && j < len(s) && letter(before) && letter(after)
}

// plainMark maps the look-alikes of a mark to one of them.
func plainMark(r rune) rune {
	switch r {
	case '–', '—', '−', '‐', '‑', '‒', '―', '_':
		return '-'
	case '；':
		return ';'
	case '，', '、':
		return ','
	case '：':
		return ':'
	case '（', '[', '{':
		return '('
	case '）', ']', '}':
		return ')'
	}
	return r
}

// source returns the text that toks cover.
func source(s string, toks []token) string {
	if len(toks) == 0 {
		return ""
	}
	return strings.TrimSpace(s[toks[0].start:toks[len(toks)-1].end])
}

// words returns the keys of the words among toks, joined by single spaces.
func words(toks []token) string {
	var b strings.Builder
	for _, t := range toks {
		if !t.word() {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.key)
	}
	return b.String()
}

// squash reduces a name to its letters, so that "TT&TT", "TT-TT", "TTTT" and
// "TT và TT" meet. It is used for names of fields of work only.
func squash(toks []token) string {
	var b strings.Builder
	for _, t := range toks {
		if t.word() && t.key != "và" {
			b.WriteString(strings.ReplaceAll(t.key, "&", ""))
		}
	}
	return b.String()
}

// trimMarks drops marks other than parentheses from both ends.
func trimMarks(toks []token) []token {
	for len(toks) > 0 && !toks[0].word() && toks[0].mark != '(' {
		toks = toks[1:]
	}
	for len(toks) > 0 && !toks[len(toks)-1].word() && toks[len(toks)-1].mark != ')' {
		toks = toks[:len(toks)-1]
	}
	return toks
}

// hasWords reports whether toks begins with the given words, marks skipped, and
// returns how many tokens they take.
func hasWords(toks []token, want ...string) (int, bool) {
	i := 0
	for _, w := range want {
		for i < len(toks) && (toks[i].mark == '.' || toks[i].mark == '-') {
			i++
		}
		if i >= len(toks) || toks[i].key != w || !toks[i].word() {
			return 0, false
		}
		i++
	}
	return i, true
}

// longest returns the longest entry of table that toks begins with, and the
// number of tokens it takes. Dots and tight dashes between words are skipped.
func longest(table map[string]string, toks []token) (value string, n int) {
	const most = 8 // words in the longest key of any table
	var b strings.Builder
	for i, count := 0, 0; i < len(toks) && count < most; i++ {
		t := toks[i]
		if !t.word() {
			if t.mark == '.' || t.mark == '-' && (t.tight || count > 0) || (t.mark == ',' || t.mark == '/' && t.tight) && count > 0 {
				continue
			}
			break
		}
		if count > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.key)
		count++
		if v, ok := table[b.String()]; ok {
			value, n = v, i+1
		}
	}
	return value, n
}
