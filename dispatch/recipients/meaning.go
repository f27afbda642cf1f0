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

// bodyName is the canonical name of a single body.
func (is *issuer) bodyName(toks []token) string {
	if name, ok := is.partyCode(toks); ok {
		return name
	}
	if name, ok := is.fieldBody(toks); ok {
		return name
	}
	if head, n := longest(standingHeads, toks); n > 0 && head != "Văn phòng" {
		rest := trimMarks(toks[n:])
		if bodyCore(rest) > 0 {
			if toks[0].key == "tt" {
				head = "Thường trực"
			}
			name := head + " " + is.coreName(rest)
			if strings.HasPrefix(name, "Thường trực UBND") {
				name += " (CT, các PCT)"
			}
			return name
		}
	}
	if bodyCore(toks) > 0 {
		return is.coreName(toks)
	}
	if board := expand(toks); partyBoards[viet.Key(board)] && is.ofParty() {
		return board + " " + partyAt(is.seat())
	}
	if p, n := levelAt(toks); n > 0 && n < len(toks) && properName(toks[n:]) == len(toks)-n {
		return "UBND " + p + " " + joinWords(toks[n:])
	}
	return is.settleName(is.fill(expand(toks)))
}

// partyBoards are the boards that every Party committee has.
var partyBoards = wordSetOf("ban tổ chức", "ban tuyên giáo", "ban dân vận", "ban nội chính", "ban tuyên giáo và dân vận", "ban xây dựng đảng", "ủy ban kiểm tra", "văn phòng cấp ủy")

// ofParty reports whether the issuer is a Party committee or one of its boards.
func (is *issuer) ofParty() bool {
	return is.seat().name != "" && (is.class == party || committeeAt(tokenize(is.own)) > 0 && strings.HasSuffix(viet.Key(is.own), viet.Key(partyAt(is.seat()))))
}

// coreName names a committee, with the issuer's territory if it has none.
func (is *issuer) coreName(toks []token) string {
	n := bodyCore(toks)
	core := bodyCores[words(toks[:n])]
	rest := trimMarks(toks[n:])
	switch core {
	case "TU", "HU", "ThU":
		if len(rest) == 0 {
			return is.partyName(core)
		}
	case "UBND", "HĐND", "MTTQ", "ĐBQH", "Đảng ủy", "ĐU":
		if core == "MTTQ" && toks[0].key == "mttq" {
			return is.settleName(is.fill("Ủy ban " + expand(toks)))
		}
		name := is.settleName(is.fill(expand(toks)))
		if len(rest) == 0 && core != "MTTQ" && core != "ĐBQH" && (core != "Đảng ủy" && core != "ĐU" || is.rank == communal) {
			return strings.TrimSpace(name + " " + is.seat().String())
		}
		return name
	}
	return is.settleName(is.fill(expand(toks)))
}

// partyName is the committee that "TU" means to the issuer.
func (is *issuer) partyName(code string) string {
	switch code {
	case "HU":
		if is.district.name != "" {
			return partyAt(is.district)
		}
		return "Huyện ủy"
	case "ThU":
		if p := is.at("thành phố"); p.name != "" {
			return partyAt(p)
		}
		return "Thành ủy"
	}
	if is.rank == district && is.district.level != "huyện" {
		return partyAt(is.district)
	}
	return partyAt(is.province)
}

// partyCodes are whole short forms of Party bodies: head and the code of the committee.
var partyCodes = map[string][2]string{
	"tttu": {"Thường trực", "TU"}, "tt tu": {"Thường trực", "TU"}, "tvtu": {"Thường vụ", "TU"}, "btvtu": {"Ban Thường vụ", "TU"}, "btv tu": {"Ban Thường vụ", "TU"}, "vptu": {"Văn phòng", "TU"}, "vp tu": {"Văn phòng", "TU"},
	"btctu": {"Ban Tổ chức", "TU"}, "btc tu": {"Ban Tổ chức", "TU"}, "btgtu": {"Ban Tuyên giáo", "TU"}, "btg tu": {"Ban Tuyên giáo", "TU"}, "ubkttu": {"Ủy ban Kiểm tra", "TU"}, "ubkt tu": {"Ủy ban Kiểm tra", "TU"}, "bnctu": {"Ban Nội chính", "TU"}, "bdvtu": {"Ban Dân vận", "TU"},
	"tthu": {"Thường trực", "HU"}, "tt hu": {"Thường trực", "HU"}, "tvhu": {"Thường vụ", "HU"}, "btvhu": {"Ban Thường vụ", "HU"}, "vphu": {"Văn phòng", "HU"}, "ttthu": {"Thường trực", "ThU"}, "tvthu": {"Thường vụ", "ThU"},
}

var partyCodeKeys = func() map[string]string {
	m := make(map[string]string)
	for k := range partyCodes {
		m[k] = k
	}
	return m
}()

// partyCode reads "TTTU", "TT.TU", "TVTU".
func (is *issuer) partyCode(toks []token) (string, bool) {
	if key, n := longest(partyCodeKeys, toks); n > 0 && n == len(toks) && toks[0].upper() {
		c := partyCodes[key]
		return c[0] + " " + is.partyName(c[1]), true
	}
	return "", false
}

