package recipients

import (
	"strings"
	"unicode"
)

// unitHead reports whether toks begins like a unit inside a body.
func unitHead(toks []token) bool {
	if len(toks) == 0 || !toks[0].word() {
		return false
	}
	switch toks[0].key {
	case "vụ", "cục", "phòng", "khoa", "ban", "trung", "tổ", "đội", "viện", "chi", "hạt", "văn", "vp", "thanh":
	default:
		return false
	}
	if toks[0].key == "trung" || toks[0].key == "văn" || toks[0].key == "thanh" {
		return len(toks) > 2 && (toks[1].key == "tâm" || toks[1].key == "phòng" || toks[1].key == "tra")
	}
	return len(toks) > 1
}

// ownerHead reports whether toks begins like a body that has units.
func ownerHead(toks []token) bool {
	if len(toks) == 0 || !toks[0].word() {
		return false
	}
	if toks[0].key == "bộ" || toks[0].key == "sở" {
		f, _ := matchField(toks[1:])
		return f != nil
	}
	switch toks[0].key {
	case "vpcp", "vpub", "vpubnd", "nhnn", "btp", "bca", "btc", "bnv", "bct", "bqp", "ubnd", "hđnd", "vpqh", "vptw":
		return true
	}
	for _, w := range [][]string{{"văn", "phòng", "chính", "phủ"}, {"văn", "phòng", "ubnd"}, {"văn", "phòng", "ủy"}, {"văn", "phòng", "quốc"}, {"vp", "ubnd"}, {"công", "an", "tỉnh"}, {"ngân", "hàng", "nhà"}, {"tỉnh", "ủy"}, {"hội", "đồng", "nhân"}, {"ủy", "ban", "nhân"}, {"vp", "chính"}, {"công", "an"}} {
		if _, ok := hasWords(toks, w...); ok {
			return true
		}
	}
	return false
}

// mergeOwners joins "Cục KSTTHC, VPCP" and "PV11, Công an tỉnh" into one
// recipient: a unit followed by the body that has such units.
func (p *lineParser) mergeOwners(list []phrase) []phrase {
	var out []phrase
	for i := 0; i < len(list); i++ {
		ph := list[i]
		if i+1 < len(list) && unitBefore(&ph, &list[i+1]) {
			next := list[i+1]
			ph.end, ph.tags = next.end, next.tags
			ph.tags.unit = source(p.s, next.toks)
			ph.merged = true
			i++
		}
		out = append(out, ph)
	}
	return out
}

// unitBefore reports whether one phrase is a unit of the body that the next names.
func unitBefore(a, b *phrase) bool {
	if a.prefix != "" || a.owner != "" || b.owner != "" || a.header || b.header || !a.tags.empty() {
		return false
	}
	unit, owner := a.toks, b.toks
	if !ownerHead(owner) || dashOwner(unit) > 0 {
		return false
	}
	known := longestOwner(unit)
	switch {
	case known != "" && sameName(known, expand(owner)):
	case shortCode(unit) && hasDigit(unit[0].text) && strings.HasPrefix(words(owner), "công an"):
	case unit[0].key == "cục" && owner[0].key == "bộ" && !placed(unit) && !fiscalBureau(unit):
	case unit[0].key == "vụ" && (owner[0].key == "bộ" || owner[0].key == "vpcp" || owner[0].key == "văn"):
	case unit[0].key == "phòng" && len(unit) > 1 && !placed(unit) && (owner[0].key == "sở" || owner[0].key == "văn" || owner[0].key == "vp" || owner[0].key == "vpub"):
	default:
		return false
	}
	return true
}

// fiscalBureau reports a "Cục" that every province had too ("Cục Thuế"): beside a
// ministry it may be a recipient of its own.
func fiscalBureau(unit []token) bool {
	switch words(unit[1:]) {
	case "thuế", "hải quan", "thống kê", "thi hành án dân sự", "thads", "quản lý thị trường", "qltt":
		return true
	}
	return false
}

// dashOwner returns the index of a dash that separates a unit from its owner,
// or 0.
func dashOwner(toks []token) int {
	for i := len(toks) - 2; i > 0; i-- {
		if toks[i].mark != '-' || toks[i].tight && i >= 2 && toks[i-2].mark == '/' { // the symbol of a document: 15/QĐ-UBND
			continue
		}
		if right := toks[i+1:]; ownerHead(right) {
			return i
		}
	}
	return 0
}

func hasDigit(s string) bool { return strings.ContainsFunc(s, unicode.IsDigit) }

// mergeCodes joins runs of private codes of a committee's office: codes of
// leaders ("V0, V1", "V, C") make one recipient, codes with numbers and ranges
// ("QLĐĐ1, 3, XD1-3") another.
func (p *lineParser) mergeCodes(list []phrase) []phrase {
	if p.is.class != committee && p.is.class != office || len(list) < 2 {
		return list
	}
	var out []phrase
	for _, ph := range list {
		n := len(out)
		numbered := n > 0 && out[n-1].codes && !out[n-1].leaders
		switch {
		case numbered && ph.owner == "" && ph.prefix == "" && shortCode(ph.toks) && !ownerHead(ph.toks) && bodyCore(ph.toks) == 0:
			out[n-1].end = ph.end
			out[n-1].toks = append(out[n-1].toks[:len(out[n-1].toks):len(out[n-1].toks)], ph.toks...)
		case ph.owner != "" || ph.prefix != "" || ph.as != "" || ph.header || !codeOnly(ph.toks):
			out = append(out, ph)
		case n > 0 && out[n-1].leaders && leaderCode(ph.toks), n > 0 && out[n-1].codes && !out[n-1].leaders && !leaderCode(ph.toks):
			out[n-1].end = ph.end
			out[n-1].toks = append(out[n-1].toks[:len(out[n-1].toks):len(out[n-1].toks)], ph.toks...)
		default:
			ph.leaders = leaderCode(ph.toks)
			ph.codes = ph.leaders || hasDigit(source(p.s, ph.toks))
			out = append(out, ph)
		}
	}
	return out
}

// codeOnly reports whether toks is a private code, perhaps with a range.
func codeOnly(toks []token) bool {
	if len(toks) == 0 || len(toks) > 3 {
		return false
	}
	for i, t := range toks {
		if t.mark == '-' && t.tight && i == 1 {
			continue
		}
		if i > 0 && toks[i-1].mark == 0 {
			return false
		}
		if !t.word() || !t.upper() || len([]rune(t.text)) > 8 {
			return false
		}
	}
	if _, known := abbreviations[words(toks)]; known || partyCodeKeys[words(toks)] != "" {
		return false
	}
	if _, _, _, n := leadingPost(toks); n > 0 && !(len(toks) == 1 && len([]rune(toks[0].text)) == 1) {
		return false
	}
	return bodyCores[words(toks)] == "" && !ownerHead(toks)
}

// leaderCode reports whether a code is of the kind offices give their leaders.
func leaderCode(toks []token) bool {
	if len(toks) != 1 {
		return false
	}
	text := toks[0].text
	rest := strings.TrimLeft(text, "VC")
	return len(text)-len(rest) == 1 && strings.Trim(rest, "0123456789") == ""
}
