package recipients

import (
	"strings"
)

// protected are names that contain a comma or "và" of their own, by their words.
var protected = func() map[string]string {
	const list = `Văn hóa, Thể thao và Du lịch|Văn hóa, Thể thao, Du lịch|Văn hóa, TT&DL|VH, TT&DL|VH, TT và DL|VH, TTDL|Văn hóa, Thể thao|Phòng, chống|Lụt, bão|chống lụt, bão|Phát thanh, Truyền hình|Báo và Phát thanh, Truyền hình|Báo và Phát thanh|Báo và PTTH|Báo và Đài PT-TH|Báo và Đài Phát thanh|` +
		`Bồi thường, hỗ trợ và tái định cư|Bồi thường, hỗ trợ|Văn thư, lưu trữ|Văn thư và Lưu trữ|Thi đua, khen thưởng|Quốc phòng, an ninh|Quốc phòng, An ninh và Đối ngoại|khoa học, công nghệ và đổi mới sáng tạo|khoa học, công nghệ, đổi mới sáng tạo và chuyển đổi số|PTKHCN, ĐMST và CĐS|PT KHCN, ĐMST và CĐS|KHCN, ĐMST và CĐS|KHCN, ĐMST và chuyển đổi số|KH,CN|` +
		`An toàn, vệ sinh lao động|Trật tự, an toàn giao thông|An toàn, an ninh mạng|Văn hóa, giáo dục, thanh niên, thiếu niên và nhi đồng|Khoa học, công nghệ và môi trường|Bưu chính, viễn thông|BC, VT|Dân số, gia đình và trẻ em|Dân số, gia đình|Xóa đói, giảm nghèo|Bộ trưởng, Chủ nhiệm|Nông, lâm nghiệp|Nông, lâm, ngư|` +
		`chi, đảng bộ|chi bộ, đảng bộ|đảng bộ, chi bộ|chi ủy, đảng ủy|Nông nghiệp, nông thôn|Kinh tế, Ngân sách|Kinh tế, Hạ tầng|KT,HT&ĐT|KT, HT và ĐT|Kinh tế, Hạ tầng và Đô thị|Văn hóa, Xã hội|Văn hóa, Khoa học và Thông tin|HĐND và UBND|Hội đồng nhân dân và Ủy ban nhân dân|ĐBQH và HĐND|đại biểu Quốc hội và Hội đồng nhân dân|đại biểu Quốc hội và HĐND|các cơ quan và doanh nghiệp|Lao động, Thương binh và Xã hội|Lao động, TB&XH|` +
		`Nông nghiệp, môi trường|Chính sách, Pháp luật|Tài chính, Kế hoạch|Hành chính, Tổ chức|Tổ chức, Hành chính|Tổ chức, cán bộ|Thông tin, Tuyên truyền|Giáo dục, Đào tạo|Ủy ban về các vấn đề xã hội|Khí tượng, Thủy văn|Cứu hộ, cứu nạn|Phòng cháy, chữa cháy|phòng cháy, chữa cháy và cứu nạn, cứu hộ|PCCC và CNCH|PCLB và TKCN|PCTT và TKCN|lụt, bão và tìm kiếm cứu nạn|thiên tai và tìm kiếm cứu nạn|thu hồi đất, giải phóng mặt bằng|` +
		`Giải phóng mặt bằng, tái định cư|Kiểm tra văn bản và Quản lý|ông, bà|huyện, thị, thành ủy|huyện, thị ủy|huyện, thành ủy|huyện, thành, thị ủy|ông (bà)|Kinh tế và Tài chính|Văn hóa và Xã hội|Pháp luật và Tư pháp`
	table := make(map[string]string)
	for _, p := range strings.Split(list, "|") {
		table[words(tokenize(p))] = p
	}
	return table
}()

// splitMark cuts toks at a mark that stands outside parentheses.
func splitMark(toks []token, mark rune) [][]token {
	var out [][]token
	depth, from := 0, 0
	for i, t := range toks {
		switch {
		case t.mark == '(':
			depth++
		case t.mark == ')' && depth > 0:
			depth--
		case t.mark == mark && depth == 0:
			out = append(out, toks[from:i])
			from = i + 1
		}
	}
	if depth > 0 && mark != 0 && from == 0 && len(out) == 0 {
		return splitUnbalanced(toks, mark)
	}
	return append(out, toks[from:])
}