// fieldBody reads "Sở TT&TT", "STTTT", "Bộ Nội vụ", "BTC".
func (is *issuer) fieldBody(toks []token) (string, bool) {
	head := toks[0].key
	if (head == "sở" || head == "bộ") && len(toks) > 1 {
		f, n := matchField(toks[1:])
		if f == nil {
			return "", false
		}
		rest := toks[1+n:]
		if len(rest) > 0 && rest[0].word() && placeStart(rest) > 0 && !wholeProvinceTail(toks) && !(len(rest) > 1 && properName(rest) == len(rest)) {
			return "", false
		}
		return is.fieldName(capitalise(head), f, rest), true
	}
	if word, f, n := fieldCode(toks); n > 0 {
		return is.fieldName(word, f, toks[n:]), true
	}
	return "", false
}

// fieldCode reads a department or ministry in one code: "STC", "SLĐ-TB&XH",
// "BTTTT". n counts the tokens taken.
func fieldCode(toks []token) (head string, f *field, n int) {
	if len(toks) == 0 || !toks[0].upper() || abbreviations[toks[0].key] != "" {
		return "", nil, 0
	}
	n = 1
	for n+1 < len(toks) && toks[n].mark == '-' && toks[n].tight && toks[n+1].upper() {
		n += 2
	}
	code := squash(toks[:n])
	if len([]rune(code)) < 3 {
		return "", nil, 0
	}
	for prefix, word := range map[string]string{"s": "Sở", "b": "Bộ"} {
		if rest, ok := strings.CutPrefix(code, prefix); ok && fieldTable[rest] != nil {
			return word, fieldTable[rest], n
		}
	}
	return "", nil, 0
}

// fieldName writes a department with its province, a ministry without.
func (is *issuer) fieldName(head string, f *field, rest []token) string {
	name := head + " " + f.name
	if len(rest) > 0 {
		if p, n := provinceTail(append([]token{{text: "x", key: "x"}}, rest...)); n == len(rest) {
			return name + " tỉnh " + p
		}
		return is.fill(strings.TrimSpace(name + " " + expand(rest)))
	}
	if head == "Sở" && is.province.name != "" {
		return name + " " + is.province.String()
	}
	return name
}

// oncePerPlace are mass organisations that every territory has.
var oncePerPlace = wordSetOf("hội nông dân", "hội cựu chiến binh", "hội liên hiệp phụ nữ", "hội phụ nữ", "liên đoàn lao động")

// oncePerDistrict are bodies that the districts and communes have too: without
// a place they are those of the issuer's own.
var oncePerDistrict = wordSetOf("tòa án nhân dân", "viện kiểm sát nhân dân", "kho bạc nhà nước", "bảo hiểm xã hội", "ban chỉ huy quân sự", "bộ chỉ huy quân sự", "thanh tra", "chi cục thuế", "chi cục thống kê", "chi cục thi hành án dân sự", "ngân hàng chính sách xã hội", "trạm y tế", "trung tâm y tế")

// militaryName gives the military command below the province its name: only a
// province has a "Bộ Chỉ huy".
func militaryName(name string) string {
	rest, ok := strings.CutPrefix(name, "Bộ Chỉ huy Quân sự ")
	if !ok {
		return name
	}
	toks := tokenize(rest)
	if len(toks) > 1 && toks[0].key == "các" {
		toks = toks[1:]
	}
	if level, n := levelAt(toks); n == 0 || level == "tỉnh" || level == "thành phố" && centralCities[words(toks[n:])] {
		return name
	}
	return "Ban Chỉ huy Quân sự " + rest
}

// settleName completes names of bodies that exist once in a province and are
// usually written without it, and smooths what expansion leaves.
func (is *issuer) settleName(name string) string {
	name = militaryName(name)
	key := words(tokenize(name))
	below := is.rank == district || is.rank == communal
	if rest, ok := strings.CutPrefix(name, "Ngân hàng Nhà nước Việt Nam tỉnh"); ok { // a branch
		name = "Ngân hàng Nhà nước tỉnh" + rest
	}
	switch {
	case below && oncePerDistrict[key]:
		return strings.TrimSpace(name + " " + is.seat().String())
	case key == "đài phát thanh truyền hình" || key == "báo và phát thanh truyền hình":
		return strings.TrimSpace(name + " " + is.province.name)
	case oncePerPlace[key], key == "văn phòng ubnd" || key == "văn phòng hđnd" || key == "văn phòng hđnd và ubnd" || key == "đài khí tượng thủy văn" || key == "ủy ban mttq" || key == "ủy ban mttq việt nam" || key == "mttq" || key == "mttq việt nam" || key == "công an" || key == "bộ chỉ huy quân sự" || key == "đoàn đại biểu quốc hội" || key == "trung tâm công báo" || key == "trung tâm công báo tin học":
		return strings.TrimSpace(name + " " + is.seat().String())
	case key == "báo tỉnh" || strings.HasPrefix(key, "báo tỉnh ") && is.province.name != "":
		return strings.TrimSpace("Báo " + is.province.name)
	}
	return name
}
