package recipients

import (
	"strings"

	"quangtri.gov.vn/vanthu/dispatch"
)

// insideOffice reads what a label puts inside a body: "VPCP: BTCN, các Vụ: TH".
func (is *issuer) insideOffice(full string, toks []token, ph *phrase) meaning {
	owner := is.ownerName(ph.owner)
	own := ph.ownerLine || sameName(owner, is.own) || sameName(owner, is.officeName()) && is.class == office
	if own && !strings.HasPrefix(owner, "Văn phòng Chính phủ") && strings.HasPrefix(owner, "Văn phòng") {
		return is.insideOwn(full, toks, ph, owner)
	}
	m := meaning{kind: dispatch.KindOffice, body: owner, inside: own}
	m.unit = is.insideName(toks, owner)
	if strings.HasPrefix(owner, "Bộ ") && is.class == bureau || is.class == bureau && sameName(owner, is.own) {
		m.unit = is.rankedUnit(toks, owner)
	}
	m.name = owner + " / " + m.unit
	m.forms = distinctForms(source(full, toks)+" - "+owner, m.unit+", "+owner)
	return m
}

// ownerName writes out an owner label, with the issuer's territory.
func (is *issuer) ownerName(owner string) string {
	toks := tokenize(owner)
	name := is.bodyName(toks)
	if name == "Văn phòng UBND" || name == "Văn phòng" {
		return is.officeName()
	}
	return name
}

// insideOwn reads a part of the issuer's own office.
func (is *issuer) insideOwn(full string, toks []token, ph *phrase, owner string) meaning {
	inner := *ph
	inner.owner = ""
	if m, ok := is.somebody(full, toks, &inner); ok {
		m.inside = true
		return m
	}
	short := strings.Replace(owner, "Văn phòng UBND", "VP UBND", 1)
	m := meaning{kind: dispatch.KindOffice, body: owner, inside: true}
	if shortCode(toks) || codeOnly(toks) {
		m.unit = "Phòng " + source(full, toks)
		m.name = m.unit + ", " + short
		m.forms = distinctForms(m.unit+", "+owner, source(full, toks))
		return m
	}
	m.unit = expand(toks)
	m.name = m.unit + ", " + short
	m.forms = distinctForms(m.unit+", "+owner, m.unit)
	return m
}

// insideName writes out a post or unit inside a central office.
func (is *issuer) insideName(toks []token, owner string) string {
	if po, many, _, n := leadingPost(toks); n > 0 {
		rest := trimMarks(toks[n:])
		title := po.title
		if po.class == govPost {
			title = govTitle(toks[:n], title)
		}
		if many {
			title = "các " + title
		}
		switch {
		case len(rest) == 0:
			return title
		case po.class == aidePost:
			if rest[0].key == "của" {
				return title + " của " + is.aided(rest[1:])
			}
			return title + " " + is.aided(rest)
		case personName(rest, true) && !bodyStart(rest) && !isPortal(rest):
			return title + " " + joinWords(rest)
		}
		return title + " " + portalName(rest, owner)
	}
	if shortCode(toks) && strings.HasPrefix(owner, "Bộ ") {
		return "đơn vị " + toks[0].text
	}
	text := expand(toks)
	if toks[0].key == "các" {
		if c := chainAt(toks, 1, true); c.end > 1 {
			return strings.TrimSpace("Các " + strings.Join(c.texts(), ", ") + " " + expand(toks[c.end:]))
		}
	}
	return text
}

// aided names whom an aide serves, as lists of offices do: "TTg" is Thủ tướng,
// "TTgCP" Thủ tướng Chính phủ.
func (is *issuer) aided(toks []token) string {
	po, many, _, n := leadingPost(toks)
	if n == 0 {
		return expand(toks)
	}
	title := govTitle(toks[:n], po.title)
	if many {
		title = "các " + title
	}
	rest := trimMarks(toks[n:])
	if len(rest) > 0 {
		return title + " " + joinWords(rest)
	}
	return title
}

// govTitle drops "Chính phủ" from a head of government's title that is written
// without it.
func govTitle(toks []token, title string) string {
	text := words(toks)
	if strings.HasSuffix(text, "cp") || strings.HasSuffix(text, "chính phủ") {
		return title
	}
	return strings.TrimSuffix(title, " Chính phủ")
}

