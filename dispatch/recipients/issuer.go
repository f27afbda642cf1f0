package recipients

import (
	"strings"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// rank is the level of the state on which a body works.
type rank uint8

const (
	unknownRank rank = iota
	central
	provincial
	district
	communal
)

// class is the sort of body that issues a document.
type class uint8

const (
	otherBody  class = iota
	committee        // ủy ban nhân dân
	council          // hội đồng nhân dân
	party            // cấp ủy
	department       // sở
	ministry         // bộ, cơ quan ngang bộ
	bureau           // cục, tổng cục
	office           // văn phòng
	mass             // hội, đoàn thể
	police           // công an
)

// place is a territory as documents name it: "tỉnh" + "Quảng Trị".
type place struct {
	level, name string
}

func (p place) String() string {
	if p.name == "" {
		return p.level
	}
	return p.level + " " + p.name
}

// issuer is what the block's short forms are relative to.
type issuer struct {
	name     string // as given
	listed   string // in the directory, "" if it is not there
	own      string // canonical: "UBND tỉnh Quảng Trị"
	brief    string // the form used inside: "Sở TT&TT Quảng Trị"
	parent   string // "Bộ Tài chính" for "Cục Thuế (Bộ Tài chính)"
	class    class
	rank     rank
	province place
	district place
	commune  place
}

// levels are the words that open the name of a territory.
var levels = map[string]string{
	"tỉnh": "tỉnh", "thành phố": "thành phố", "tp": "thành phố", "huyện": "huyện", "huyện đảo": "huyện đảo", "h": "huyện",
	"thị xã": "thị xã", "tx": "thị xã", "quận": "quận", "xã": "xã", "phường": "phường", "p": "phường", "thị trấn": "thị trấn", "đặc khu": "đặc khu",
}

// levelAt returns the level word that toks begins with and the tokens it takes.
// A one-letter short form counts only with a name behind it.
func levelAt(toks []token) (string, int) {
	level, n := longest(levels, toks)
	if n == 0 || n > 3 {
		return "", 0
	}
	if n == 1 && len(toks[0].key) <= 2 && !toks[0].upper() && (len(toks[0].key) == 1 || !namedNext(toks[1:])) {
		return "", 0
	}
	for n < len(toks) && toks[n].mark == '.' {
		n++
	}
	if len(toks[0].key) == 1 && (n >= len(toks) || !toks[n].capital() || roomCode(toks, n)) {
		return "", 0
	}
	return level, n
}

// roomCode reports "P. TCHC", "P.KHTC": behind "P" stands the code of a room, not
// the name of a ward.
func roomCode(toks []token, n int) bool {
	code := toks[n]
	return toks[0].key == "p" && code.upper() && !hasDigit(code.text) && len([]rune(code.text)) > 1 && (n+1 == len(toks) || !toks[n+1].word())
}

// namedNext reports whether a name follows a short form of a level ("Tp. Đông Hà").
func namedNext(toks []token) bool {
	if len(toks) > 0 && toks[0].mark == '.' {
		toks = toks[1:]
	}
	return len(toks) > 0 && toks[0].word() && toks[0].capital()
}

// properName counts the tokens of the capitalised name that toks begins with.
func properName(toks []token) int {
	const most = 6
	n := 0
	for n < len(toks) && n < most {
		t := toks[n]
		if t.word() && t.capital() || t.mark == '-' && n > 0 && n+1 < len(toks) && toks[n+1].capital() {
			n++
			continue
		}
		break
	}
	for n > 0 && !toks[n-1].word() {
		n--
	}
	return n
}

// newIssuer reads the issuer's name and, where the directory knows it, its
// place in the chain of bodies.
func newIssuer(dir *directory.Snapshot, b Block) *issuer {
	is := &issuer{name: clip(viet.Clean(b.IssuerName), maxContext)}
	if dir != nil && b.Issuer != "" {
		is.fromDirectory(dir, b.Issuer)
	}
	name := is.name
	if is.listed != "" && len(tokenize(name)) <= 2 {
		name = is.listed // "Văn phòng" under the head of its committee
	}
	if name != "" {
		is.read(mixedCase(name), b.On)
	}
	is.settle()
	return is
}

// fromDirectory takes rank and territories from the chain above the issuer.
func (is *issuer) fromDirectory(dir *directory.Snapshot, id directory.ID) {
	a, ok := dir.Agency(id)
	if !ok {
		return
	}
	is.listed = viet.Clean(a.Name)
	if is.name == "" {
		is.name = is.listed
	}
	if t, ok := dir.Agency(dir.Territory(id)); ok { // a school may bear the name of another province
		is.findPlaces(tokenize(strings.TrimSuffix(viet.Clean(t.Name), " (cũ)")), "")
	}
	is.rank = map[string]rank{"trung-uong": central, "tinh": provincial, "huyen": district, "xa": communal}[a.Level]
	const deepest = 16
	for depth := 0; depth < deepest; depth++ {
		is.findPlaces(tokenize(strings.TrimSuffix(viet.Clean(a.Name), " (cũ)")), "")
		if a, ok = dir.Agency(a.Parent); !ok {
			return
		}
	}
}

// read sets what the name alone tells.
func (is *issuer) read(name string, on directory.Date) {
	if i := strings.IndexByte(name, '('); i > 0 {
		inner := strings.Trim(name[i:], "() ")
		if t := tokenize(inner); len(t) > 0 && t[0].key == "bộ" {
			is.parent = inner
		}
		name = strings.TrimSpace(name[:i])
	}
	toks := tokenize(name)
	if n, ok := hasWords(toks, "chủ", "tịch"); ok && len(toks) > n && toks[n].key != "nước" {
		toks = toks[n:]
	}
	is.findPlaces(toks, on)
	is.class = classOf(tokenize(expand(toks)))
	if is.rank == unknownRank {
		is.rank = is.guessRank(toks)
	}
	is.own, is.brief = is.formal(toks)
}

// findPlaces records each territory named in toks that is not yet known.
func (is *issuer) findPlaces(toks []token, on directory.Date) {
	for i := 0; i < len(toks); i++ {
		level, n := territoryAt(toks[i:])
		if n == 0 {
			continue
		}
		m := properName(toks[i+n:])
		if m == 0 {
			continue
		}
		nameToks := toks[i+n : i+n+m]
		p := place{level, joinWords(nameToks)}
		city := level == "thành phố" && centralCities[words(nameToks)] && (words(nameToks) != "huế" || on >= "2025-01-01")
		switch {
		case (level == "tỉnh" || city) && is.province.name == "":
			is.province = p
		case !city && (level == "thành phố" || level == "thị xã" || level == "huyện" || level == "quận" || level == "huyện đảo") && is.district.name == "":
			is.district = p
		case (level == "xã" || level == "phường" || level == "thị trấn" || level == "đặc khu") && is.commune.name == "":
			is.commune = p
		}
		i += n + m - 1
	}
	if is.province.name == "" && len(toks) > 0 {
		if p, n := provinceTail(toks); n > 0 && n < len(toks) {
			level := "tỉnh"
			if centralCities[viet.Key(p)] && (p != "Huế" || on >= "2025-01-01") {
				level = "thành phố"
			}
			is.province = place{level, p}
		}
	}
}

// seatedBodies are bodies whose first word is the level of their territory.
var seatedBodies = map[string]string{"tỉnh ủy": "tỉnh", "thành ủy": "thành phố", "huyện ủy": "huyện", "thị ủy": "thị xã", "quận ủy": "quận", "tỉnh đoàn": "tỉnh", "thành đoàn": "thành phố", "huyện đoàn": "huyện", "thị đoàn": "thị xã"}

// territoryAt is levelAt for the name of an issuer, where "Huyện ủy Hải Lăng"
// names a territory too.
func territoryAt(toks []token) (string, int) {
	if level, n := longest(seatedBodies, toks); n > 0 {
		return level, n
	}
	return levelAt(toks)
}

// provinceTail finds a province's name at the end of toks.
func provinceTail(toks []token) (string, int) {
	for n := 4; n >= 2; n-- {
		if n >= len(toks) {
			continue
		}
		if p, ok := provinces[words(toks[len(toks)-n:])]; ok && toks[len(toks)-n].word() {
			return p, n
		}
	}
	return "", 0
}

// joinWords writes a name's words with single spaces, dashes kept.
func joinWords(toks []token) string {
	var b strings.Builder
	for i, t := range toks {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
	return b.String()
}

func classOf(toks []token) class {
	table := []struct {
		words string
		class class
	}{
		{"ubnd", committee}, {"ủy ban nhân dân", committee}, {"hđnd", council}, {"hội đồng nhân dân", council}, {"thường trực hđnd", council}, {"thường trực hội đồng nhân dân", council},
		{"đoàn đại biểu quốc hội", council}, {"đoàn đbqh", council},
		{"tỉnh ủy", party}, {"thành ủy", party}, {"huyện ủy", party}, {"thị ủy", party}, {"đảng ủy", party}, {"ban thường vụ", party}, {"ban chấp hành đảng bộ", party},
		{"sở", department}, {"bộ chỉ huy", otherBody}, {"bộ tư lệnh", otherBody}, {"bộ", ministry}, {"ngân hàng nhà nước", ministry}, {"thanh tra chính phủ", ministry},
		{"tổng cục", bureau}, {"cục", bureau}, {"thuế", bureau}, {"văn phòng", office}, {"vp", office}, {"vpcp", office},
		{"hội", mass}, {"liên đoàn", mass}, {"liên hiệp", mass}, {"liên minh", mass}, {"ủy ban mặt trận", mass}, {"ủy ban mttq", mass}, {"ban thường trực ủy ban", mass}, {"ban chấp hành đoàn", mass}, {"tỉnh đoàn", mass},
		{"công an", police},
	}
	text := words(toks)
	for _, row := range table {
		if text == row.words || strings.HasPrefix(text, row.words+" ") {
			return row.class
		}
	}
	return otherBody
}

func (is *issuer) guessRank(toks []token) rank {
	text := words(toks)
	switch {
	case is.commune.name != "":
		return communal
	case is.district.name != "":
		return district
	case is.province.name != "" || is.class == department || strings.Contains(text, "tỉnh"):
		return provincial
	case is.class == ministry || is.class == bureau || strings.Contains(text, "chính phủ") || strings.Contains(text, "trung ương") || strings.Contains(text, "quốc hội"):
		return central
	}
	return unknownRank
}

// formal returns the canonical and the brief name of the issuer.
func (is *issuer) formal(toks []token) (own, brief string) {
	own = expand(toks)
	if len(toks) == 0 {
		return own, own
	}
	if is.class == department || is.class == ministry {
		if f, n := matchField(toks[1:]); f != nil {
			head := toks[0].text
			rest := expand(toks[1+n:])
			if rest == "" && is.class == department {
				rest = is.province.String()
			}
			own = strings.TrimSpace(head + " " + f.name + " " + rest)
			brief = own
			if f.short != "" {
				brief = strings.TrimSpace(head + " " + f.short + " " + rest)
			}
			return own, brief
		}
	}
	return own, own
}

// settle fills in what follows from the rest.
func (is *issuer) settle() {
	switch is.rank {
	case provincial, central:
		if is.rank == central {
			is.province = place{}
		}
		is.district, is.commune = place{}, place{}
	case district:
		is.commune = place{}
	}
	if is.own == "" {
		is.own, is.brief = is.name, is.name
	}
	is.own, is.brief = is.fill(is.own), is.fill(is.brief)
}

// ownClass reports whether toks is only the class word of the issuer's own name,
// in full or in short: "Sở", "Chi cục", "BV", "BCH", "Tổng cục".
func (is *issuer) ownClass(toks []token) bool {
	if len(toks) == 0 || len(toks) > 3 {
		return false
	}
	own := words(tokenize(is.own)) + " "
	text := words(toks)
	if text == "bch" {
		return strings.HasPrefix(own, "bộ chỉ huy ") || strings.HasPrefix(own, "ban chỉ huy ") || strings.HasPrefix(own, "ban chấp hành ")
	}
	if classWords[text] {
		return strings.HasPrefix(own, text+" ")
	}
	full := words(tokenize(expand(toks)))
	return classWords[full] && strings.HasPrefix(own, full+" ")
}

// classWords are what a body calls itself inside.
var classWords = wordSetOf("sở", "bộ", "cục", "chi cục", "tổng cục", "ban", "trường", "viện", "học viện", "bệnh viện", "trung tâm", "công ty", "tổng công ty", "tập đoàn", "chi nhánh", "hội", "quỹ", "trạm", "hạt", "đội", "kho bạc", "thanh tra", "văn phòng", "tòa án", "tòa", "viện kiểm sát", "bộ chỉ huy", "ban chỉ huy", "công an", "đài", "báo", "liên đoàn", "liên minh", "thuế")

// seat is the territory on whose level the issuer works.
func (is *issuer) seat() place {
	switch is.rank {
	case communal:
		return is.commune
	case district:
		return is.district
	case provincial:
		return is.province
	}
	return place{}
}

// at returns the issuer's territory for a bare level word: "tỉnh" is the
// issuer's province, "huyện" its district. Unknown ones stay bare.
func (is *issuer) at(level string) place {
	switch level {
	case "tỉnh":
		if is.province.level == "tỉnh" {
			return is.province
		}
	case "thành phố":
		if is.district.level == "thành phố" {
			return is.district
		}
		if is.province.level == "thành phố" {
			return is.province
		}
	case "huyện", "thị xã", "quận", "huyện đảo":
		if is.district.level == level || level == "huyện" && is.district.level == "huyện đảo" {
			return is.district
		}
	default:
		if is.commune.level == level {
			return is.commune
		}
	}
	return place{level: level}
}

// partyAt names the Party committee of a territory.
func partyAt(p place) string {
	switch p.level {
	case "tỉnh":
		return strings.TrimSpace("Tỉnh ủy " + p.name)
	case "thành phố":
		return strings.TrimSpace("Thành ủy " + p.name)
	case "huyện", "huyện đảo":
		return strings.TrimSpace("Huyện ủy " + p.name)
	case "thị xã":
		return strings.TrimSpace("Thị ủy " + p.name)
	case "quận":
		return strings.TrimSpace("Quận ủy " + p.name)
	case "":
		return "Tỉnh ủy"
	}
	return strings.TrimSpace("Đảng ủy " + p.String())
}

// clip bounds a string to n bytes at a rune boundary.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
