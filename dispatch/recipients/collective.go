package recipients

import (
	"strings"

	"quangtri.gov.vn/vanthu/dispatch"
)

// collective reads a group: "Các Sở, Ban, ngành cấp tỉnh", "UBND các huyện,
// thị xã", "Thuế các tỉnh", "Các đơn vị có liên quan".
func (is *issuer) collective(full string, toks []token) (meaning, bool) {
	i, many := 0, false
	for i < len(toks) && (toks[i].key == "các" || toks[i].key == "những" || toks[i].key == "toàn" || toks[i].key == "thể" || toks[i].key == "mọi") {
		many = many || toks[i].key == "các" || toks[i].key == "những"
		i++
	}
	if i >= len(toks) {
		return meaning{}, false
	}
	if m, ok := is.territories(full, toks); ok {
		return m, true
	}
	c := chainAt(toks, i, many)
	if !many && len(c.items) == 0 {
		if j := indexOf(toks, "các"); j > 0 && j < 8 && (!ownPlural(toks, j) || strings.Contains(words(toks), "trên địa bàn")) {
			return is.someOf(full, toks, j), true
		}
		return meaning{}, false
	}
	if !many && c.territorial() {
		return meaning{}, false
	}
	m := meaning{kind: dispatch.KindGroup, group: true}
	rest := toks[max(c.end, i):]
	m.vague = vagueness(toks)
	switch {
	case len(c.items) > 0 && (c.has("sở") || c.has("ban ngành") || c.has("ban") && c.has("ngành")) && !c.has("bộ"):
		m.name = is.departments(c, rest)
	case len(c.items) > 0:
		m.name = "Các " + strings.Join(c.texts(), ", ")
		if tail := is.qualifier(rest); tail != "" {
			m.name += " " + tail
		}
	default:
		m.name = is.single(toks[i:])
	}
	m.forms = distinctForms(full, is.withoutPlace(m.name), m.name)
	return m, true
}

// vagueness says why nobody but the clerk can expand a wording.
func vagueness(toks []token) string {
	text := words(toks)
	switch {
	case strings.Contains(text, "liên quan"):
		return "\"Liên quan\" không nói rõ là ai: hãy chọn các cơ quan nhận."
	case strings.Contains(text, "danh sách"):
		return "Gửi theo danh sách kèm theo: hãy chọn các cơ quan trong danh sách."
	case strings.Contains(text, "cá nhân"):
		return "Có cả cá nhân không nêu tên: hãy chọn nơi nhận."
	}
	return ""
}

// departments writes "Các sở, ban, ngành cấp tỉnh Quảng Trị".
func (is *issuer) departments(c chain, rest []token) string {
	name := "Các " + strings.Join(c.texts(), ", ")
	text := words(rest)
	if strings.Contains(text, "liên quan") {
		return strings.TrimSpace(name + " " + strings.ReplaceAll(text, "có liên quan", "liên quan"))
	}
	whole := text == "" || text == "cấp tỉnh" || text == "tỉnh" || text == "của tỉnh" || text == "thuộc tỉnh" || text == "trực thuộc ubnd tỉnh" || text == "thuộc ubnd tỉnh" || text == "thành phố" || text == "tp" || text == "cấp thành phố" || text == "thuộc thành phố" || text == "của thành phố"
	switch {
	case whole && is.rank == provincial && is.province.level == "tỉnh":
		return name + " cấp " + is.province.String()
	case whole && is.rank == provincial && is.province.name != "":
		return name + " " + is.province.String()
	case text == "" && (is.rank == district || is.rank == communal) && is.province.name != "" && c.has("sở"):
		return name + " cấp " + is.province.String() // only a province has them
	case text == "" || text == "huyện" || text == "xã" || text == "phường" || text == "thị xã" || text == "cấp huyện" || text == "cấp xã" || text == "thành phố" || text == "tp" || text == "thị trấn" || text == "đặc khu":
		return strings.TrimSpace(name + " " + is.seat().String())
	case whole && is.province.name != "":
		return name + " cấp " + is.province.String()
	case len(rest) > 0 && rest[0].key == "cấp":
		return name + " " + expand(rest)
	}
	return strings.TrimSpace(name + " " + is.qualifier(rest))
}

// qualifier writes what follows a list of class words: whose they are.
func (is *issuer) qualifier(rest []token) string {
	rest = trimMarks(rest)
	if len(rest) == 0 {
		return ""
	}
	last := rest[len(rest)-1]
	head := rest[:len(rest)-1]
	lead := len(head) == 0 || head[len(head)-1].key == "thuộc" || head[len(head)-1].key == "của"
	if lead && is.ownWord(last.key) {
		text := strings.TrimSpace(expand(head) + " " + is.brief)
		return text
	}
	if words(rest) == "trực thuộc" && is.own != "" {
		return "trực thuộc " + is.brief
	}
	return is.fill("x " + expand(rest))[2:]
}

