package document

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/internal/viet"
)

var (
	// numberLine reads "Số: 15/2009/CT-UBND", "Số 19 - CV/TU", "Luật số: 12/2020/QH14".
	numberLine = regexp.MustCompile(`^[^\pL\d]*(?:\p{Lu}\pL{1,11}(?: \pL{2,8}){0,2} )?(?:S[ốỐ] ?[:.]?|s[ốỐ] ?:)[ .…_]*(\d[\d.]*[A-Za-z]?)?[ .…_]*([/–-]) ?([\pL\d][\pL\d&.]*(?: ?[-–/] ?[\pL\d&.]+)*)`)
	// numberOnly reads a number whose symbol is missing: "Số: 15/".
	numberOnly = regexp.MustCompile(`^[^\pL\d]*S[ốỐ] ?[:.]? ?(\d+)? ?[/-]?$`)
	placeDate  = regexp.MustCompile(`(?i)^(.{0,60}?)[,.;]? *(?:,|^| )ngày *(\d{1,2})? *[.…_]* *tháng *(\d{1,2})? *[.…_]* *năm *(\d{4})?`)
	// dateStart is a line of place and date that may go on in the next line.
	dateStart = regexp.MustCompile(`^(?:\p{Lu}[\pL. -]{0,40}, *)?[Nn]gày`)
	shortDate = regexp.MustCompile(`(?i)^(?:(.{1,60}?) ?, *(?:ngày +)?|ngày +)(\d{1,2}) ?[/.-] ?(\d{1,2}) ?[/.-] ?(\d{4})\.?$`)
)

// headSegs are the segments of the main head, then of frames and page headers.
func (x *extractor) headSegs() []seg {
	h := x.heads[0]
	out := x.segs(h.from, h.to)
	for i := h.to; i < len(x.p.lines) && (x.label < 0 || i < x.label+200); i++ {
		if k := x.p.flows[x.p.lines[i].flow].kind; k == inFrame || k == inHeader {
			out = append(out, split(x.p.lines[i].text, i)...)
		}
	}
	return out
}

// headPieces gives each line of the head in pieces, then whole, for numbers and
// dates with wide blanks; frames and page headers come last.
func (x *extractor) headPieces() (out []seg) {
	segs := x.headSegs()
	for n, s := range segs {
		out = append(out, s)
		t := x.p.lines[s.line].text
		if s.line < x.heads[0].to && strings.Contains(t, "\t") && (n+1 == len(segs) || segs[n+1].line != s.line) {
			out = append(out, seg{plain(t), s.line, 0, 0})
		}
	}
	return out
}

// readNumber finds number and symbol (box 3).
func (x *extractor) readNumber() {
	for _, s := range x.headPieces() {
		m := numberLine.FindStringSubmatch(s.text)
		if m == nil {
			continue
		}
		symbol := tidySymbol(m[3])
		if strings.HasSuffix(s.text, "-") || strings.HasSuffix(s.text, "/") {
			symbol += x.brokenSymbol(s)
		}
		if !strings.ContainsFunc(symbol, unicode.IsUpper) {
			continue
		}
		x.numberAt = s.line
		x.f.Number, x.f.Symbol = strings.TrimRight(m[1], "."), symbol
		x.note("number", s.line)
		break
	}
	if x.numberAt < 0 {
		x.numberWithoutSymbol()
	}
	if x.f.Number != "" {
		x.f.NumberSymbol = x.f.Number
		if x.f.Symbol != "" {
			x.f.NumberSymbol += "/" + x.f.Symbol
		}
	}
	for _, k := range []string{"symbol", "number_symbol"} {
		if s, ok := x.sources["number"]; ok {
			x.sources[k] = s
		}
	}
}