func isPortal(toks []token) bool { return toks[0].key == "cổng" || toks[0].key == "trang" }

// portalName completes "Cổng TTĐT" behind a title with the owner's "Chính phủ".
func portalName(toks []token, owner string) string {
	if isPortal(toks) && owner == "Văn phòng Chính phủ" && len(toks) == 2 && toks[1].key == "ttđt" {
		return "Cổng TTĐT Chính phủ"
	}
	return expand(toks)
}

// rankedUnit gives a ministry's unit its rank, where it is known.
func (is *issuer) rankedUnit(toks []token, owner string) string {
	last := toks[len(toks)-1]
	if toks[0].key != "đơn" || !last.upper() {
		return expand(toks)
	}
	if strings.HasPrefix(owner, "Bộ ") {
		if r := centralUnits[last.key]; r != "" {
			return r + " " + last.text
		}
		return "đơn vị " + last.text
	}
	return "Ban " + last.text
}

// unitOf reads a unit with the body it belongs to: "Vụ Pháp chế - Bộ X", "Bộ X
// (Vụ Y)", "Cục KSTTHC-VPCP", "Vụ Pháp chế Bộ X", "Phòng HC-TC".
func (is *issuer) unitOf(full string, toks []token, ph *phrase) (meaning, bool) {
	if ph.tags.via != "" && ownerHead(toks) {
		return is.unitMeaning(tokenize(ph.tags.via), toks, ""), true
	}
	if t := tokenize(ph.tags.unit); len(t) > 0 {
		switch {
		case ownerHead(t) && !ownerHead(toks):
			return is.unitMeaning(toks, t, full+" ("+ph.tags.unit+")"), true
		case ownerHead(toks) && unitHead(t):
			return is.unitMeaning(t, toks, full+" ("+ph.tags.unit+")"), true
		}
	}
	if i := dashOwner(toks); i > 0 {
		return is.unitMeaning(trimMarks(toks[:i]), toks[i+1:], full), true
	}
	if m, ok := is.bareUnit(full, toks); ok {
		return m, true
	}
	if !unitHead(toks) {
		return meaning{}, false
	}
	if last := toks[len(toks)-1]; len(toks) > 2 && is.ownWord(last.key) && (last.key == "sở" || last.key == "bộ" || last.key == "cục") {
		return is.ownUnit(full, toks[:len(toks)-1]), true
	}
	if i := glued(toks); i > 0 {
		return is.unitMeaning(toks[:i], toks[i:], full), true
	}
	if owner := longestOwner(toks); owner != "" && toks[0].key == "cục" {
		m := is.unitMeaning(toks, tokenize(owner), full)
		if m.unit == joinForm(toks) && toks[len(toks)-1].upper() { // a code that stays one
			m.name = m.body + " / " + m.unit
		}
		return m, true
	}
	switch {
	case toks[0].key == "phòng":
		return is.room(full, toks)
	case placed(toks) || wholeProvinceTail(toks): // "Cục Thuế tỉnh": no unit of a ministry
	case is.class == ministry && (toks[0].key == "vụ" || toks[0].key == "cục"), is.class == bureau && toks[0].key == "vụ":
		m := is.unitMeaning(toks, tokenize(is.own), full)
		m.inside = true
		return m, true
	}
	return meaning{}, false
}

// councilBoards are the boards of councils, by the squashed words behind "Ban".
var councilBoards = wordSetOf("phápchế", "kinhtếngânsách", "ktns", "vănhóaxãhội", "vhxh", "dântộc", "dt", "kinhtếxãhội", "ktxh", "đôthị")

// councilBoard reports whether a council or one of its boards writes "Ban Pháp
// chế" and means that of its own council.
func (is *issuer) councilBoard(toks []token) bool {
	if len(toks) < 2 || toks[0].key != "ban" || !councilBoards[squash(toks[1:])] || is.seat().name == "" {
		return false
	}
	return is.class == council || strings.HasPrefix(is.own, "Ban ") && strings.Contains(is.own, "HĐND")
}

// bareUnit reads units that the issuer writes without itself: a council its "Ban
// Pháp chế", a department its "Thanh tra".
func (is *issuer) bareUnit(full string, toks []token) (meaning, bool) {
	switch {
	case is.councilBoard(toks):
		m := is.unitMeaning(toks, tokenize("HĐND "+is.seat().String()), "")
		if toks[len(toks)-1].key == "tộc" {
			m.vague = "Ban Dân tộc có cả ở HĐND và UBND: hãy chọn."
		}
		return m, true
	case words(toks) == "thanh tra" && (is.class == department || is.class == ministry):
		return is.ownUnit(full, toks), true
	}
	return meaning{}, false
}

