package recipients

import (
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// label reads what stands before a colon, and, where that is not enough, what
// follows it.
func (p *lineParser) label(toks, rest []token) label {
	toks = trimMarks(toks)
	if len(toks) == 0 || toks[len(toks)-1].end-toks[0].start > maxContext {
		return label{}
	}
	list := rest
	rest = toks
	many := false
	if rest[0].key == "các" && len(rest) > 1 {
		rest, many = rest[1:], true
	}
	text := words(rest)
	switch {
	case (text == "văn phòng" || text == "vp") && bodyCore(list) > 0:
		return label{prefix: source(p.s, toks)}
	case bodyHead(text):
		return label{prefix: source(p.s, toks)}
	case text == "thường trực" || text == "tt" || text == "thường vụ" || text == "btv" || text == "ban thường vụ":
		return label{prefix: source(p.s, toks)}
	}
	if purpose, ok := purposeOf(source(p.s, toks)); ok {
		return label{purpose: purpose}
	}
	if honorific(toks) == len(toks) { // "Ông (bà): A, B"
		return label{prefix: source(p.s, toks), post: true}
	}
	if lab, ok := p.fieldLabel(rest, many); ok {
		return lab
	}
	if lab, ok := p.unitLabel(rest, many); ok {
		return lab
	}
	if _, _, _, n := leadingPost(rest); n > 0 && (n == len(rest) || namesBody(rest[n:])) {
		return label{prefix: source(p.s, rest), post: true} // "các" before it: each of those named
	}
	if many {
		if i := indexOf(rest, "của"); i > 0 {
			return label{suffix: "của " + expand(rest[i+1:])}
		}
		return label{}
	}
	if strongHead(rest) {
		return label{owner: source(p.s, rest)}
	}
	return label{}
}

// bodyHead reports whether a label is the shared head of a list of places.
func bodyHead(text string) bool {
	switch text {
	case "ubnd", "hđnd", "ủy ban nhân dân", "hội đồng nhân dân", "công an", "đảng ủy", "lãnh đạo":
		return true
	}
	return false
}

// fieldLabel reads "Các Bộ", "Các Bộ, cơ quan", "Các Sở", "Giám đốc các Sở", "Sở".
func (p *lineParser) fieldLabel(toks []token, many bool) (label, bool) {
	if po, _, _, n := leadingPost(toks); n > 0 && n < len(toks) && (po.class == headPost || po.class == massPost || po.class == leaderPost || po.class == ministerPost) {
		toks = toks[n:]
		if toks[0].key == "các" && len(toks) > 1 {
			toks, many = toks[1:], true
		}
	}
	head := toks[0].key
	if head != "bộ" && head != "sở" {
		return label{}, false
	}
	if c := chainAt(toks, 0, many); len(toks) == 1 || c.end == len(toks) {
		return label{prefix: capitalise(head), field: true}, true
	}
	return label{}, false
}

// unitWords are class words that a label turns into the head of each code.
var unitWords = map[string]string{
	"vụ": "Vụ", "cục": "Cục", "ban": "Ban", "phòng": "Phòng", "trung tâm": "Trung tâm", "tập đoàn": "Tập đoàn", "tổng công ty": "Tổng công ty", "công ty": "Công ty", "viện": "Viện", "chi cục": "Chi cục",
	"tổng cục": "Tổng cục", "trường": "Trường", "hội": "Hội", "đơn vị": "đơn vị", "cơ quan": "", "địa phương": "", "huyện": "UBND huyện", "xã": "UBND xã", "phường": "UBND phường", "thị xã": "UBND thị xã", "thành phố": "UBND thành phố", "tỉnh": "UBND tỉnh", "thị trấn": "UBND thị trấn", "đặc khu": "UBND đặc khu",
	"ngân hàng": "Ngân hàng", "báo": "Báo", "đài": "Đài", "ủy ban": "Ủy ban", "học viện": "Học viện",
}

// unitLabel reads "các Vụ", "Các đơn vị thuộc Bộ", "UBND các huyện", "Các Tập đoàn".
func (p *lineParser) unitLabel(toks []token, many bool) (label, bool) {
	if i := indexOf(toks, "các"); i > 0 && i+1 < len(toks) {
		if level, n := levelAt(toks[i+1:]); n > 0 && i+1+n == len(toks) {
			return label{prefix: source(p.s, toks[:i]) + " " + level}, true
		}
	}
	if i := len(toks) - 1; i > 0 && !many {
		if level, n := levelAt(toks[i:]); n == 1 && bodyHead(words(toks[:i])) {
			return label{prefix: source(p.s, toks[:i]) + " " + level}, true
		}
	}
	if !many {
		return label{}, false
	}
	prefix, n := longest(unitWords, toks)
	if n == 0 {
		return label{}, false
	}
	if c := chainAt(toks, 0, true); c.end > n {
		prefix, n = "", c.end // "các Vụ, Cục: ...": the rank of each is not told
		if c.items[0] == "vụ" || c.items[0] == "cục" || c.items[0] == "đơn vị" || c.items[0] == "ban" {
			prefix = "đơn vị"
		}
	}
	rest := toks[n:]
	if len(rest) == 0 {
		if prefix == "đơn vị" {
			return label{}, true
		}
		return label{prefix: prefix, code: prefix != ""}, true
	}
	if rest[0].key != "thuộc" && rest[0].key != "trực" && rest[0].key != "của" {
		return label{}, false
	}
	for len(rest) > 0 && (rest[0].key == "thuộc" || rest[0].key == "trực" || rest[0].key == "của") {
		rest = rest[1:]
	}
	if prefix == "" {
		return label{suffix: "của " + expand(rest)}, true
	}
	return label{prefix: prefix, owner: p.is.bodyWord(rest), code: true}, true
}

// bodyWord names the body that a bare "Bộ", "Sở", "CT" stands for.
func (is *issuer) bodyWord(toks []token) string {
	switch text := words(toks); {
	case text == "bộ" && is.parent != "":
		return is.parent
	case text == "bộ" && is.class == ministry, text == "sở" && is.class == department, text == "cục" && is.class == bureau,
		text == "ct" && is.class == bureau, text == "ban" || text == "cơ quan" || text == "đơn vị" || text == "trường" || text == "viện" || text == "văn phòng" && is.class == office,
		text == "ubnd" && is.class == committee:
		return is.own
	}
	return expand(toks)
}

func indexOf(toks []token, key string) int {
	for i, t := range toks {
		if t.word() && t.key == key {
			return i
		}
	}
	return -1
}

// sameName compares two names as people do.
func sameName(a, b string) bool { return strings.EqualFold(viet.Key(a), viet.Key(b)) }