// single writes a plural that is no list: "các đoàn thể", "các doanh nghiệp viễn thông".
func (is *issuer) single(toks []token) string {
	key, n := nounAt(toks)
	if n == 0 {
		return "Các " + is.fill(expand(toks))
	}
	noun := nouns[key]
	rest := toks[n:]
	if len(rest) > 0 && rest[0].capital() && !listOwners[rest[0].key] || toks[0].capital() && len(rest) > 0 && key != "sở" && key != "đơn vị" && key != "cơ quan" && key != "phòng" && key != "bộ" && key != "doanh nghiệp" && key != "đoàn thể" {
		return "Các " + is.fill(expand(toks))
	}
	text := words(rest)
	if key == "đoàn thể" && (text == "" || text == "cấp tỉnh" || text == "tỉnh") || key == "sở" && text == "" {
		if is.rank == provincial && is.province.level == "tỉnh" {
			return "Các " + noun + " cấp " + is.province.String()
		}
		return strings.TrimSpace("Các " + noun + " " + is.seat().String())
	}
	if len(rest) == 0 {
		return "Các " + noun
	}
	return "Các " + noun + " " + is.qualifier(rest)
}

// ownPlural reports whether "các" at j belongs to one body's own name: "Liên
// hiệp các Hội Khoa học", "Ban Quản lý các khu công nghiệp", "Đảng ủy các cơ
// quan Đảng".
func ownPlural(toks []token, j int) bool {
	if !strongHead(toks) {
		return false
	}
	if text := words(toks[:j]); text == "đảng ủy khối" || text == "đảng ủy" {
		return true
	}
	_, n := nounAt(toks[j+1:])
	after := j + 1 + n
	return n == 0 || after < len(toks) && toks[after].word() && toks[after].capital() && !listOwners[toks[after].key]
}

// someOf reads "Thuế các tỉnh/thành phố", "Cơ quan chuyên trách của các Bộ, ...".
func (is *issuer) someOf(full string, toks []token, j int) meaning {
	m := meaning{kind: dispatch.KindGroup, group: true, vague: vagueness(toks)}
	head := expand(toks[:j])
	c := chainAt(toks, j+1, true)
	if len(c.items) > 0 {
		m.name = strings.TrimSpace(head + " các " + strings.Join(c.texts(), ", ") + " " + is.qualifier(toks[c.end:]))
	} else {
		m.name = is.fill(expand(toks))
	}
	m.forms = distinctForms(full, is.withoutPlace(m.name), m.name)
	return m
}

// territories reads a body of every territory of a kind: "UBND các huyện, thị
// xã, thành phố", "UBND xã, phường", "Phòng Nội vụ các huyện, TX, TP", "Các
// huyện, thị xã", "UBND cấp xã".
func (is *issuer) territories(full string, toks []token) (meaning, bool) {
	start, c := territoryList(toks)
	if start < 0 {
		return is.tier(full, toks)
	}
	head, tail := toks[:start], toks[c.end:]
	if len(head) > 1 && head[0].key == "các" {
		head = head[1:] // "Các Chi cục Thuế huyện, thị xã"
	}
	counted := ""
	if n := len(head); n > 1 && digitsOnly(head[n-1:]) && toks[start].key != "các" { // "UBND 10 huyện, thị xã"
		head, counted = head[:n-1], "Dòng này ghi số lượng: hãy đối chiếu rồi xác nhận."
	}
	if len(head) > 0 && head[len(head)-1].key == "của" {
		return meaning{}, false
	}
	m := meaning{kind: dispatch.KindGroup, group: true, vague: vagueness(toks) + counted, units: c.texts()}
	if party := partyList(c, tail); party != "" {
		if len(head) > 0 { // "Ban Tuyên giáo các huyện, thị, thành ủy"
			party = expand(head) + " " + lowerFirst(party)
		}
		m.name, m.units, m.forms = party, nil, distinctForms(full, party)
		return m, true
	}
	if more := laterLevels(tail); len(more) > 0 && len(head) > 0 {
		m.units = append(m.units, more...)
		m.name = expand(toks)
		m.forms = distinctForms(full, m.name)
		return m, true
	}
	name := "UBND"
	if len(head) > 0 {
		name = is.headName(head)
	}
	m.name = militaryName(name + " các " + strings.Join(c.texts(), ", "))
	short := m.name
	rest := words(tail)
	switch {
	case c.has("tỉnh") && (strings.Contains(rest, "trực thuộc") || rest == "tw" || rest == "tư"):
		m.name += " trực thuộc Trung ương"
		short = m.name
	case c.has("tỉnh"):
		m.name = strings.TrimSpace(m.name + " " + expand(tail))
		short = m.name
	case allOver[rest]:
		m.name = strings.TrimSpace(m.name + " " + is.overTerritories(c).String())
	default:
		m.name += " " + is.qualifier(tail)
		short, m.units = "", nil // "ven biển": not all of a kind
	}
	m.forms = distinctForms(full, short, m.name)
	return m, true
}

