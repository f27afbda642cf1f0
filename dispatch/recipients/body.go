package recipients

import (
	"quangtri.gov.vn/vanthu/internal/viet"
	"strings"
)

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