// brokenSymbol is the rest of a symbol that goes on in the next line: "3783/QĐ-" / "UBND".
func (x *extractor) brokenSymbol(s seg) string {
	for j := s.line + 1; j < min(s.line+4, len(x.p.lines)); j++ {
		if x.p.lines[j].flow == x.p.lines[s.line].flow {
			t := plain(x.p.lines[j].text)
			if isCaps(t) && !strings.Contains(t, " ") {
				return s.text[len(s.text)-1:] + t
			}
			return ""
		}
	}
	return ""
}

// numberWithoutSymbol takes "Số: 15" when no line has a symbol too.
func (x *extractor) numberWithoutSymbol() {
	for _, s := range x.segs(x.heads[0].from, x.heads[0].to) {
		if m := numberOnly.FindStringSubmatch(s.text); m != nil {
			x.numberAt, x.f.Number = s.line, m[1]
			x.note("number", s.line)
			return
		}
	}
}

func tidySymbol(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, " ", ""), "–", "-")
	return strings.TrimRight(s, ".-/")
}

// readDate finds place and date (box 4). A date that its line leaves unfinished
// goes on in the next line of the same column.
func (x *extractor) readDate() {
	segs := x.headPieces()
	for n, s := range segs {
		m := placeDate.FindStringSubmatch(s.text)
		whole := m != nil && m[4] != "" || m == nil && shortDate.MatchString(s.text)
		if !whole && n+1 < len(segs) && dateStart.MatchString(s.text) && x.p.lines[segs[n+1].line].flow == x.p.lines[s.line].flow {
			if x.takeDate(s.text+" "+segs[n+1].text, s.line) {
				return
			}
		}
		if x.takeDate(s.text, s.line) {
			return
		}
	}
}

func (x *extractor) takeDate(t string, i int) bool {
	m := placeDate.FindStringSubmatch(t)
	if m == nil {
		m = shortDate.FindStringSubmatch(t)
	}
	if m == nil || strings.Contains(m[1], "(") || citation.MatchString(viet.Key(t)) {
		return false
	}
	place := strings.Trim(m[1], " ,.;")
	if j := strings.LastIndex(place, "  "); j >= 0 {
		place = place[j:]
	}
	if n := numberLine.FindStringIndex(place); n != nil {
		place = strings.TrimSpace(place[n[1]:])
	}
	if place != "" && !unicode.IsUpper([]rune(place)[0]) {
		return false
	}
	x.f.Place = place
	x.f.PlaceDateText = strings.TrimSpace(t[strings.Index(t, place):])
	x.f.Date = civilDate(m[4], m[3], m[2])
	for _, k := range []string{"date", "place", "place_date_text"} {
		x.note(k, i)
	}
	return true
}

// civilDate checks a day; "" when a part is blank or the day does not exist.
func civilDate(year, month, day string) directory.Date {
	y, _ := strconv.Atoi(year)
	m, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(day)
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if y < 1945 || t.Day() != d || int(t.Month()) != m {
		return ""
	}
	return directory.Date(fmt.Sprintf("%04d-%02d-%02d", y, m, d))
}

// types are the names of documents: Nghị định 30/2020/NĐ-CP, Điều 7; Luật ban
// hành văn bản quy phạm pháp luật; Party kinds.
var types = []string{"Nghị quyết liên tịch", "Thông tư liên tịch", "Nghị quyết", "Quyết định", "Chỉ thị", "Quy chế", "Quy định", "Thông cáo", "Thông báo",
	"Hướng dẫn liên ngành", "Hướng dẫn", "Chương trình", "Kế hoạch", "Phương án", "Đề án", "Dự án", "Báo cáo", "Biên bản", "Tờ trình", "Hợp đồng", "Công điện", "Bản ghi nhớ",
	"Bản thỏa thuận", "Bản cam kết", "Giấy ủy quyền", "Giấy mời", "Giấy giới thiệu", "Giấy nghỉ phép", "Giấy chứng nhận", "Phiếu gửi", "Phiếu chuyển", "Phiếu báo",
	"Phiếu trình", "Thư công", "Thư mời", "Nghị định", "Thông tư", "Pháp lệnh", "Luật", "Lệnh", "Kết luận", "Thông tri", "Quy trình", "Quy hoạch", "Lời kêu gọi", "Tuyên bố", "Công hàm", "Điện"}