// allOver are wordings behind a list of territories that leave none of them out.
var allOver = wordSetOf("", "tỉnh", "trong tỉnh", "thuộc tỉnh", "của tỉnh", "toàn tỉnh", "trong toàn tỉnh", "trên địa bàn", "trên địa bàn tỉnh", "trên địa bàn huyện", "thuộc huyện", "trong huyện")

// territoryList finds the list of territories that a group's wording runs over:
// two or more kinds, or one behind "các". start is -1 if there is none.
func territoryList(toks []token) (start int, c chain) {
	const most = 12 // words of the body before it
	for i := 0; i < len(toks) && i <= most; i++ {
		if !toks[i].word() || i > 0 && toks[i-1].key == "các" {
			continue
		}
		j := i
		if toks[j].key == "các" && j+1 < len(toks) {
			j++
		}
		c = chainAt(toks, j, j > i)
		if !c.territorial() && j > i {
			if key, n := nounAt(toks[j:]); n > 0 && levelWord(key) && (j+n >= len(toks) || !toks[j+n].capital()) {
				c = chain{items: []string{key}, end: j + n}
			}
		}
		if c.territorial() {
			return i, c
		}
	}
	return -1, chain{}
}

// partyList reads "các huyện, thị, thành ủy": the Party committees of all of
// them, "" if the list is none.
func partyList(c chain, rest []token) string {
	rest = trimMarks(rest)
	if len(rest) == 1 && rest[0].key == "đoàn" { // "các huyện, thị, thành đoàn"
		names := make([]string, 0, len(c.items))
		for _, it := range c.items {
			names = append(names, capitalise(firstWord(it))+" đoàn")
		}
		return "Các " + strings.Join(names, ", ")
	}
	if len(rest) < 2 || rest[len(rest)-1].key != "ủy" || partyLevels[words(rest)] == "" {
		return ""
	}
	names := make([]string, 0, len(c.items)+1)
	for _, it := range c.items {
		names = append(names, strings.TrimSpace(partyAt(place{level: nouns[it]})))
	}
	return "Các " + strings.Join(append(names, capitalise(words(rest))), ", ")
}

// laterLevels lists the kinds of the named territories that follow a list:
// "UBND các huyện, thành phố Đông Hà, thị xã Quảng Trị".
func laterLevels(toks []token) []string {
	var out []string
	for i := 0; i < len(toks); i++ {
		level, n := levelAt(toks[i:])
		if n == 0 || level == "tỉnh" {
			continue
		}
		if m := properName(toks[i+n:]); m > 0 && i > 0 && toks[i-1].mark == ',' {
			out = append(out, level)
			i += n + m - 1
		}
	}
	return out
}

// tier reads "UBND cấp huyện", "UBND cấp xã".
func (is *issuer) tier(full string, toks []token) (meaning, bool) {
	n := len(toks)
	if n < 3 || toks[n-2].key != "cấp" || toks[0].key == "các" {
		return meaning{}, false
	}
	level, k := levelAt(toks[n-1:])
	if k == 0 || level == "tỉnh" {
		return meaning{}, false
	}
	name := is.headName(toks[:n-2]) + " cấp " + level
	m := meaning{kind: dispatch.KindGroup, group: true, name: militaryName(name), forms: distinctForms(full, name)}
	if p := is.overTerritories(chain{items: []string{level}}); p.name != "" {
		m.name += " " + p.String()
	}
	return m, true
}

// headName writes the body that every territory of a group has.
func (is *issuer) headName(head []token) string {
	if h, n := longest(standingHeads, head); n > 0 && bodyCore(trimMarks(head[n:])) > 0 {
		return h + " " + expand(trimMarks(head[n:]))
	}
	if len(head) > 1 && (head[0].key == "sở" || head[0].key == "phòng") {
		if full := unitNames[squash(head[1:])]; full != "" && anyUpper(head[1:]) && head[0].key == "phòng" {
			return head[0].text + " " + full
		}
		if f, n := matchField(head[1:]); f != nil && n == len(head)-1 {
			return head[0].text + " " + f.name
		}
	}
	return expand(head)
}

// overTerritories is the territory whose parts a group's wording names: the
// issuer's district for communes if the issuer sits in one, else its province.
func (is *issuer) overTerritories(c chain) place {
	for _, it := range c.items {
		switch nouns[it] {
		case "huyện", "thị xã", "thành phố", "quận", "đặc khu", "huyện đảo":
			return is.province
		case "thôn", "bản", "khu phố", "khóm":
			return is.commune
		}
	}
	if is.rank == district || is.rank == communal && is.district.name != "" {
		return is.district
	}
	return is.province
}

// withoutPlace drops the issuer's province from a group's name: the directory's
// forms are usually written without it.
func (is *issuer) withoutPlace(name string) string {
	if is.province.name == "" {
		return name
	}
	if short, ok := strings.CutSuffix(name, " "+is.province.name); ok {
		return short
	}
	return name
}
