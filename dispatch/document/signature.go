package document

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/internal/viet"
)

var (
	// authorityLine says for whom someone signs (box 7a): TM., KT., TL., TUQ., Q.
	authorityLine = regexp.MustCompile(`^(?:tm|kt|tl|tuq|q|t/m|k/t|t/l|t/uq|thừa lệnh|thay mặt|ký thay)(?:\.|/| |: ?)`)
	// titleWord is found in the title of whoever signs.
	titleWord = regexp.MustCompile(`(?:^|[^\pL])(?:chủ tịch|tổng giám đốc|giám đốc|bộ trưởng|thứ trưởng|trưởng ban|phó ban|bí thư|cục trưởng|vụ trưởng|hiệu trưởng|viện trưởng|chánh văn phòng|chánh thanh tra|chánh án|` +
		`trưởng phòng|trưởng công an|chỉ huy trưởng|tư lệnh|chính ủy|trưởng|chi cục trưởng|tổng thư ký|thủ tướng|phó văn phòng|kiểm soát trưởng|thống đốc|đội trưởng|trạm trưởng|chủ nhiệm|thủ trưởng|trưởng đoàn|tổng biên tập|chủ tọa|thư ký|ủy viên|chánh|phó|kế toán trưởng)(?:$|[^\pL])`)
	signNoise = regexp.MustCompile(`^\(?(?:đã ký|ký tên|ký, |ký bởi|người ký|thời gian ký|ngày ký|chữ ký|email|e-mail|cơ quan:|tổ chức|signature|signed|digitally|họ và tên|ký và ghi|đóng dấu|\(ký)`)
	// ranks go before a signer's name.
	ranks = regexp.MustCompile(`^(?:(?:đại tướng|thượng tướng|trung tướng|thiếu tướng|đại tá|thượng tá|trung tá|thiếu tá|đại úy|thượng úy|trung úy|thiếu úy|gs\.?|pgs\.?|ts\.?|ths\.?|bs\.?|ds\.?|cn\.?|ks\.?|ncs\.?|bsck\.?i{0,2}|bscki{1,2}\.?|kts\.?|nsnd|nsưt|ông|bà)[. ]+)+`)
)

// maxSignLines bounds the lines above a signer's name.
const maxSignLines = 12

// isSignLine reports whether text is a line of authority or a title in capitals.
func isSignLine(t string) bool {
	key := viet.Key(t)
	return casingOf(t) == upperCase && (authorityLine.MatchString(key) || titleWord.MatchString(key) && len(strings.Fields(t)) <= 8)
}

// readSignature reads authority, title and name (boxes 7a, 7b) beside, below or
// above the recipients block, whichever holds them.
func (x *extractor) readSignature() {
	regions := x.signRegions()
	data := x.dataTables()
	for i, region := range regions {
		regions[i] = slices.DeleteFunc(region, func(s seg) bool {
			return x.taken[s.line] && s.col == 0 || data[x.p.flows[x.p.lines[s.line].flow].table]
		})
	}
	for _, loose := range []bool{false, true} {
		for _, region := range regions {
			if !x.signIn(region, loose) {
				continue
			}
			if x.f.Signer == "" {
				x.nameBehind()
			}
			return
		}
	}
}

// dataTables are the tables with a head of data: lists of people have titles and
// names too, and nobody signs there.
func (x *extractor) dataTables() map[int]bool {
	out := map[int]bool{}
	for i, key := range x.keys {
		f := x.p.flows[x.p.lines[i].flow]
		if f.kind == inCell && f.table > 0 && f.col == 0 && columnHead.MatchString(key) && runesIn(key) < 12 {
			out[f.table] = true
		}
	}
	return out
}

// nameBehind looks for a name that fell on the page after the block.
func (x *extractor) nameBehind() {
	seen, end := 0, x.end()
	for i := x.last + 1; i >= 0 && i < end && seen < 4; i++ {
		t := plain(x.p.lines[i].text)
		if t == "" || pageNumber(t) {
			continue
		}
		if seen++; x.isName(t, i) {
			x.f.Signer = t
			x.note("signer", i)
			return
		}
	}
}

// signRegions lists the places where a signature can stand, likeliest first.
func (x *extractor) signRegions() (out [][]seg) {
	if x.label < 0 {
		return [][]seg{x.segs(max(x.heads[0].to, x.appendix-60), x.appendix)}
	}
	l := x.p.lines[x.label]
	fl := x.p.flows[l.flow]
	var right, frames, below []seg
	beside := map[int][]seg{}
	to := x.end()
	for i := max(0, x.label-60); i < to; i++ {
		m := x.p.lines[i]
		g := x.p.flows[m.flow]
		segs := split(m.text, i)
		switch {
		case fl.kind == inCell && g.kind == inCell && g.table == fl.table && g.col != fl.col && g.row >= fl.row:
			beside[g.col] = append(beside[g.col], segs...)
		case m.flow == l.flow && i >= x.label && fl.kind != inCell:
			for _, s := range segs {
				if s.col > 0 && s.text != "" && !bullet.MatchString(s.text) {
					right = append(right, s)
				}
			}
			if i > x.last && i < x.last+40 {
				below = append(below, segs...)
			}
		case g.kind == inFrame && i > x.heads[0].to:
			frames = append(frames, segs...)
		case m.flow != l.flow && i > x.last && i < x.last+40:
			below = append(below, segs...)
		}
	}
	return append(x.columnsBeside(beside), right, frames, below, x.above(), x.segs(x.label, min(x.last+60, to)))
}

