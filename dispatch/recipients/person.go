package recipients

import (
	"strings"

	"quangtri.gov.vn/vanthu/dispatch"
)

// somebody reads a person: by title, by name, or both. "Thành viên" of a body
// is a group of persons.
func (is *issuer) somebody(full string, toks []token, ph *phrase) (meaning, bool) {
	if m, ok := is.membership(toks); ok {
		return m, true
	}
	if n := honorific(toks); n > 0 && n < len(toks) {
		return is.citizen(full, toks, n), true
	}
	po, many, _, n := leadingPost(toks)
	if n == 0 {
		if trade := chiefOfRoom(toks); trade != "" {
			return is.roomChief(trade, ph), true
		}
		if m, ok := is.comrade(toks, ph); ok {
			return m, true
		}
		if comrade := comradeAt(toks); comrade > 0 && personName(toks[comrade:], true) {
			return meaning{kind: dispatch.KindPerson, name: "Đồng chí " + joinWords(toks[comrade:]), person: joinWords(toks[comrade:])}, true
		}
		return meaning{}, false
	}
	rest := trimMarks(toks[n:])
	if po.class == massPost {
		return is.mass(po, rest)
	}
	if many && po.class == headPost && len(rest) > 0 && groupOfBodies(rest) {
		return meaning{}, false
	}
	if _, ok := plainGroupBody(rest); ok && (po.class == chairPost || po.class == headPost || po.class == leaderPost || po.class == partyPost) {
		return is.chiefsOf(po, rest), true
	}
	return is.official(po, many, rest, ph), true
}

// comrade reads "Đ/c Võ Mẫu Vinh - Phó Chủ tịch UBND tỉnh".
func (is *issuer) comrade(toks []token, ph *phrase) (meaning, bool) {
	start := comradeAt(toks)
	for i := start; start > 0 && i < len(toks); i++ {
		if toks[i].mark != '-' && toks[i].mark != ',' {
			continue
		}
		po, many, _, n := leadingPost(toks[i+1:])
		if n == 0 || !personName(toks[start:i], true) {
			return meaning{}, false
		}
		named := *ph
		named.tags.person = joinForm(toks[:i])
		return is.official(po, many, trimMarks(toks[i+1+n:]), &named), true
	}
	return meaning{}, false
}

// honorific counts the tokens of "Ông", "Bà", "Ông (bà)", "Ông, bà".
func honorific(toks []token) int {
	n := 0
	for n < len(toks) && (toks[n].key == "ông" || toks[n].key == "bà" || toks[n].key == "các" && n == 0 || n > 0 && !toks[n].word() && toks[n].mark != '-') {
		n++
	}
	if n == 0 || n == 1 && toks[0].key == "các" || n < len(toks) && toks[n-1].key != "ông" && toks[n-1].key != "bà" && toks[n-1].mark == 0 {
		return 0
	}
	return n
}

// citizen is a person by name: never looked up among public bodies.
func (is *issuer) citizen(full string, toks []token, n int) meaning {
	rest := trimMarks(toks[n:])
	name := len(rest)
	for i, t := range rest {
		if t.mark == ',' || t.mark == '-' {
			name = i
			break
		}
	}
	m := meaning{kind: dispatch.KindPerson, name: strings.TrimSpace(full), person: joinWords(rest[:name]), citizen: true}
	m.vague = "Cá nhân có tên: không gửi vào hộp thư công khai. Hãy giao bản giấy hoặc chọn hộp thư công vụ."
	return m
}

// membership reads "Thành viên BCĐ CCHC tỉnh" and "Các đ/c Ủy viên BTV".
func (is *issuer) membership(toks []token) (meaning, bool) {
	i, many := 0, false
	for i < len(toks) {
		if toks[i].key == "các" {
			many = true
			i++
		} else if n := comradeAt(toks[i:]); n > 0 {
			i += n
		} else {
			break
		}
	}
	n, ok := hasWords(toks[i:], "thành", "viên")
	if !ok {
		return meaning{}, false
	}
	rest := trimMarks(toks[i+n:])
	name := "Thành viên"
	if many {
		name = "Các Thành viên"
	}
	body := ""
	if len(rest) > 0 {
		body = is.bodyName(rest)
	}
	return meaning{kind: dispatch.KindGroup, name: strings.TrimSpace(name + " " + body), body: body,
		vague: "Danh sách thành viên theo quyết định thành lập: hãy chọn từng cơ quan."}, true
}

// mass reads "Thủ trưởng các sở, ban, ngành" and "Thủ trưởng cơ quan X": the
// bodies themselves are meant.
func (is *issuer) mass(po post, rest []token) (meaning, bool) {
	if len(rest) == 0 || is.ownClass(rest) {
		return meaning{kind: dispatch.KindPerson, name: po.title + " " + is.brief, body: is.own, post: po.title, inside: true}, true
	}
	text := joinForm(rest)
	if m, ok := is.collective(text, tokenize(text)); ok {
		m.forms = distinctForms(append([]string{po.title + " " + text}, m.forms...)...)
		return m, true
	}
	return is.agency(text, tokenize(text)), true
}

