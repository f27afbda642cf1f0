package recipients

import (
	"strings"
)

// expand writes a name out: abbreviations and spellings are brought to the form
// canonical names use, everything else stays as it is. Only what does not
// depend on the issuer is done here.
func expand(toks []token) string {
	var b strings.Builder
	for i := 0; i < len(toks); {
		if i > 0 && (toks[i].start > toks[i-1].end || toks[i].word() && toks[i-1].word()) {
			b.WriteByte(' ')
		}
		value, n := expansionAt(toks, i)
		if n == 0 {
			value, n = toks[i].text, 1
		}
		if strings.HasSuffix(b.String()[max(0, b.Len()-64):], ".") && toks[i].mark == 0 && i > 0 && toks[i-1].end == toks[i].start {
			b.WriteByte(' ')
		}
		b.WriteString(value)
		i += n
	}
	return strings.TrimSpace(b.String())
}

// expansionAt returns what the tokens from i on are short for.
func expansionAt(toks []token, i int) (string, int) {
	t := toks[i]
	if !t.word() {
		return "", 0
	}
	if t.key == "tt" && t.upper() {
		return standingOrCentre(toks, i)
	}
	if v, n := longest(abbreviations, toks[i:]); n > 0 && anyUpper(toks[i:i+n]) && !(n == 1 && t.key == "tư" && !t.upper()) {
		return v, skipDot(toks, i, n)
	}
	if v, n := longest(spellings, toks[i:]); n > 0 {
		return v, n
	}
	if t.text == "ĐU" {
		return "Đảng ủy", 1
	}
	if i > 0 || len(toks) > 1 && toks[1].capital() {
		if level, n := levelAt(toks[i:]); n > 0 && len([]rune(t.text)) <= 2 {
			return level, n
		}
	}
	return "", 0
}

// skipDot counts the dot of a dotted abbreviation ("VP.") as taken.
func skipDot(toks []token, i, n int) int {
	if i+n < len(toks) && toks[i+n].mark == '.' && i+n+1 < len(toks) {
		n++
	}
	return n
}

// standingOrCentre reads "TT": Thường trực before a committee, thị trấn before
// the name of a place, thông tin in "Cổng TT điện tử", else Trung tâm.
func standingOrCentre(toks []token, i int) (string, int) {
	n := skipDot(toks, i, 1)
	next := toks[min(i+n, len(toks)):]
	switch {
	case len(next) > 0 && next[0].key == "điện":
		return "thông tin", n
	case bodyCore(next) > 0:
		return "Thường trực", n
	case i > 0 && (toks[i-1].key == "ubnd" || toks[i-1].key == "hđnd" || toks[i-1].key == "dân"):
		return "thị trấn", n
	}
	return "Trung tâm", n
}

func anyUpper(toks []token) bool {
	for _, t := range toks {
		if t.word() && t.upper() {
			return true
		}
	}
	return false
}

// bodyCores are the committees that "Thường trực", "Thường vụ", "Văn phòng" and
// a territory are shared over.
var bodyCores = map[string]string{
	"tỉnh ủy": "Tỉnh ủy", "thành ủy": "Thành ủy", "huyện ủy": "Huyện ủy", "thị ủy": "Thị ủy", "quận ủy": "Quận ủy", "đảng ủy": "Đảng ủy",
	"tu": "TU", "hu": "HU", "thu": "ThU", "hđnd": "HĐND", "ubnd": "UBND", "hội đồng nhân dân": "HĐND", "ủy ban nhân dân": "UBND",
	"đu": "ĐU", "mttq": "MTTQ", "ubmttq": "MTTQ", "ubmttqvn": "MTTQ", "mttqvn": "MTTQ", "đoàn đbqh": "ĐBQH", "đđbqh": "ĐBQH", "đoàn đại biểu quốc hội": "ĐBQH",
}

// partyShort are the codes among bodyCores: they count only in capitals.
var partyShort = wordSetOf("TU", "HU", "ThU", "ĐU")

