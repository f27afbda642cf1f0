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
	numberLine = regexp.MustCompile(`^[^\pL\d]*(?:\pL{2,12}(?: \pL{2,8}){0,2} )?[Ss][ốỐ] ?[:.]? ?(\d[\d.]*[A-Za-z]?)? ?([/–-]) ?([\pL\d][\pL\d&.]*(?: ?[-–/] ?[\pL\d&.]+)*)`)
	// numberOnly reads a number whose symbol is missing: "Số: 15/".
	numberOnly = regexp.MustCompile(`^[^\pL\d]*S[ốỐ] ?[:.]? ?(\d+)? ?[/-]?$`)
	placeDate  = regexp.MustCompile(`(?i)^(.{0,60}?)[,.;]? *(?:,|^| )ngày *(\d{1,2})? *[.…_]* *tháng *(\d{1,2})? *[.…_]* *năm *(\d{4})?`)
	shortDate  = regexp.MustCompile(`(?i)^(.{1,60}?), *(?:ngày +)?(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$`)
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

// joinedHead gives each head line whole, for numbers and dates with wide blanks.
func (x *extractor) joinedHead() (out []seg) {
	for i := x.heads[0].from; i < x.heads[0].to; i++ {
		if t := x.p.lines[i].text; strings.Contains(t, "\t") {
			out = append(out, seg{plain(t), i, 0, 0})
		}
	}
	return out
}