// ownUnit reads "Văn phòng Sở", "Thanh tra Sở": a unit of the issuer.
func (is *issuer) ownUnit(full string, unit []token) meaning {
	m := meaning{kind: dispatch.KindOffice, unit: unitName(unit), body: is.own, inside: true}
	m.name = m.unit + " " + is.brief
	m.forms = distinctForms(full, m.name)
	return m
}

// longestOwner finds the known owner of a unit written alone.
func longestOwner(toks []token) string {
	v, _ := longest(unitOwners, toks)
	return v
}

// glued finds an owner that follows its unit without a mark.
func glued(toks []token) int {
	switch toks[0].key {
	case "vụ", "cục", "ban", "phòng", "thanh", "văn", "vp":
	default:
		return 0
	}
	for i := 2; i < len(toks); i++ {
		if !toks[i].capital() || !ownerHead(toks[i:]) || toks[i-1].key == "và" || toks[i-1].key == "thuộc" {
			continue
		}
		switch toks[0].key {
		case "thanh", "văn", "vp":
			if toks[i].key == "bộ" || toks[i].key == "sở" {
				return i
			}
		case "phòng":
			if toks[i].key == "công" || toks[i].key == "sở" || toks[i].key == "văn" || toks[i].key == "vp" || toks[i].key == "vpub" {
				return i
			}
		case "ban":
			if toks[i].key == "hđnd" || toks[i].key == "hội" {
				return i
			}
		default:
			return i
		}
	}
	return 0
}

// unitMeaning names a unit and its body.
func (is *issuer) unitMeaning(unit, owner []token, full string) meaning {
	m := meaning{kind: dispatch.KindOffice}
	m.body = is.bodyName(stripOf(owner))
	m.unit = unitName(unit)
	for i := 1; i+1 < len(unit); i++ {
		if unit[i].key == "và" && unit[i+1].capital() && (knownBody(unit[i+1:]) || strongHead(tokenize(abbreviations[unit[i+1].key]))) {
			m.vague = "Có thể là hai nơi nhận nối bằng \"và\": hãy xác nhận."
		}
	}
	switch {
	case unit[0].key == "ban" && bodyCore(tokenize(m.body)) > 0, strings.HasPrefix(m.body, "Văn phòng UBND"), strings.HasPrefix(m.body, "Sở "):
		m.name = m.unit + ", " + m.body
	default:
		m.name = m.unit + " - " + m.body
	}
	m.forms = distinctForms(full, m.unit+", "+m.body, m.unit+" - "+m.body, m.unit+" "+m.body, m.body+" ("+m.unit+")")
	m.forms = distinctForms(append(m.forms, joinForm(unit)+", "+joinForm(stripOf(owner)), m.unit+", "+expand(stripOf(owner)))...)
	if bare := is.bareLevel(m.body); bare != "" {
		m.forms = distinctForms(append(m.forms, m.unit+" "+bare)...)
	}
	return m
}

// unitName writes a unit out: "Cục KTVB", "Phòng HC-TC", "Cục Kiểm tra VB".
func unitName(toks []token) string {
	name := expand(toks)
	if len(toks) > 1 && (toks[0].key == "phòng" || toks[0].key == "ban") {
		if full := unitNames[squash(toks[1:])]; full != "" && anyUpper(toks[1:]) {
			return toks[0].text + " " + full
		}
	}
	if len(toks) > 1 && (toks[0].key == "vụ" || toks[0].key == "cục" || toks[0].key == "phòng" || toks[0].key == "ban") {
		if head, rest, ok := strings.Cut(name, " "); ok {
			name = head + " " + capitalise(rest)
		}
	}
	if short, full, n := unitPrefix(toks); n > 0 { // "Phòng GD&ĐT Hải Lăng"
		return short + " " + full + " " + joinWords(toks[n:])
	}
	key := words(tokenize(name))
	if (strings.HasPrefix(key, "cục kiểm tra văn bản") || strings.HasPrefix(key, "cục kiểm tra vb")) && strings.Contains(key, "vi phạm hành chính") {
		return "Cục Kiểm tra văn bản và Quản lý xử lý vi phạm hành chính"
	}
	return name
}

