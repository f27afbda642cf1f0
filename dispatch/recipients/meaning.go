package recipients

import (
	"strconv"
	"strings"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// meaning is what the grammar alone makes of a phrase.
type meaning struct {
	kind  dispatch.Kind
	name  string   // canonical
	forms []string // what to ask the directory for, best first
	group bool     // ask for a group

	units   []string // territories that a group's wording names
	vague   string   // Vietnamese: why nobody but the clerk can say who is meant
	post    string   // a person's title
	body    string   // the body of a person or a unit, to ask the directory for
	person  string   // a person's name
	unit    string   // a unit inside body
	inside  bool     // an internal recipient of the issuer
	code    bool     // written as a bare code that the grammar does not know
	noSend  bool
	citizen bool // a private person: another may bear the name
	ref     *reference
}

// mean reads the self-standing wording of a phrase.
func (is *issuer) mean(s string, ph *phrase) meaning {
	full := ph.full(s)
	if len(full) > maxName && !ph.archive {
		return meaning{kind: dispatch.KindOther, name: full, vague: "Dài quá, không phải tên một nơi nhận: hãy tách dòng hoặc chọn nơi nhận."}
	}
	toks := tokenize(full)
	switch {
	case ph.archive:
		return is.archive(s, ph)
	case ph.header:
		return is.headerLine(s, ph)
	case len(toks) == 0:
		return meaning{kind: dispatch.KindOther, name: strings.TrimSpace(full)}
	}
	full, toks = roomWritten(full, toks)
	if ref := parseReference(toks); ref != nil {
		return meaning{kind: dispatch.KindReference, name: ref.String(), ref: ref}
	}
	if ph.codes || ph.leaders {
		return is.privateCodes(s, ph)
	}
	if ph.owner != "" {
		return is.insideOffice(full, toks, ph)
	}
	if m, ok := is.web(toks); ok {
		return m
	}
	if m, ok := is.somebody(full, toks, ph); ok {
		return m
	}
	if m, ok := is.unitOf(full, toks, ph); ok {
		return m
	}
	if m, ok := is.collective(full, toks); ok {
		return m
	}
	if m, ok := is.bareCode(toks, ph); ok {
		return m
	}
	return is.agency(full, toks)
}

// roomWritten writes "P. TCHC" as "Phòng TCHC".
func roomWritten(full string, toks []token) (string, []token) {
	n := 1
	for n < len(toks) && toks[n].mark == '.' {
		n++
	}
	if toks[0].text != "P" || n >= len(toks) || !roomCode(toks, n) {
		return full, toks
	}
	full = "Phòng " + source(full, toks[n:])
	return full, tokenize(full)
}

// archive names the copy that is kept.
func (is *issuer) archive(s string, ph *phrase) meaning {
	toks := ph.toks[1:]
	for len(toks) > 0 && (toks[0].mark != 0 && toks[0].mark != '(' || toks[0].key == "trữ") {
		toks = toks[1:]
	}
	for len(toks) > 0 && toks[len(toks)-1].mark != 0 && toks[len(toks)-1].mark != ')' {
		toks = toks[:len(toks)-1]
	}
	codes := source(s, toks)
	m := meaning{kind: dispatch.KindArchive, noSend: true}
	switch {
	case secretMark(toks):
		m.name = "Văn thư (mật)"
		m.vague = "Dòng Lưu mang dấu hiệu văn bản mật (\"M\"): văn bản mật không được gửi qua mạng."
	case codes == "":
		m.name = "Văn thư (" + is.name + ")"
	default:
		m.name = "Văn thư + đơn vị soạn thảo: " + codes + " (" + is.name + ")"
	}
	if is.name == "" {
		m.name = strings.TrimSuffix(m.name, " ()")
	}
	ph.tags.copies = archiveCopies(toks)
	return m
}

// secretMark reports "VT(M)" or "VT-M": the registry of secret papers.
func secretMark(toks []token) bool {
	for i := 0; i+3 < len(toks); i++ {
		if toks[i].key == "vt" && toks[i+1].mark == '(' && (toks[i+2].key == "m" || toks[i+2].key == "mật" || toks[i+2].key == "tm") && toks[i+3].mark == ')' {
			return true
		}
	}
	return false
}

// archiveCopies finds the number of copies on a "Lưu" line.
func archiveCopies(toks []token) int {
	close := closings(toks)
	for i := 0; i+2 < len(toks); i++ {
		if toks[i].mark != '(' || close[i] == 0 || close[i]-i > 4 {
			continue
		}
		var t tags
		parts := make([]string, 0, 3)
		for _, in := range toks[i+1 : close[i]] {
			parts = append(parts, in.text)
		}
		if t.readCopies(strings.ToLower(strings.Join(parts, " "))) {
			return t.copies
		}
	}
	for i := len(toks) - 1; i >= 0 && i >= len(toks)-4; i-- { // "Tr.05b", "05 bản"
		if digits, ok := strings.CutSuffix(toks[i].key, "b"); ok && allDigits(digits) {
			return number(digits)
		}
		if toks[i].key == "bản" && i > 0 && allDigits(toks[i-1].key) {
			return number(toks[i-1].key)
		}
	}
	return 0
}

func allDigits(s string) bool { return s != "" && len(s) < 5 && strings.Trim(s, "0123456789") == "" }

func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

// headerLine names a label whose recipients stand on the lines below.
func (is *issuer) headerLine(s string, ph *phrase) meaning {
	m := meaning{kind: dispatch.KindOther, noSend: true, name: "(dòng tiêu đề, các dòng con ở dưới)"}
	if ph.owner != "" {
		m.name = "(dòng tiêu đề: " + is.fill(expand(ph.toks)) + ")"
	}
	return m
}

// privateCodes names a run of codes that only the issuer's own table explains.
func (is *issuer) privateCodes(s string, ph *phrase) meaning {
	codes := source(s, ph.toks)
	m := meaning{vague: "Ký hiệu nội bộ: cần bảng mã của cơ quan ban hành.", inside: true}
	if ph.leaders {
		m.kind = dispatch.KindPerson
		if hasDigit(codes) {
			m.name = "Lãnh đạo " + is.officeName() + " mã " + codeRange(ph.toks)
		} else {
			m.name = "Lãnh đạo Văn phòng ký hiệu " + codes
		}
		return m
	}
	m.kind = dispatch.KindOffice
	m.name = "Các phòng/chuyên viên " + codes
	return m
}

// codeRange writes V0, V1, V2 as V0-V2.
func codeRange(toks []token) string {
	first, last := toks[0].text, toks[len(toks)-1].text
	if first == last {
		return first
	}
	return first + "-" + last
}

// officeName is the office that serves the issuer's committee.
func (is *issuer) officeName() string {
	switch is.class {
	case department, ministry, bureau:
		return "Văn phòng " + is.brief
	case party:
		return is.fill("Văn phòng " + partyAt(is.seat()))
	case office:
		return is.own
	case otherBody, mass, police:
		if !steering(is.own) {
			return "Văn phòng " + is.brief
		}
	case council:
		return strings.TrimSpace("Văn phòng HĐND " + is.seat().String())
	case committee:
		return strings.TrimSpace("Văn phòng UBND " + is.seat().String())
	}
	if is.rank == provincial {
		return strings.TrimSpace("Văn phòng UBND " + is.province.String())
	}
	return "Văn phòng " + is.brief
}

// steering reports whether a body has no office of its own: that of its
// committee serves it.
func steering(name string) bool {
	key := viet.Key(name)
	for _, head := range []string{"ban chỉ đạo", "ban chỉ huy", "hội đồng", "tổ ", "ban vận động", "chủ tịch"} {
		if strings.HasPrefix(key, head) {
			return true
		}
	}
	return key == ""
}

// agency names a single body.
func (is *issuer) agency(full string, toks []token) meaning {
	m := meaning{kind: dispatch.KindAgency}
	m.name = is.bodyName(toks)
	if last := toks[len(toks)-1]; companies[last.key] != "" && len(toks) <= 3 && last.upper() {
		m.name = companies[last.key]
	}
	m.forms = distinctForms(full, otherStanding(full), otherStanding(otherStanding(full)), m.name, is.bareLevel(m.name), is.withoutLevel(m.name), longForm(m.name))
	if is.class == bureau && len(toks) == 1 && toks[0].text == "CT" {
		m.name = is.own
	}
	if why := vagueness(toks); why != "" {
		m.kind, m.group, m.vague = dispatch.KindGroup, true, why
		return m
	}
	if n := len(toks); n > 2 && toks[n-1].key == "thuộc" && toks[n-2].key == "trực" { // "đảng ủy trực thuộc"
		m.kind, m.group = dispatch.KindGroup, true
		return m
	}
	if !knownHead(toks, m.name) {
		m.kind = dispatch.KindOther
	}
	return m
}

// longForm writes the committees in a name out, as registers of official names do.
func longForm(name string) string {
	long := strings.NewReplacer("UBND", "Ủy ban nhân dân", "HĐND", "Hội đồng nhân dân", "MTTQ", "Mặt trận Tổ quốc").Replace(name)
	if long == name {
		return ""
	}
	return long
}

// bareLevel writes "... tỉnh Quảng Trị" as "... tỉnh".
func (is *issuer) bareLevel(name string) string {
	if is.province.name == "" {
		return ""
	}
	if short, ok := strings.CutSuffix(name, " "+is.province.String()); ok {
		return short + " " + is.province.level
	}
	return ""
}

// withoutLevel writes "Kho bạc Nhà nước tỉnh Quảng Trị" as "Kho bạc Nhà nước
// Quảng Trị".
func (is *issuer) withoutLevel(name string) string {
	if is.province.level != "tỉnh" || is.province.name == "" {
		return ""
	}
	short, ok := strings.CutSuffix(name, " "+is.province.String())
	if !ok || bodyCore(tokenize(name)) > 0 {
		return ""
	}
	return short + " " + is.province.name
}

// otherStanding writes "Thường trực HĐND xã" as "TT HĐND xã" and back: registers
// hold one or the other.
func otherStanding(full string) string {
	if rest, ok := strings.CutPrefix(full, "Thường trực "); ok {
		return "TT " + rest
	}
	for _, short := range []string{"TT. ", "TT "} {
		if rest, ok := strings.CutPrefix(full, short); ok && bodyCore(tokenize(rest)) > 0 {
			return "Thường trực " + rest
		}
	}
	return ""
}

// distinctForms drops empty and repeated forms.
func distinctForms(forms ...string) []string {
	var out []string
	for _, f := range forms {
		if f = strings.TrimSpace(f); f == "" {
			continue
		}
		seen := false
		for _, o := range out {
			seen = seen || sameName(o, f)
		}
		if !seen {
			out = append(out, f)
		}
	}
	return out
}

// knownHead reports whether a name, as written or written out, begins like the
// name of a body.
func knownHead(toks []token, name string) bool {
	if strongHead(toks) {
		return true
	}
	if strongHead(tokenize(name)) {
		return true
	}
	if central := words(tokenize(name)); central == "chính phủ" || central == "quốc hội" || strings.HasPrefix(central, "trung ương ") {
		return true
	}
	for _, t := range toks {
		switch t.key {
		case "ủy", "tu", "huyện", "xã", "phường", "tỉnh", "nhân":
			return true
		}
	}
	first, _, _ := strings.Cut(words(tokenize(name)), " ")
	return bodyHeads[toks[0].key] || bodyHeads[first]
}

// bodyHeads are further first words of bodies.
var bodyHeads = wordSet("hạt trạm đồn trại viettel vnpt mobifone evn agribank bidv vietcombank vietinbank đội tổ khoa kho lữ trung tiểu sư quân xí nhà bảo thư hợp liên tổng câu cảng chốt chùa tòa giáo hội đoàn chi đảng lâm vườn khu làng mạng phân cơ nông")