// bodyCore counts the tokens of the committee that toks begins with.
func bodyCore(toks []token) int {
	v, n := longest(bodyCores, toks)
	if partyShort[v] && !toks[0].upper() {
		return 0
	}
	return n
}

// partyLevels says for which territory a Party committee works.
var partyLevels = map[string]string{"tỉnh ủy": "tỉnh", "thành ủy": "thành phố", "huyện ủy": "huyện", "thị ủy": "thị xã", "quận ủy": "quận"}

// fill completes a canonical name with the territory the issuer speaks from:
// a bare level word at its end, or a Party committee without a place.
func (is *issuer) fill(name string) string {
	toks := tokenize(name)
	for i := len(toks) - 1; i >= 0 && i >= len(toks)-2; i-- {
		if i > 0 && (toks[i-1].key == "cấp" || toks[i-1].key == "tuyến" || toks[i-1].key == "liên" || toks[i-1].key == "ngoại") {
			break
		}
		level, n := levelAt(toks[i:])
		if n == 0 || i+n != len(toks) {
			continue
		}
		if i > 0 && toks[i-1].word() && (toks[i-1].key == "huyện" || toks[i-1].key == "thị") {
			continue
		}
		return strings.TrimSpace(name[:toks[i].start] + is.at(level).String())
	}
	if n := len(toks); n > 2 && is.rank == communal && words(toks[n-2:]) == "đảng ủy" {
		return name + " " + is.commune.String() // a board of the issuer's committee
	}
	if n := len(toks); n >= 2 {
		if level, ok := partyLevels[words(toks[n-2:])]; ok {
			p := is.partyPlace(level)
			return strings.TrimSpace(name + " " + p.name)
		}
	}
	return name
}

// partyPlace is the territory of a Party committee of the given level.
func (is *issuer) partyPlace(level string) place {
	if level == "tỉnh" && is.province.level != "tỉnh" {
		return place{level: level}
	}
	return is.at(level)
}

// placed reports whether a name ends with a territory, named or bare.
func placed(toks []token) bool {
	return placeStart(toks) < len(toks)
}

// placeStart returns where the territory at the end of toks begins, len(toks)
// if there is none. "cấp tỉnh" and "tỉnh" alone count.
func placeStart(toks []token) int {
	for i := len(toks) - 1; i >= 0 && i >= len(toks)-9; i-- {
		level, n := levelAt(toks[i:])
		if n == 0 {
			continue
		}
		rest := toks[i+n:]
		if len(rest) > 0 && properName(rest) != len(rest) {
			continue
		}
		if i > 0 && toks[i-1].word() && (level == "xã" && (toks[i-1].key == "thị" || toks[i-1].key == "văn") || level == "huyện" && toks[i-1].key == "ban") {
			continue
		}
		return i
	}
	return len(toks)
}

// wholeProvinceTail reports whether toks ends with the bare name of a province.
func wholeProvinceTail(toks []token) bool {
	_, n := provinceTail(toks)
	return n > 0
}

// central bodies never take a territory from their neighbours.
var centralWords = wordSet("bộ vpcp vptw vpqh vpctn vptư bcđtw")

// isCentral reports whether a name is of a body of the centre.
func isCentral(toks []token) bool {
	if len(toks) == 0 {
		return false
	}
	if longestOwner(toks) != "" {
		return true
	}
	text := " " + words(toks) + " "
	if toks[0].key == "bộ" && !strings.HasPrefix(text, " bộ chỉ huy") && !strings.HasPrefix(text, " bộ chqs") && !strings.HasPrefix(text, " bộ ch ") {
		return true
	}
	if centralWords[toks[0].key] && toks[0].key != "bộ" {
		return true
	}
	for _, mark := range []string{" chính phủ ", " trung ương ", " tw ", " tư ", " quốc hội ", " cp ", " tối cao ", " ndtc ", " nhà nước việt nam "} {
		if strings.Contains(text, mark) && !strings.Contains(text, " đoàn đại biểu quốc hội ") {
			return true
		}
	}
	return false
}