// unitPrefix reads a room by its field of work with a bare proper name behind it.
func unitPrefix(toks []token) (head, field string, n int) {
	if len(toks) < 3 || toks[0].key != "phòng" {
		return "", "", 0
	}
	f, taken := matchField(toks[1:])
	if f == nil || 1+taken >= len(toks) || properName(toks[1+taken:]) != len(toks)-1-taken || toks[1+taken].upper() {
		return "", "", 0
	}
	return toks[0].text, f.name, 1 + taken
}

// room reads "Phòng X" without an owner: a room of the issuer's office or of
// the issuer, or with a place, a district's.
func (is *issuer) room(full string, toks []token) (meaning, bool) {
	if n := len(toks); plural(toks) || n > 2 && toks[n-2].key == "cấp" {
		return meaning{}, false
	}
	if start, _ := territoryList(toks); start > 0 { // "Phòng X 9 huyện, thị xã"
		return meaning{}, false
	}
	at := placeStart(toks)
	if at < len(toks) && at > 1 {
		unit := unitName(toks[:at])
		p := is.fill("x " + expand(toks[at:]))
		p = strings.TrimPrefix(p, "x ")
		m := meaning{kind: dispatch.KindOffice, unit: unit, body: "UBND " + p, name: unit + " " + p}
		m.inside = is.class == committee && sameName(p, is.seat().String())
		m.forms = distinctForms(full, m.name)
		return m, true
	}
	unit := unitName(toks)
	m := meaning{kind: dispatch.KindOffice, unit: unit, inside: true}
	if _, _, n := unitPrefix(toks); n > 0 { // of a place whose level it does not tell
		m.inside, m.name = false, unit
		m.forms = distinctForms(full, unit)
		return m, true
	}
	switch {
	case is.class == committee && is.rank != provincial:
		m.body = is.own
		m.name = strings.TrimSpace(unit + " " + is.seat().String())
	case is.class == committee || is.class == office:
		m.body = is.officeName()
		m.name = unit + ", " + m.body
	default:
		m.body = is.own
		m.name = unit + ", " + is.brief
	}
	m.forms = distinctForms(full, m.name)
	return m, true
}

// bareCode reads a code that is no known abbreviation: a unit of the issuer.
func (is *issuer) bareCode(toks []token, ph *phrase) (meaning, bool) {
	text := words(toks)
	isOffice := text == "vp" || text == "văn phòng" || text == "văn phòng cơ quan" || text == "vp cơ quan"
	if !isOffice && !codeOnly(toks) && !(len(toks) == 1 && text == "hcc") || ph.prefix != "" {
		return meaning{}, false
	}
	if f := fieldOfCode(toks); f && !isOffice {
		return meaning{}, false
	}
	m := meaning{kind: dispatch.KindOffice, code: !isOffice, body: is.own, inside: true, vague: "Ký hiệu nội bộ: cần bảng mã của cơ quan ban hành."}
	brief := is.brief
	switch {
	case isOffice && ph.tags.codes != "":
		m.unit = "Văn phòng (Phòng " + ph.tags.codes + ")"
	case isOffice:
		m.unit, m.body, m.vague = "Văn phòng", is.officeName(), "Chỉ ghi \"Văn phòng\": hãy xác nhận văn phòng nào."
		m.name = is.officeName()
		m.forms = distinctForms(m.name)
		return m, true
	case text == "hcc":
		m.name = "Trung tâm/phòng hành chính công (HCC)"
		m.unit = "hành chính công"
		return m, true
	case is.class == police:
		m.unit = toks[0].text
	case is.class == committee || is.class == office:
		m.body = is.officeName()
		m.unit = "Phòng " + joinForm(toks)
		m.name = m.unit + ", " + strings.Replace(m.body, "Văn phòng UBND", "VP UBND", 1)
		m.forms = distinctForms(joinForm(toks))
		return m, true
	default:
		m.unit = "đơn vị " + joinForm(toks)
	}
	m.name = brief + " / " + m.unit
	m.forms = distinctForms(joinForm(toks))
	return m, true
}

// fieldOfCode reports whether toks is the code of a department or ministry.
func fieldOfCode(toks []token) bool {
	_, _, n := fieldCode(toks)
	return n > 0 && n == len(toks)
}
