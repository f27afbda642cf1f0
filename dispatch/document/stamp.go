package document

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// Degrees of secrecy (Luật Bảo vệ bí mật nhà nước 2018, Điều 8) and of urgency
// (Nghị định 30/2020/NĐ-CP, Phụ lục I, ô 10b), highest first, as fields hold them.
var (
	degrees   = []string{"Tuyệt mật", "Tối mật", "Mật"}
	urgencies = []string{"Hỏa tốc hẹn giờ", "Hỏa tốc", "Thượng khẩn", "Khẩn"}
)

// casing is how the letters of a possible stamp are written.
type casing uint8

const (
	lowerCase casing = iota // mật
	titleCase               // Mật
	upperCase               // MẬT
)

// mark is what one piece of text says as a whole, if it is a stamp.
type mark struct {
	secrecy  string // a degree, or ""
	urgency  string
	casing   casing
	declared bool // written out: "Độ mật: Mật"
	unmarked bool // without Vietnamese marks: "TUYET MAT"
}

// stampWords are the words of stamps by their key, longest first.
var stampWords = []struct {
	key              string
	secrecy, urgency string
}{
	{"tuyệt mật", "Tuyệt mật", ""}, {"tối mật", "Tối mật", ""}, {"mật", "Mật", ""},
	{"hỏa tốc hẹn giờ", "", "Hỏa tốc hẹn giờ"}, {"hỏa tốc", "", "Hỏa tốc"},
	{"thượng khẩn", "", "Thượng khẩn"}, {"khẩn", "", "Khẩn"},
}

// declaration is a line that writes the degree out.
var declaration = regexp.MustCompile(`^(?:(?:dấu chỉ |mức )?độ (?:mật|khẩn)(?: của (?:văn bản|tài liệu))? *:? *|(?:dấu|loại|mức|cấp|cấp độ|mức độ|tính chất)(?: văn bản| tài liệu)? *:? *)(.+)$`)

// copyNumber follows a stamp of secrecy in the same box.
var copyNumber = regexp.MustCompile(`^(?:bản số|số bản|bản sao số)(?:$|[^\pL].*)`)

// coverSign is the letter that stands for the degree on a cover: A, B, C.
var coverSign = regexp.MustCompile(`^[abc][ ).]*$`)

// readMark reads text as a stamp. ok is false if the text as a whole is none.
func readMark(text string) (m mark, ok bool) {
	s := undecorated(text)
	if s == "" || len(s) > 160 {
		return m, false
	}
	m.casing = casingOf(s)
	key := viet.Key(s)
	if d := declaration.FindStringSubmatch(key); d != nil {
		m.declared = true
		key = strings.Trim(d[1], " :.-()[]")
	}
	if m.take(key) {
		return m, true
	}
	if unaccented(key) && m.take(accented(key)) {
		m.unmarked = true
		return m, true
	}
	return mark{}, false
}

// take reads key as a row of stamp words and sets m. Words between are refused.
func (m *mark) take(key string) bool {
	found := false
	for key = strings.Trim(key, " -–—/,;:.+*&|"); key != ""; key = strings.TrimLeft(key, " -–—/,;:.+*&|()") {
		w, rest, ok := stampPrefix(key)
		if !ok {
			return found && (copyNumber.MatchString(key) || coverSign.MatchString(key))
		}
		found = true
		if w.secrecy != "" && (m.secrecy == "" || rank(w.secrecy) < rank(m.secrecy)) {
			m.secrecy = w.secrecy
		}
		if w.urgency != "" && m.urgency == "" {
			m.urgency = w.urgency
		}
		if key = rest; w.urgency == "Hỏa tốc hẹn giờ" {
			return true // what follows is the hour
		}
	}
	return found
}

func stampPrefix(key string) (w struct{ key, secrecy, urgency string }, rest string, ok bool) {
	for _, s := range stampWords {
		if r, has := strings.CutPrefix(key, s.key); has && (r == "" || !unicode.IsLetter([]rune(r)[0])) {
			return struct{ key, secrecy, urgency string }{s.key, s.secrecy, s.urgency}, r, true
		}
	}
	return w, "", false
}

func rank(degree string) int {
	for i, d := range degrees {
		if d == degree {
			return i
		}
	}
	return len(degrees)
}

// unaccented reports whether a key has no Vietnamese mark at all.
func unaccented(key string) bool { return viet.Fold(key) == key }

// accented gives the marked form of a stamp typed without marks.
var accentedForms = strings.NewReplacer("tuyet mat", "tuyệt mật", "toi mat", "tối mật", "mat", "mật",
	"hoa toc", "hỏa tốc", "hen gio", "hẹn giờ", "thuong khan", "thượng khẩn", "khan", "khẩn")

func accented(key string) string { return accentedForms.Replace(key) }

// undecorated drops frames, stars and look-alike letters, and closes up letters
// that are spaced out ("M Ậ T").
func undecorated(s string) string {
	s = norm.NFC.String(norm.NFKC.String(s))
	s = strings.Map(func(r rune) rune {
		if t, ok := lookAlike[r]; ok {
			return t
		}
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			return r
		case strings.ContainsRune(":;,./-()&+", r):
			return r
		}
		return ' '
	}, s)
	words := strings.Fields(strings.Trim(viet.Clean(s), " :;,./-()&+"))
	return strings.Join(closeUp(words), " ")
}

// lookAlike maps capitals of other scripts that look like Latin ones.
var lookAlike = map[rune]rune{
	'М': 'M', 'Т': 'T', 'О': 'O', 'Н': 'H', 'А': 'A', 'К': 'K', 'Х': 'X', 'С': 'C', 'У': 'Y', 'Е': 'E',
	'Μ': 'M', 'Τ': 'T', 'Ο': 'O', 'Η': 'H', 'Α': 'A', 'Κ': 'K', 'Ι': 'I', 'Ν': 'N', 'Ε': 'E',
}

// closeUp joins words of single letters. Where words meet is found by the stamps' own words.
func closeUp(words []string) []string {
	if len(words) < 3 {
		return words
	}
	for _, w := range words {
		if len([]rune(w)) != 1 || !unicode.IsLetter([]rune(w)[0]) {
			return words
		}
	}
	joined := strings.Join(words, "")
	for _, s := range stampWords {
		if viet.Key(joined) == viet.Key(strings.ReplaceAll(s.key, " ", "")) {
			n := len([]rune(strings.Fields(s.key)[0]))
			r := []rune(joined)
			if strings.Contains(s.key, " ") && n < len(r) {
				return []string{string(r[:n]), string(r[n:])}
			}
		}
	}
	return []string{joined}
}

// casingOf looks at the letters without marks only, because 8-bit encodings
// keep no capitals with marks.
func casingOf(s string) casing {
	upper, lower, first := 0, 0, true
	c := lowerCase
	for _, r := range s {
		if !unicode.IsLetter(r) {
			continue
		}
		if first && unicode.IsUpper(r) {
			c = titleCase
		}
		first = false
		switch {
		case unicode.IsUpper(r):
			upper++
		case r < 0x80:
			lower++
		}
	}
	if upper > 0 && lower == 0 {
		return upperCase
	}
	return c
}