// splitUnbalanced is splitMark for a text whose parenthesis never closes: the
// parenthesis then hides nothing.
func splitUnbalanced(toks []token, mark rune) [][]token {
	var out [][]token
	from := 0
	for i, t := range toks {
		if t.mark == mark {
			out = append(out, toks[from:i])
			from = i + 1
		}
	}
	return append(out, toks[from:])
}

// splitParts cuts a segment at the commas and "và" that separate recipients.
// Commas inside protected phrases, lists of class words, parentheses, and
// before a word in lower case that begins no recipient, separate nothing.
func splitParts(toks []token) [][]token {
	var out [][]token
	from := 0
	close := closings(toks)
	for i := 0; i < len(toks); {
		t := toks[i]
		switch {
		case t.mark == '(':
			i = max(close[i], i) + 1
			continue
		case t.mark == ',' && residence(toks[from:i], toks[i+1:]):
		case t.mark == ',' && startsRecipient(toks[i+1:]):
			out = append(out, toks[from:i])
			from = i + 1
		case t.mark == '/' && placesJoined(toks[from:i], toks[i+1:]): // "UBND huyện A/B"
			out = append(out, toks[from:i])
			from = i + 1
		case t.mark == ',' && digitsOnly(toks[i+1:]):
			out = append(out, toks[from:i])
			from = i + 1
		case conjunction(toks, from, i):
			out = append(out, toks[from:i])
			from = i + 1
		case t.word():
			if n := fieldAtom(toks, from, i); n > 1 {
				i += n
				continue
			}
			if n := atomAt(toks, i); n > 1 {
				i += n
				continue
			}
		}
		i++
	}
	return append(out, toks[from:])
}

// fieldAtom counts the tokens of "Sở TT và TT", or of a field of work that
// begins a part ("NN và PTNT"): its "và" and commas separate nothing.
func fieldAtom(toks []token, from, i int) int {
	if k := toks[i].key; (k == "sở" || k == "bộ") && i+1 < len(toks) {
		if f, n := matchField(toks[i+1:]); f != nil {
			return n + 1
		}
		return 0
	}
	if i == from || !toks[i-1].word() {
		if f, n := matchField(toks[i:]); f != nil {
			return n
		}
	}
	return 0
}

// atomAt counts the tokens of the protected phrase or list that begins at i.
func atomAt(toks []token, i int) int {
	list := 0
	if c := chainAt(toks, i, i > 0 && toks[i-1].key == "các"); c.end > i && (c.territorial() || listStart(toks, i)) {
		list = c.end - i
	}
	_, n := longest(protected, toks[i:])
	if n > 0 && protectedApplies(toks, i, n) {
		return max(n, list)
	}
	return list
}

// listStart reports whether a list of class words may begin at i: not within a
// name such as "Văn phòng, Vụ X".
func listStart(toks []token, i int) bool {
	if i == 0 || !toks[i-1].word() {
		return true
	}
	switch toks[i-1].key {
	case "các", "thuộc", "của", "trưởng", "đạo", "những", "thể", "và":
		return true
	}
	return false
}

// protectedApplies keeps a phrase from joining two recipients: "TT HĐND và
// UBND" is a body only behind "Văn phòng".
func protectedApplies(toks []token, i, n int) bool {
	switch words(toks[i : i+n]) {
	case "hđnd và ubnd", "hội đồng nhân dân và ủy ban nhân dân", "đbqh và hđnd", "đại biểu quốc hội và hđnd", "đại biểu quốc hội và hội đồng nhân dân":
		for j := i - 1; j >= 0 && j >= i-3; j-- {
			if toks[j].key == "phòng" || toks[j].key == "vp" {
				return true
			}
		}
		colon := labelEnd(toks[:i]) // "VP: Tỉnh ủy, Đoàn ĐBQH và HĐND"
		return colon > 0 && (words(toks[:colon]) == "vp" || words(toks[:colon]) == "văn phòng")
	case "văn hóa và xã hội", "kinh tế và tài chính", "pháp luật và tư pháp":
		return i > 0 && (toks[i-1].key == "ban" || toks[i-1].key == "phòng" || toks[i-1].key == "bộ" || toks[i-1].key == "vụ")
	}
	return true
}