// groupOfBodies reports whether what follows a title is a list of bodies, so
// that the bodies are meant: "Giám đốc các Sở".
func groupOfBodies(rest []token) bool { return len(rest) > 1 && rest[0].key == "các" }

// plainGroupBody recognises "UBND các huyện, thị xã" behind a title.
func plainGroupBody(rest []token) (string, bool) {
	for i, t := range rest {
		if t.key == "các" && i < 6 {
			return joinForm(rest), true
		}
	}
	if len(rest) > 1 && bodyCore(rest) > 0 {
		if c := chainAt(rest, bodyCore(rest), false); len(c.items) > 1 {
			return joinForm(rest), true
		}
	}
	return "", false
}

// chiefsOf reads "Chủ tịch UBND các huyện": the chiefs of a group, reached
// through the bodies.
func (is *issuer) chiefsOf(po post, rest []token) meaning {
	text := joinForm(rest)
	toks := tokenize(text)
	m, ok := is.collective(text, toks)
	if !ok {
		m = meaning{kind: dispatch.KindGroup, name: expand(toks), group: true, forms: []string{text}}
	}
	m.forms = distinctForms(append([]string{po.title + " " + text}, m.forms...)...)
	m.name = po.title + " " + m.name
	m.kind = dispatch.KindGroup
	return m
}

// official is a person by title, perhaps with a name.
func (is *issuer) official(po post, many bool, rest []token, ph *phrase) meaning {
	m := meaning{kind: dispatch.KindPerson, post: po.title}
	rest = withoutCharge(rest)
	var who []token
	switch {
	case len(rest) > 0 && personName(rest, true) && !bodyStart(rest):
		who, rest = rest, nil
	default:
		if at := nameTail(rest); at > 0 {
			who, rest = rest[at:], trimMarks(rest[:at])
		}
	}
	if len(rest) > 0 && !namesBody(rest) {
		m.vague = "Không rõ \"" + clip(joinForm(rest), maxContext) + "\" là ai: hãy chọn người nhận."
		rest = nil
	}
	title := po.title
	if many && title != "Chuyên viên" && !strings.HasPrefix(title, "Lãnh đạo") && !strings.HasPrefix(title, "Ban ") {
		title = "Các " + title
	}
	m.body = is.postBody(po, rest)
	m.name = is.postName(title, po, rest, m.body)
	m.inside = m.body != "" && (sameName(m.body, is.own) || sameName(m.body, is.officeName()))
	switch {
	case len(who) > 0:
		m.person = joinWords(who)
		m.name += " (" + m.person + ")"
	case ph.tags.person != "":
		t := tokenize(ph.tags.person)
		if n := comradeAt(t); n > 0 {
			m.person = joinWords(t[n:])
			m.name += " (đồng chí " + m.person + ")"
		} else {
			m.person = ph.tags.person
			m.name += " (" + m.person + ")"
		}
	}
	return m
}

// withoutCharge drops "phụ trách ...", which says which of several deputies is
// meant but names no body.
func withoutCharge(toks []token) []token {
	for i := 1; i+1 < len(toks); i++ {
		if _, ok := hasWords(toks[i:], "phụ", "trách"); ok {
			return trimMarks(toks[:i])
		}
	}
	return toks
}

// namesBody reports whether what follows a title names a body: "phụ trách",
// "theo dõi lĩnh vực" do not.
func namesBody(rest []token) bool {
	rest = stripOf(rest)
	return rest[0].capital() || strongHead(rest) || bodyCore(rest) > 0 || rest[0].key == "các" || strings.HasPrefix(words(rest), "cơ quan") || strings.HasPrefix(words(rest), "đơn vị") || lowerStarts[rest[0].key]
}

// bodyStart reports whether capitals after a title begin a body, not a name.
func bodyStart(toks []token) bool {
	if strongHead(toks) || bodyCore(toks) > 0 || ownerHead(toks) || shortCode(toks) && abbreviations[toks[0].key] != "" {
		return true
	}
	return shortCode(toks) && len([]rune(toks[0].text)) > 2 && !surnames[toks[0].key]
}

// nameTail finds a person's name behind the body: "PCT UBND tỉnh Nguyễn Văn A".
// It needs a surname after a complete body.
func nameTail(toks []token) int {
	for i := 2; i < len(toks)-1; i++ {
		if surnames[toks[i].key] && personName(toks[i:], false) && !toks[i-1].capital() && levels[toks[i-1].key] != "" && provinces[words(toks[i:])] == "" && len(toks)-i >= 3 {
			return i
		}
	}
	return 0
}