// readNumber finds number and symbol (box 3).
func (x *extractor) readNumber() {
	for _, s := range append(x.headSegs(), x.joinedHead()...) {
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

// readDate finds place and date (box 4).
func (x *extractor) readDate() {
	segs := append(x.headSegs(), x.joinedHead()...)
	for n, s := range segs {
		t := s.text
		if n+1 < len(segs) && strings.Contains(viet.Key(t), "ngày") && x.p.lines[segs[n+1].line].flow == x.p.lines[s.line].flow {
			if m := placeDate.FindStringSubmatch(t); m == nil || m[4] == "" {
				t += " " + segs[n+1].text
			}
		}
		if x.takeDate(t, s.line) {
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

// orgHead begins the name of a body; territory goes on with the name before.
var (
	orgHead = regexp.MustCompile(`^(?:sở|ban|phòng|văn phòng|chi cục|cục|tổng cục|trung tâm|đài|trường|bộ|công an|viện|bệnh viện|đảng ủy|đảng bộ|huyện ủy|` +
		`thành ủy|thị ủy|tỉnh ủy|quận ủy|kho bạc|tòa án|thanh tra|công ty|tổng công ty|tập đoàn|liên đoàn|liên minh|liên hiệp|đoàn|tỉnh đoàn|huyện đoàn|hội|hạt|ủy ban|ubnd|hđnd|` +
		`mặt trận|thường trực|hội đồng|quỹ|ngân hàng|bảo hiểm|bảo tàng|thư viện|báo|vụ|trạm|đội|học viện|nhà xuất bản|chính phủ|thủ tướng|chủ tịch|bch|ban chỉ huy|ủy ban nhân dân)(?:[^\pL]|$)`)
	territory = regexp.MustCompile(`^(?:tỉnh|huyện|thành phố|tp\.?|thị xã|tx\.?|xã|phường|thị trấn|quận|đặc khu)(?:[^\pL]|$)`)
	openEnded = regexp.MustCompile(`(?:^| )(?:ubnd|ủy ban nhân dân|hội đồng nhân dân|hđnd|và|,|-|–|các|của|mặt trận tổ quốc việt nam)$`)
)

var committee = regexp.MustCompile(`^(?:tỉnh|huyện|thị|xã|phường) (?:ủy|đoàn|đội)(?:[^\pL]|$)`)

// isTerritory reports whether a line goes on with the name before: "TỈNH MẪU
// SƠN", but not "TỈNH ỦY MẪU SƠN".
func isTerritory(key string) bool { return territory.MatchString(key) && !committee.MatchString(key) }

// readIssuer reads the issuing body and the one above it (box 2): the lines in
// capitals above the number, in the number's column.
func (x *extractor) readIssuer() {
	lines := x.issuerLines()
	if len(lines) == 0 {
		return
	}
	var names []string
	var bold []bool
	for n, s := range lines {
		l := x.p.lines[s.line]
		key := viet.Key(s.text)
		fresh := n == 0
		if !fresh {
			last := viet.Key(names[len(names)-1])
			wasBold := bold[len(bold)-1]
			fresh = l.bold != wasBold && !openEnded.MatchString(last) ||
				l.bold == wasBold && strings.Contains(key, " ") && orgHead.MatchString(key) && !isTerritory(key) && !openEnded.MatchString(last)
		}
		if fresh {
			names, bold = append(names, s.text), append(bold, l.bold)
		} else {
			names[len(names)-1] += " " + s.text
		}
	}
	x.f.Issuer = names[len(names)-1]
	x.note("issuer", lines[len(lines)-1].line)
	if len(names) > 1 {
		x.f.IssuerParent = strings.Join(names[:len(names)-1], " ")
		x.note("issuer_parent", lines[0].line)
	}
}

// issuerLines are the segments that can name the issuer.
func (x *extractor) issuerLines() (out []seg) {
	tabs, flow := 0, -1
	if x.numberAt >= 0 {
		flow = x.p.lines[x.numberAt].flow
		tabs = split(x.p.lines[x.numberAt].text, x.numberAt)[0].tabs
	}
	for _, s := range x.headSegs() {
		f := x.p.flows[x.p.lines[s.line].flow]
		if x.numberAt >= 0 && s.line >= x.numberAt && x.p.lines[s.line].flow == flow {
			break
		}
		if f.kind == inCell && flow >= 0 && x.p.flows[flow].kind == inCell &&
			(f.table != x.p.flows[flow].table || f.col != x.p.flows[flow].col) {
			continue
		}
		if len(out) > 6 || s.col > 0 && s.tabs > tabs || s.line >= x.heads[0].to && f.kind != inFrame {
			continue
		}
		if x.namesBody(s) {
			out = append(out, s)
		} else if len(out) > 0 && x.typeName(s.text) != "" {
			break
		}
	}
	return out
}

// namesBody reports whether a segment of the head can be a part of a body's name.
func (x *extractor) namesBody(s seg) bool {
	if isRule(s.text) || !x.looksCaps(s.line, s.text) || motto.MatchString(viet.Key(s.text)) {
		return false
	}
	if _, stamp := readMark(s.text); stamp {
		return false
	}
	return x.typeName(s.text) == "" && !circulation.MatchString(viet.Key(s.text)) && !numberLine.MatchString(s.text)
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
	return typeKeys[strings.ReplaceAll(key, " ", "")]
}

// abbreviations of types in symbols (Nghị định 30/2020/NĐ-CP, Phụ lục III).
var abbreviations = map[string]string{"NQ": "Nghị quyết", "QĐ": "Quyết định", "CT": "Chỉ thị", "TB": "Thông báo", "HD": "Hướng dẫn", "CTR": "Chương trình", "KH": "Kế hoạch",
	"BC": "Báo cáo", "TTR": "Tờ trình", "CĐ": "Công điện", "GM": "Giấy mời", "KL": "Kết luận"}

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

var subjectStart = regexp.MustCompile(`^(?:v ?/ ?v|về việc|v/ v)[ :]`)

// readSubject reads the abstract (box 5): below the type, or V/v below the number.
func (x *extractor) readSubject() {
	if x.typeAt >= 0 {
		x.subjectBelowType()
		return
	}
	for _, s := range x.headSegs() {
		key := viet.Key(s.text)
		if !subjectStart.MatchString(key + " ") {
			continue
		}
		t := strings.TrimSpace(subjectPrefix.ReplaceAllString(s.text, ""))
		x.f.Subject = strings.TrimSpace(t + " " + x.subjectRest(s))
		x.note("subject", s.line)
		return
	}
}

var subjectPrefix = regexp.MustCompile(`(?i)^(?:v ?/ ?v|về việc) ?:? *`)

// subjectRest joins the lines that go on below "V/v" in the same column.
func (x *extractor) subjectRest(s seg) string {
	var out []string
	for j := s.line + 1; j < min(s.line+12, len(x.p.lines)); j++ {
		l := x.p.lines[j]
		if l.flow != x.p.lines[s.line].flow {
			continue
		}
		var t string
		for _, q := range split(l.text, j) {
			if q.col == s.col || q.tabs == s.tabs {
				t = q.text
				break
			}
		}
		if l.text == "" || isRule(t) || x.endsSubject(j, t) || l.para != x.p.lines[s.line].para && x.bodyLike(j, viet.Key(t)) {
			break
		}
		out = append(out, t)
	}
	return strings.Join(out, " ")
}

// endsSubject reports whether a line cannot belong to an abstract.
func (x *extractor) endsSubject(i int, t string) bool {
	key := viet.Key(t)
	if _, stamp := readMark(t); stamp && casingOf(t) != lowerCase {
		return true
	}
	return salutation.MatchString(key) || numberLine.MatchString(t) && strings.HasPrefix(key, "số") || placeDate.MatchString(t) && len(t) < 80 && strings.Contains(t, ",") ||
		motto.MatchString(key) || circulation.MatchString(key) || labelText(t) || addressedTo.MatchString(key)
}

// authority is a line that names who decides, between abstract and text.
var authority = regexp.MustCompile(`^(?:chủ tịch|phó chủ tịch|ủy ban|ubnd|hội đồng|giám đốc|tổng giám đốc|bộ trưởng|thủ tướng|chính phủ|trưởng ban|ban |hiệu trưởng|cục trưởng|tổng cục trưởng|chi cục trưởng|chánh |viện trưởng|thường trực|quốc hội|tổng thanh tra|thống đốc|trưởng phòng|tỉnh ủy|bí thư|chi cục|sở )`)

// subjectBelowType joins the lines below the printed type.
func (x *extractor) subjectBelowType() {
	out := []string{}
	if x.f.Subject != "" {
		out = append(out, x.f.Subject)
	}
	top := x.p.lines[x.typeAt]
	first := -1
	for j := x.typeAt + 1; j < min(x.typeAt+20, len(x.p.lines)); j++ {
		l := x.p.lines[j]
		t := plain(l.text)
		if k := x.p.flows[l.flow].kind; k == inHeader || k == inFrame && l.flow != top.flow {
			continue
		}
		if t == "" {
			if len(out) > 0 {
				break
			}
			continue
		}
		if isRule(t) || x.endsSubject(j, t) || len(out) > 0 && x.subjectOver(first, j, t) || len(out) == 0 && x.neverSubject(j, t) {
			break
		}
		if first < 0 {
			first = j
			x.note("subject", j)
		}
		out = append(out, t)
	}
	x.f.Subject = strings.Join(out, " ")
}

// neverSubject rejects a first line that is already the text or the authority.
func (x *extractor) neverSubject(i int, t string) bool {
	key := viet.Key(t)
	return citation.MatchString(key) && runesIn(key) > 60 && !x.p.lines[i].bold ||
		isCaps(t) && authority.MatchString(key) && !strings.Contains(key, "về việc")
}

// subjectOver reports whether line i, after the abstract's first line, is no longer a part of it.
func (x *extractor) subjectOver(first, i int, t string) bool {
	key := viet.Key(t)
	if citation.MatchString(key) || isCaps(t) && authority.MatchString(key) {
		return true
	}
	if first < 0 {
		return false
	}
	a, b := x.p.lines[first], x.p.lines[i]
	if a.flow != b.flow {
		return true
	}
	return a.bold && !b.bold || a.centred && !b.centred || isCaps(a.text) && !isCaps(t) && !b.bold || x.bodyLike(i, key)
}