// lowerStarts are words in lower case that may begin a recipient.
var lowerStarts = wordSet("các đ đồng đc đ/c ông bà ubnd hđnd huyện xã phường trừ ngoại lãnh thường văn sở bộ ban cục vụ phòng chủ phó giám chuyên công trung báo đài cổng trang website thư trợ thủ đảng tỉnh thành tòa viện hội lưu chánh bí đại đoàn ủy kho trường thanh như")

// startsRecipient reports whether what follows a comma may begin a recipient.
func startsRecipient(toks []token) bool {
	for _, t := range toks {
		if t.word() {
			if t.capital() {
				return true
			}
			if _, thi := hasWords(toks, "thị", "xã"); thi {
				return true
			}
			_, dac := hasWords(toks, "đặc", "khu")
			return dac || lowerStarts[t.key] && !lowerContinues(toks)
		}
		if t.mark == '(' || t.mark == ';' || t.mark == ',' {
			return false
		}
	}
	return false
}

// citizens are the words that begin the name of a private person, and places
// those that begin where the person lives.
var (
	citizens = wordSet("ông bà anh chị hộ")
	places   = wordSet("thôn xóm tổ khóm ấp bản buôn số đường ngõ khu kp xã phường huyện quận tỉnh thị thành tp tx")
)

// residence reports whether a comma stands inside "Ông A, thôn 3, xã X": a
// person's place is no recipient of its own.
func residence(person, after []token) bool {
	if len(person) == 0 || !citizens[person[0].key] || len(after) == 0 {
		return false
	}
	return places[after[0].key] && (!after[0].capital() || len(after) > 1 && hasDigit(after[1].text))
}

// lowerContinues names lower-case wordings that go on with the name before.
func lowerContinues(toks []token) bool {
	for _, w := range [][]string{{"công", "nghệ"}, {"công", "nghiệp"}, {"văn", "hóa"}, {"văn", "thể"}, {"thành", "viên", "của"}, {"thể"}, {"phòng", "chống"}, {"hội", "nhập"}, {"trường", "hợp"}, {"báo", "chí"}, {"ban", "hành"}, {"thông"}} {
		if _, ok := hasWords(toks, w...); ok {
			return true
		}
	}
	return false
}

// digitsOnly reports whether a list goes on with a bare number ("QLĐĐ1, 3").
func digitsOnly(toks []token) bool {
	if len(toks) == 0 || !toks[0].word() || len(toks) > 1 && toks[1].mark != ',' && toks[1].mark != ';' {
		return false
	}
	return strings.Trim(toks[0].text, "0123456789") == ""
}

// conjunction reports whether "và" at i separates two recipients: behind it
// stands "các", a title or a strong head.
func conjunction(toks []token, from, i int) bool {
	t := toks[i]
	if !t.word() || t.key != "và" && t.text != "&" || i == from || i+1 >= len(toks) {
		return false
	}
	right := toks[i+1:]
	if _, _, _, n := leadingPost(right); n > 0 {
		return true
	}
	if placesJoined(toks[from:i], right) || from > 0 && placeEnds(toks[from:i], right) {
		return true
	}
	if n := len(right); n > 2 && n < 5 && right[n-1].key == "thuộc" && right[n-2].key == "trực" {
		return true // "các huyện, thị, thành đoàn và đoàn trực thuộc"
	}
	if key, _ := nounAt(right); massNoun(key) && indexOf(toks[from:i], "sở") >= 0 {
		return true
	}
	if right[0].key == "các" {
		return !insideName(toks[from:i])
	}
	if right[0].capital() && toks[from].key == right[0].key && strongHead(right) {
		return true
	}
	return joinableHead(right) && (knownBody(toks[from:i]) || leadsPost(toks[from:i])) && !sharesName(toks[from:i], right[0])
}

// knownBody reports whether toks begins like a body or is the code of one.
func knownBody(toks []token) bool {
	return strongHead(toks) || partyCodeKeys[words(toks)] != "" && toks[0].upper() || fieldOfCode(toks) ||
		startsPlace(toks) || toks[0].upper() && placed(toks) || abbreviations[toks[0].key] != "" && strongHead(tokenize(abbreviations[toks[0].key]))
}