// typeKeys maps the key of a name without spaces to the name.
var typeKeys = func() map[string]string {
	m := map[string]string{}
	for _, t := range types {
		m[strings.ReplaceAll(viet.Key(t), " ", "")] = t
	}
	return m
}()

// typeName returns the document type that a line in capitals is, or "". Letters
// may be spaced out; a word of urgency may follow.
func (x *extractor) typeName(s string) string {
	t := strings.Trim(s, " :.*-–_")
	if casingOf(t) != upperCase {
		return ""
	}
	key := viet.Key(t)
	for _, u := range urgencies {
		key = strings.TrimSpace(strings.TrimSuffix(key, viet.Key(u)))
	}
	if name := typeKeys[strings.ReplaceAll(key, " ", "")]; name != "" || strings.Contains(key, " ") {
		return name
	}
	return closedTypes[viet.Fold(key)]
}

// closedTypes maps names of several words, closed up and without marks, to the
// name: letters that are spaced out evenly do not show where words meet.
var closedTypes = func() map[string]string {
	m := map[string]string{}
	for _, t := range types {
		if strings.Contains(t, " ") {
			m[strings.ReplaceAll(viet.Fold(t), " ", "")] = t
		}
	}
	return m
}()

// abbreviations of types in symbols (Nghị định 30/2020/NĐ-CP, Phụ lục III) that
// no body's name is shortened to.
var abbreviations = map[string]string{"NQ": "Nghị quyết", "QĐ": "Quyết định", "TB": "Thông báo", "HD": "Hướng dẫn", "CTR": "Chương trình", "KH": "Kế hoạch",
	"BC": "Báo cáo", "TTR": "Tờ trình", "GM": "Giấy mời", "KL": "Kết luận"}

// typeOfSymbol is the type that a symbol such as "QĐ-UBND" names, or "".
func typeOfSymbol(symbol string) string {
	if year, rest, ok := strings.Cut(symbol, "/"); ok && strings.Trim(year, "0123456789") == "" {
		symbol = rest
	}
	head, _, ok := strings.Cut(symbol, "-")
	if !ok {
		return ""
	}
	return abbreviations[strings.ToUpper(head)]
}

// readType finds the document's type (box 5a); without a printed one it is a công văn.
func (x *extractor) readType() {
	for _, s := range x.segs(x.heads[0].from, min(x.heads[0].to+12, len(x.p.lines))) {
		if s.line >= x.heads[0].to && strings.HasSuffix(strings.TrimSpace(s.text), ":") || x.label >= 0 && s.line >= x.label {
			continue
		}
		name, rest := x.typeName(s.text), ""
		if name == "" {
			name, rest = typeWithSubject(s.text)
		}
		if name != "" {
			x.f.Type, x.f.TypePrinted, x.typeAt = name, true, s.line
			x.f.Subject = rest
			x.note("doc_type", s.line)
			return
		}
	}
	x.f.Type = "Công văn"
}

// typeWithSubject splits "QUYẾT ĐỊNH Về việc ..." written in one line.
func typeWithSubject(s string) (name, rest string) {
	words := strings.Fields(s)
	for n := min(4, len(words)-1); n > 0; n-- {
		head := strings.Join(words[:n], " ")
		tail := strings.Join(words[n:], " ")
		t := typeKeys[strings.ReplaceAll(viet.Key(head), " ", "")]
		if t != "" && isCaps(head) && (subjectStart.MatchString(viet.Key(tail)) || unicode.IsLower([]rune(tail)[min(1, len([]rune(tail))-1)])) {
			return t, tail
		}
	}
	return "", ""
}
