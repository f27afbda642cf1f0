package recipients

import (
	"strconv"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// tags is what stands beside a name: in parentheses, or after it in words.
type tags struct {
	purposes   []string
	copies     int
	channel    string
	via        string
	exceptions []string
	person     string // "đ/c Vinh" in parentheses
	unit       string // a unit or an owner in parentheses
	codes      string // private codes in parentheses, as written
	list       bool   // "theo danh sách"
	notes      []string
}

func (t tags) empty() bool {
	return len(t.purposes) == 0 && t.copies == 0 && t.channel == "" && t.via == "" && len(t.exceptions) == 0 &&
		t.person == "" && t.unit == "" && t.codes == "" && !t.list && len(t.notes) == 0
}

// purposes are the usual wordings of why somebody gets the document, keyed
// without marks and dots.
var purposes = map[string]string{
	"b/c": "để báo cáo", "bc": "để báo cáo", "b/cáo": "để báo cáo", "báo cáo": "để báo cáo", "b cáo": "để báo cáo",
	"p/h": "để phối hợp", "ph/h": "để phối hợp", "ph": "để phối hợp", "phối hợp": "để phối hợp", "p/hợp": "để phối hợp", "phối hợp thực hiện": "để phối hợp thực hiện", "phối hợp chỉ đạo": "để phối hợp chỉ đạo",
	"t/h": "để thực hiện", "th/h": "để thực hiện", "th": "để thực hiện", "thực hiện": "để thực hiện", "t/hiện": "để thực hiện", "tổ chức thực hiện": "để thực hiện", "thi hành": "để thi hành", "th/hiện": "để thực hiện",
	"biết": "để biết", "đb": "để biết", "đ/b": "để biết", "thay báo cáo": "thay báo cáo", "kiểm tra": "để kiểm tra", "k/tra": "để kiểm tra", "k/t": "để kiểm tra",
	"đăng tải": "để đăng tải", "đăng công báo": "để đăng Công báo", "đăng website": "để đăng tải", "đưa tin": "để đưa tin", "đ/tin": "để đưa tin", "đăng tin": "để đưa tin", "công bố": "để công bố", "niêm yết": "để niêm yết",
	"c/bị": "để chuẩn bị", "chuẩn bị": "để chuẩn bị", "thay trả lời": "thay trả lời", "trả lời": "để trả lời", "chỉ đạo": "để chỉ đạo", "c/đ": "để chỉ đạo", "theo dõi": "để theo dõi", "t/d": "để theo dõi", "giám sát": "để giám sát",
	"xin ý kiến": "để xin ý kiến", "x/ý kiến": "để xin ý kiến", "tham mưu": "để tham mưu", "thẩm định": "để thẩm định", "đôn đốc": "để đôn đốc",
}

// purposeOf reads a purpose. ok is false if the text is none.
func purposeOf(text string) (string, bool) {
	key := strings.NewReplacer(".", "", " / ", "/").Replace(viet.Key(text))
	bare := strings.TrimSpace(strings.TrimPrefix(key, "để "))
	if p, ok := purposes[bare]; ok {
		return p, true
	}
	if bare != key || strings.HasPrefix(key, "thay ") {
		return viet.Clean(text), true
	}
	return "", false
}

// readTag takes one text found in parentheses (or after the name) into t.
func (t *tags) read(text string) {
	text = strings.Trim(viet.Clean(text), " ,;.")
	if text == "" {
		return
	}
	key := viet.Key(text)
	toks := tokenize(text)
	switch {
	case t.readException(text, key), t.readCopies(key), t.readPair(text), t.readChannel(key):
		return
	case t.readMedium(key):
	case strings.HasPrefix(key, "qua "):
		t.via = strings.TrimSpace(text[len("qua"):])
	case strings.Contains(key, "danh sách"):
		t.list = true
		t.notes = append(t.notes, text)
	case comradeAt(toks) > 0:
		t.person = text
	default:
		if p, ok := purposeOf(text); ok {
			t.purposes = append(t.purposes, p)
			return
		}
		t.readParts(text, toks)
	}
}

// readPair handles "để b/c, 02 bản", "gửi bản giấy, 05 bản" and "02 bản, để b/c".
func (t *tags) readPair(text string) bool {
	first, second, ok := strings.Cut(text, ",")
	if !ok || strings.Contains(second, ",") || !plainTag(first) || !plainTag(second) {
		return false
	}
	var probe tags
	if probe.readCopies(viet.Key(first)) && probe.readCopies(viet.Key(second)) {
		return false // "(2B,7)" are codes of people
	}
	t.read(first)
	t.read(second)
	return true
}

// plainTag reports whether a text is a purpose, a number of copies or a channel.
func plainTag(text string) bool {
	key := viet.Key(viet.Clean(text))
	_, purpose := purposeOf(text)
	var probe tags
	return purpose || probe.readCopies(key) || probe.readChannel(key)
}

// readParts handles what is no known tag.
func (t *tags) readParts(text string, toks []token) {
	switch {
	case unitHead(toks) || ownerHead(toks):
		t.unit = text
	case privateCodes(toks) && !cityCodes(toks):
		t.codes = text
	case personName(toks, false):
		t.person = text
	default:
		t.notes = append(t.notes, text)
	}
}

func (t *tags) readException(text, key string) bool {
	for _, lead := range []string{"trừ ", "ngoại trừ ", "trừ: ", "không gửi ", "không bao gồm ", "không kể "} {
		if strings.HasPrefix(key, lead) {
			runes := []rune(viet.Clean(text))
			for _, part := range splitNames(string(runes[min(len([]rune(lead)), len(runes)):])) {
				t.exceptions = append(t.exceptions, part)
			}
			return true
		}
	}
	return false
}

// splitNames cuts a list of names at commas and semicolons outside protected
// phrases.
func splitNames(text string) []string {
	var names []string
	toks := tokenize(text)
	for _, seg := range splitMark(toks, ';') {
		for _, part := range splitParts(seg) {
			if name := source(text, trimMarks(part)); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// readCopies reads "(02)", "(5b)", "(02 bản)", "(B04b)", "(cn 02b)", "(2 bản chính)".
func (t *tags) readCopies(key string) bool {
	toks := tokenize(key)
	if len(toks) == 0 || len(toks) > 4 {
		return false
	}
	lead := 0
	if len(toks) > 1 && (toks[0].key == "cn" || toks[0].key == "gửi" || toks[0].key == "x") {
		lead = 1
	}
	text := strings.TrimLeft(toks[lead].key, "bx")
	digits := strings.TrimRight(text, "b")
	unit := words(toks[lead+1:])
	if digits == "" || len(digits) > 4 || unit != "" && unit != "bản" && unit != "b" && unit != "bản chính" && unit != "bản giấy" {
		return false
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n <= 0 {
		return false
	}
	t.copies = n
	if unit == "bản giấy" {
		t.channel = "giấy"
	}
	return true
}

// media are the ways a copy may go that are no bodies to go through.
var media = map[string]string{"email": "điện tử", "e mail": "điện tử", "thư điện tử": "điện tử", "hộp thư": "điện tử", "ioffice": "điện tử", "eoffice": "điện tử", "trục": "điện tử", "hệ thống": "điện tử", "phần mềm": "điện tử", "qlvb": "điện tử", "mạng": "điện tử", "tđt": "điện tử", "đường bưu": "giấy", "bưu điện": "giấy", "bưu chính": "giấy", "văn thư": "giấy"}

// readMedium reads "qua email", "gửi qua trục liên thông".
func (t *tags) readMedium(key string) bool {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimPrefix(key, "đã "), "gửi "), "qua ")
	if !ok {
		return false
	}
	channel, n := longest(media, tokenize(rest))
	if n > 0 {
		t.channel = channel
	}
	return n > 0
}

func (t *tags) readChannel(key string) bool {
	paper := strings.Contains(key, "giấy")
	electronic := strings.Contains(key, "điện tử") || strings.Contains(key, "đt)")
	if len(key) > 60 || !paper && !electronic {
		return false
	}
	if !strings.Contains(key, "bản") && !strings.Contains(key, "gửi") && !strings.Contains(key, "vb") && !strings.Contains(key, "qua") {
		return false
	}
	if strings.Contains(key, "cổng") || strings.Contains(key, "thông tin điện tử") {
		return false
	}
	switch {
	case paper && electronic:
		t.channel = "giấy và điện tử"
	case paper:
		t.channel = "giấy"
	default:
		t.channel = "điện tử"
	}
	return true
}

// privateCodes reports whether the text is of codes only ("2B,7", "1C", "KSTT").
func privateCodes(toks []token) bool {
	seen := false
	for _, t := range toks {
		switch {
		case t.mark == ',' || t.mark == '-' || t.mark == ';' || t.mark == '.' || t.mark == '/':
		case t.word() && t.upper() && len([]rune(t.text)) <= 8:
			seen = true
		default:
			return false
		}
	}
	return seen
}

// cityCodes reports whether codes name cities ("HN-TP.HCM"), not people.
func cityCodes(toks []token) bool {
	for _, t := range toks {
		if t.key == "hn" || t.key == "hcm" || t.key == "tphcm" {
			return true
		}
	}
	return false
}

// detachTags cuts parentheses and trailing wordings ("để báo cáo", "trừ ...",
// "gửi bản giấy") off a part and returns the tokens of the name.
func detachTags(s string, toks []token) ([]token, tags) {
	var t tags
	var name []token
	close := closings(toks)
	for i := 0; i < len(toks); i++ {
		if toks[i].mark != '(' {
			name = append(name, toks[i])
			continue
		}
		j := close[i]
		if j == 0 {
			j = len(toks) // never closed: it reaches to the end
		}
		t.read(source(s, toks[i+1:j]))
		i = j
	}
	name = trimMarks(name)
	for i := 1; i < len(name); i++ {
		if !trailer(name[i:]) {
			continue
		}
		t.read(source(s, name[i:]))
		name = trimMarks(name[:i])
		break
	}
	return name, t
}

// trailer reports whether toks begins a wording that follows a name.
func trailer(toks []token) bool {
	switch toks[0].key {
	case "để":
		return toks[0].word()
	case "trừ":
		return true
	case "ngoại":
		_, ok := hasWords(toks, "ngoại", "trừ")
		return ok
	case "gửi":
		_, paper := hasWords(toks, "gửi", "bản")
		_, vb := hasWords(toks, "gửi", "vb")
		_, qua := hasWords(toks, "gửi", "qua")
		return paper || vb || qua
	case "thay":
		_, reply := hasWords(toks, "thay", "trả", "lời")
		_, report := hasWords(toks, "thay", "báo", "cáo")
		return reply || report
	case "qua":
		return len(toks) > 1 && toks[1].capital()
	case "b", "p", "t":
		return len(toks) == 3 && toks[1].mark == '/' && toks[1].tight && !toks[0].upper()
	case "theo":
		_, list := hasWords(toks, "theo", "danh", "sách")
		return list
	}
	return false
}

// closings returns, for every opening parenthesis of toks, the index of the one
// that closes it, and 0 for all other tokens and where none does. One pass.
func closings(toks []token) []int {
	out := make([]int, len(toks))
	var open []int
	for i, t := range toks {
		switch {
		case t.mark == '(':
			open = append(open, i)
		case t.mark == ')' && len(open) > 0:
			out[open[len(open)-1]] = i
			open = open[:len(open)-1]
		}
	}
	return out
}