// placeEnds reports that a list of places ends with "B và thị xã C".
func placeEnds(left, right []token) bool {
	n := 0
	for n < len(right) && right[n].word() {
		n++
	}
	return properName(left) == len(left) && !strongHead(left) && startsPlace(right[:n])
}

// placesJoined reports "UBND huyện A và B", "UBND TP A và TX B": a name that ends
// with a named territory, and behind "và" nothing but another.
func placesJoined(left, right []token) bool {
	at := placeStart(left)
	if at == 0 || at >= len(left) {
		return false
	}
	if _, n := levelAt(left[at:]); at+n >= len(left) {
		return false
	}
	_, n := levelAt(right)
	name := properName(right[n:])
	after := right[n+name:]
	return name > 0 && (len(after) == 0 || !after[0].word()) && !strongHead(right)
}

// joinableHeads are the heads of bodies that "và" joins to another body, rather
// than goes on with its name ("Hội Khoa học và Kỹ thuật").
var joinableHeads = wordSet("phòng vụ sở bộ ubnd hđnd ủy cục tổng chi công ban tòa tand viện vksnd kho kbnn bảo bhxh ngân thanh đài báo trung tỉnh thành huyện thị đảng mttq ubmttq đoàn vpcp văn vp cổng website tt thường liên mặt")

// joinableHead reports whether toks begins a body that "và" may join.
func joinableHead(toks []token) bool { return strongHead(toks) && joinableHeads[toks[0].key] }

func leadsPost(toks []token) bool {
	_, _, _, n := leadingPost(toks)
	return n > 0
}

// insideName keeps "các X và các Y có liên quan" together.
func insideName(left []token) bool {
	return len(left) > 0 && left[0].key == "các" && !strongHead(left[1:])
}

// sharesName keeps "Văn phòng Đoàn ĐBQH và HĐND tỉnh" and "Báo và Đài" whole.
func sharesName(left []token, right token) bool {
	if len(left) == 0 {
		return false
	}
	text := words(left)
	if text == "báo" || strings.HasPrefix(text, "trung tâm ") && right.key == "cổng" {
		return true
	}
	head := text == "vp" || strings.HasPrefix(text, "vp ") || strings.HasPrefix(text, "văn phòng ")
	return head && (strings.HasSuffix(text, "đbqh") || strings.HasSuffix(text, "quốc hội") || strings.HasSuffix(text, "hđnd") || strings.HasSuffix(text, "hội đồng nhân dân"))
}

// strongHeads begin the name of a body beyond doubt.
var strongHeads = headTable()

func headTable() map[string]string {
	const list = `sở|bộ|ubnd|hđnd|ủy ban|hội đồng nhân dân|thường trực|thường vụ|ban thường vụ|văn phòng|vp|vpcp|vpub|cục|tổng cục|chi cục|vụ|công an|ban quản lý|ban chỉ đạo|ban chỉ huy|ban tổ chức|ban tuyên giáo|ban dân tộc|ban|tòa án|tand|viện kiểm sát|vksnd|kho bạc|kbnn|bảo hiểm|bhxh|ngân hàng|nhnn|thanh tra|đài|báo|trung tâm|trường|hội|liên đoàn|liên minh|liên hiệp|công ty|cty|tập đoàn|tổng công ty|tỉnh ủy|thành ủy|huyện ủy|thị ủy|đảng ủy|tỉnh đoàn|huyện đoàn|thành đoàn|mttq|ubmttq|đoàn đbqh|đoàn đại biểu|bưu điện|điện lực|hải quan|quỹ|bệnh viện|phòng|viện|cổng|website|trang|bchqs|thuế|thống kê|hợp tác xã|htx|doanh nghiệp|học viện|đại học|mặt trận|ngân hàng|kiểm toán|tạp chí|nhà xuất bản|chi nhánh|ttcp|bộ đội|bđbp|thi hành án|ban qlda|bqlda|bql|bcđ|bch`
	table := make(map[string]string)
	for _, h := range strings.Split(list, "|") {
		table[h] = h
	}
	return table
}

// strongHead reports whether toks begins like the name of a body.
func strongHead(toks []token) bool {
	if len(toks) == 0 || !toks[0].word() {
		return false
	}
	_, n := longest(strongHeads, toks)
	if n == 0 {
		return toks[0].key == "tt" && toks[0].upper()
	}
	if n == 1 && !toks[0].capital() {
		return false
	}
	return true
}