// postBody names the body of a post, for the directory.
func (is *issuer) postBody(po post, rest []token) string {
	if is.meansOwn(rest) {
		return is.own
	}
	if len(rest) > 0 {
		body := is.bodyName(stripOf(rest))
		if po.class == officePost && !strings.HasPrefix(body, "Văn phòng") && bodyCore(tokenize(body)) > 0 {
			return "Văn phòng " + body
		}
		return body
	}
	switch po.class {
	case chairPost:
		return is.chairBody()
	case officePost:
		return is.officeName()
	case ministerPost:
		if is.class == ministry {
			return is.own
		}
	case govPost:
		return govOffice(po.title)
	case vpcpPost:
		return "Văn phòng Chính phủ"
	case partyPost:
		return partyAt(is.seat())
	case placePost:
		return is.own
	case headPost, leaderPost, deputyPost:
		return is.own
	}
	return is.own
}

// govOffice is the office that takes the mail of a leader of the State.
func govOffice(title string) string {
	switch {
	case strings.Contains(title, "Quốc hội"):
		return "Văn phòng Quốc hội"
	case strings.Contains(title, "nước"):
		return "Văn phòng Chủ tịch nước"
	case strings.Contains(title, "Bí thư"):
		return "Văn phòng Trung ương Đảng"
	}
	return "Văn phòng Chính phủ"
}

// chairBody is whose chairman "CT" is to the issuer.
func (is *issuer) chairBody() string {
	switch is.class {
	case council:
		return strings.TrimSpace("HĐND " + is.seat().String())
	case mass, bureau:
		return is.brief
	}
	p := is.seat()
	if is.rank == provincial || is.rank == unknownRank {
		p = is.province
	}
	if p.name == "" && is.rank == central {
		return is.brief
	}
	return strings.TrimSpace("UBND " + p.String())
}

// stripOf drops "của", "thuộc" before a body.
func stripOf(toks []token) []token {
	for len(toks) > 1 && (toks[0].key == "của" || toks[0].key == "thuộc") {
		toks = toks[1:]
	}
	return toks
}

// postName writes a title with its body.
func (is *issuer) postName(title string, po post, rest []token, body string) string {
	switch po.class {
	case govPost:
		if len(rest) > 0 {
			return strings.TrimSpace(title + " " + body)
		}
		return title
	case officePost:
		return is.officePostName(title, rest, body)
	case chairPost:
		if is.class == bureau && len(rest) == 0 {
			title = strings.NewReplacer("Phó Chủ tịch", "Phó Cục trưởng", "Chủ tịch", "Cục trưởng").Replace(title)
		}
	case placePost:
		if len(rest) == 0 {
			title = strings.Replace(title, "Các Trưởng ", "Trưởng các ", 1)
			return strings.TrimSpace(title + " thuộc " + is.commune.String())
		}
	case headPost, leaderPost:
		if len(rest) == 0 || is.meansOwn(rest) {
			return strings.TrimSpace(title + " " + is.brief)
		}
	case ministerPost:
		if is.class != ministry && len(rest) == 0 {
			return title
		}
	case partyPost:
		if len(rest) == 0 {
			return title + " " + partyAt(is.seat())
		}
	}
	return strings.TrimSpace(title + " " + body)
}

// meansOwn reports whether a body is only a class word that means the issuer:
// "Sở", "Cục", "Chi cục", "đơn vị".
func (is *issuer) meansOwn(toks []token) bool {
	return len(toks) == 1 && toks[0].word() && is.ownWord(toks[0].key) || is.ownClass(toks)
}

// ownWord reports whether a class word means the issuer itself.
func (is *issuer) ownWord(key string) bool {
	switch key {
	case "sở":
		return is.class == department
	case "bộ":
		return is.class == ministry
	case "cục", "ct":
		return is.class == bureau
	case "ban", "trường", "viện", "trung", "chi", "đơn", "cơ", "công", "hội":
		return true
	}
	return false
}

// officePostName writes "Chánh Văn phòng UBND tỉnh": "Văn phòng" is said once.
func (is *issuer) officePostName(title string, rest []token, body string) string {
	office := strings.TrimPrefix(body, "Văn phòng ")
	if strings.HasSuffix(title, "Văn phòng") {
		return strings.TrimSpace(title + " " + office)
	}
	return strings.TrimSpace(title + " " + body)
}

// chiefOfRoom reads "TPKTTH": chief of a unit by code.
func chiefOfRoom(toks []token) string {
	if len(toks) != 1 || !toks[0].upper() {
		return ""
	}
	for _, lead := range []string{"ptp", "tp"} {
		if unit, ok := strings.CutPrefix(toks[0].key, lead); ok && unitNames[unit] != "" {
			return unitNames[unit]
		}
	}
	return ""
}

func (is *issuer) roomChief(unit string, ph *phrase) meaning {
	office := is.officeName()
	return meaning{kind: dispatch.KindPerson, name: "Trưởng phòng " + unit + ", " + strings.Replace(office, "Văn phòng UBND", "VP UBND", 1), post: "Trưởng phòng", body: office, unit: unit, inside: true}
}