// columnsBeside orders the columns beside the block: whoever signs for the
// issuing body stands at the right. It counts those that hold a signature.
func (x *extractor) columnsBeside(cols map[int][]seg) (out [][]seg) {
	for _, c := range slices.Backward(slices.Sorted(maps.Keys(cols))) {
		if slices.ContainsFunc(cols[c], func(s seg) bool { return isSignLine(s.text) }) {
			x.signers++
		}
		out = append(out, cols[c])
	}
	return out
}

// end is the line behind the main document: where appendices begin, a text is
// attached that may be signed by itself, or the motto of another document stands.
func (x *extractor) end() int {
	for i := x.last + 1; x.last >= 0 && i < x.appendix; i++ {
		if attached.MatchString(x.key(i)) || len(x.heads) > 1 && i >= x.heads[1].from && motto.MatchString(x.key(i)) {
			return i
		}
	}
	return x.appendix
}

// above lists the lines over the label, nearest part only.
func (x *extractor) above() []seg {
	return x.segs(max(x.numberAt+1, x.typeAt+1, x.label-24), x.label)
}

// signIn reads the last signature of a region: lines of authority and title,
// then a name. loose also takes titles that are not in capitals.
func (x *extractor) signIn(region []seg, loose bool) bool {
	first, last := -1, -1
	for n, s := range region {
		if x.typeName(s.text) != "" || last == first && first >= 0 && runesIn(s.text) > 60 {
			first, last = -1, -1 // what came before was no signature
			continue
		}
		title := isSignLine(s.text) || (loose || first >= 0) && plainTitle(s.text)
		if title && !labelText(s.text) && !bullet.MatchString(s.text) {
			if first < 0 {
				first = n
			}
			last = n
		} else if first >= 0 && x.isName(s.text, s.line) {
			break
		}
	}
	if first < 0 {
		return false
	}
	var lines []string
	for _, s := range region[first : last+1] {
		if len(lines) >= maxSignLines {
			break
		}
		t := s.text
		switch {
		case t == "" || isRule(t) || signNoise.MatchString(viet.Key(t)) || casingOf(t) != upperCase && !plainTitle(t):
		case len(lines) > 0 && casingOf(t) == upperCase && !isSignLine(t) && !strings.ContainsAny(t, "0123456789"):
			lines[len(lines)-1] += " " + t // a title broken over two lines
		default:
			lines = append(lines, t)
		}
	}
	found := x.nameIn(region[last+1:], region[last].line)
	if len(lines) == 0 || loose && !found {
		return false
	}
	x.f.SignLines = lines
	x.f.SignerTitle = lines[len(lines)-1]
	x.note("sign_lines", region[first].line)
	x.note("signer_title", region[last].line)
	return true
}

// nameIn takes the name below the titles, the last of which is line title.
func (x *extractor) nameIn(region []seg, title int) bool {
	for n, s := range region {
		if x.isName(s.text, s.line) && !x.smaller(s.line, title) {
			x.f.Signer = x.wholeName(region, n)
			x.note("signer", s.line)
			return true
		}
		if isSignLine(s.text) || labelText(s.text) || runesIn(s.text) > 80 {
			break
		}
	}
	return false
}

// plainTitle reports whether text is a title that is not in capitals, or a line
// of authority with one: "Phó Giám đốc", "KT. Giám đốc".
func plainTitle(t string) bool {
	key := viet.Key(t)
	r, _ := utf8.DecodeRuneInString(t)
	if !unicode.IsUpper(r) || len(strings.Fields(t)) > 7 || strings.ContainsAny(t, ",;:()") || strings.HasSuffix(t, "./.") {
		return false
	}
	if m := authorityLine.FindString(key); m != "" {
		key = strings.TrimSpace(key[len(m):])
	}
	at := titleWord.FindStringIndex(key)
	return at != nil && at[0] == 0
}

// wholeName is the name at n, with the rest of it when a narrow column broke it.
func (x *extractor) wholeName(region []seg, n int) string {
	name := region[n].text
	if n+1 == len(region) || len(strings.Fields(name)) > 4 {
		return name
	}
	a, b := x.p.lines[region[n].line], x.p.lines[region[n+1].line]
	r := []rune(region[n+1].text)
	if a.printed && b.text != "" && a.flow == b.flow && a.bold == b.bold && b.y-a.y < 1.4*a.size && len(strings.Fields(b.text)) == 1 && unicode.IsUpper(r[0]) && casingOf(b.text) == casingOf(name) {
		return name + " " + region[n+1].text
	}
	return name
}

// smaller reports whether line i is printed much smaller than line j, as the text
// of a digital signature is.
func (x *extractor) smaller(i, j int) bool {
	return !x.p.ocr && x.p.lines[i].size > 0 && x.p.lines[i].size < 0.78*x.p.lines[j].size
}

// isName reports whether text can be a person's name: two to seven words that
// begin with capitals, ranks and degrees left aside.
func (x *extractor) isName(t string, line int) bool {
	t = strings.TrimSpace(t)
	if t == "" || runesIn(t) > 50 || strings.ContainsAny(t, ":;/()0123456789") || bullet.MatchString(t) || signNoise.MatchString(viet.Key(t)) {
		return false
	}
	if casingOf(t) == upperCase && (isSignLine(t) || x.typeName(t) != "") {
		return false
	}
	if m := ranks.FindString(strings.ToLower(t)); m != "" && len(m) < len(t) {
		t = t[len(m):]
	}
	words := strings.Fields(t)
	if len(words) < 2 || len(words) > 7 {
		return false
	}
	for _, w := range words {
		r := []rune(w)
		lost := x.p.lines[line].font8 && r[0] >= 0x80 // capitals with marks
		if !unicode.IsUpper(r[0]) && !lost || strings.ContainsAny(w, ",.") && len(r) > 2 {
			return false
		}
	}
	return true
}
