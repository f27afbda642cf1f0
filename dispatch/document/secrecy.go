package document

import (
	"regexp"
	"slices"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// gate is the judgement on marks of secrecy and urgency.
type gate struct {
	secrecy string // a degree that a mark shows: the document is secret
	place   string // where it stood
	urgency string
	source  string
	hints   []hint // traces that a person must judge
}

// hint is a trace of secrecy. It names the kind of trace and the place, never
// the document's text.
type hint struct{ why, place string }

// judge looks at every flow of the paper. A mark counts as one where marks stand:
// in the head of a document, in a page header or footer, alone in a frame, in
// the upper part of page 1. The same word alone anywhere else is a hint.
func (x *extractor) judge() gate {
	var g gate
	for i := range x.p.lines {
		segs := split(x.p.lines[i].text, i)
		for _, s := range segs {
			x.judgeSegment(&g, s)
		}
		if len(segs) > 1 {
			x.judgeSegment(&g, seg{text: plain(x.p.lines[i].text), line: i})
		}
	}
	x.judgeFrames(&g)
	for _, s := range x.p.seals {
		g.add(mark{secrecy: sealDegree(s.word), urgency: sealUrgency(s.word)}, "page 1, picture", true)
	}
	x.judgeTraces(&g)
	return g
}

func sealDegree(w string) string {
	if rank(w) < len(degrees) {
		return w
	}
	return ""
}

func sealUrgency(w string) string {
	for _, u := range urgencies {
		if u == w {
			return w
		}
	}
	return ""
}

// add keeps the highest degree and the first urgency.
func (g *gate) add(m mark, place string, sure bool) {
	if m.secrecy != "" {
		if !sure {
			g.hints = append(g.hints, hint{"chữ chỉ độ mật đứng riêng", place})
		} else if g.secrecy == "" || rank(m.secrecy) < rank(g.secrecy) {
			g.secrecy, g.place = m.secrecy, place
		}
	}
	if m.urgency != "" && sure && (g.urgency == "" || slices.Index(urgencies, m.urgency) < slices.Index(urgencies, g.urgency)) {
		g.urgency, g.source = m.urgency, place
	}
}

// judgeSegment judges one piece of text by itself.
func (x *extractor) judgeSegment(g *gate, s seg) {
	l := &x.p.lines[s.line]
	if n := trailingMark(s.text); n.secrecy != "" || n.urgency != "" {
		g.add(n, x.p.where(s.line), x.marksStand(s.line))
		return
	}
	m, ok := readMark(s.text)
	if !ok {
		return
	}
	stand := x.marksStand(s.line)
	place := x.p.where(s.line)
	if k := x.p.flows[l.flow].kind; k == inBody || k == inCell {
		switch x.tail(s.line, m, s.text) {
		case surelyTail:
			return
		case maybeTail:
			g.add(m, place, false)
			return
		}
	}
	switch {
	case m.unmarked:
		if stand && m.casing == upperCase {
			g.add(m, place, x.p.ocr)
		}
	case m.declared:
		g.add(m, place, stand)
	case m.casing == upperCase, m.casing == titleCase && x.inHead(s.line), m.casing == lowerCase && x.inHead(s.line) && x.p.legacy == "score":
		x.higher(s.line, &m)
		g.add(m, place, stand)
	}
}

// higher joins a mark whose first word stands on a line before: "TUYỆT" / "MẬT".
func (x *extractor) higher(i int, m *mark) {
	if m.secrecy != "Mật" {
		return
	}
	for j := i - 1; j >= 0 && j >= i-3; j-- {
		if x.p.lines[j].flow != x.p.lines[i].flow || x.p.lines[j].text == "" {
			continue
		}
		switch viet.Key(undecorated(x.p.lines[j].text)) {
		case "tuyệt":
			m.secrecy = "Tuyệt mật"
		case "tối":
			m.secrecy = "Tối mật"
		}
		return
	}
}

// tailing says whether a mark is the end of a phrase that was broken over lines.
type tailing uint8

const (
	noTail tailing = iota
	maybeTail
	surelyTail
)

var (
	// leadIn ends a line whose next word can be "mật" in any place: bí mật, bảo mật, cơ mật.
	leadIn = regexp.MustCompile(`(?:^|[^\pL])(?:bí|bảo|cơ)$`)
	// titleLeadIn ends a line of a title or an abstract that can go on with "mật" or "khẩn".
	titleLeadIn = regexp.MustCompile(`(?:^|[^\pL])(?:độ|tài liệu|văn bản|công văn|hồ sơ|thông tin|dấu|sổ|danh mục|nội dung|sản phẩm|tối|tuyệt|mật,?|đường|lấy|việc|vụ|điện|báo|thư|tin|các|và|về|của|trường hợp|tình trạng|số)$`)
)

// tail judges a mark by the line before it in the same flow.
func (x *extractor) tail(i int, m mark, raw string) tailing {
	prev := x.previous(i)
	if prev < 0 {
		return noTail
	}
	before := plain(x.p.lines[prev].text)
	key := viet.Key(before)
	if word := undecorated(key); word == "tuyệt" || word == "tối" {
		return noTail
	}
	if _, stamp := readMark(before); stamp {
		return noTail
	}
	if m.casing == lowerCase && x.p.legacy != "score" {
		return surelyTail
	}
	if m.declared {
		return noTail
	}
	if p := x.p.lines[prev]; p.printed && p.para == x.p.lines[i].para && x.p.flows[p.flow].kind == inBody && runesIn(before) > 60 {
		if strings.ContainsAny(raw[len(raw)-1:], ".;,") {
			return surelyTail
		}
		return maybeTail
	}
	if leadIn.MatchString(key) || titleLeadIn.MatchString(key) && x.inTitle(prev) {
		if m.casing == upperCase && !isCaps(before) && x.p.legacy != "score" {
			return noTail // a phrase does not go over to capitals
		}
		return maybeTail
	}
	return noTail
}

// inTitle reports whether line i belongs to a title or an abstract.
func (x *extractor) inTitle(i int) bool {
	for j, n := i, 0; j >= 0 && j > i-60 && n < 6; j-- {
		if x.p.lines[j].flow != x.p.lines[i].flow {
			continue
		}
		n++
		t := plain(x.p.lines[j].text)
		if subjectStart.MatchString(viet.Key(t)) || j != i && x.typeName(t) != "" {
			return true
		}
	}
	return false
}

// previous is the line before i in the same flow, if no empty line is between; else -1.
func (x *extractor) previous(i int) int {
	for j := i - 1; j >= 0 && j > i-40; j-- {
		if x.p.lines[j].flow == x.p.lines[i].flow {
			if x.p.lines[j].text == "" {
				return -1
			}
			return j
		}
	}
	return -1
}

// marksStand reports whether line i is where marks stand: in a head, or in the
// upper part of page 1, where stamps are put without regard for the text.
func (x *extractor) marksStand(i int) bool {
	if i >= len(x.p.lines) {
		return false
	}
	l := x.p.lines[i]
	return x.inHead(i) || l.page > 0 && (l.down < 0.07 || l.down > 0.95 || l.page == 1 && l.down < stampZone)
}

// inHead reports whether line i stands in the head of a document of this file,
// or in a page header or footer.
func (x *extractor) inHead(i int) bool {
	switch x.p.flows[x.p.lines[i].flow].kind {
	case inHeader, inFooter:
		return true
	}
	for _, h := range x.heads {
		if i >= h.from && i < h.to {
			return true
		}
	}
	return false
}

// judgeFrames judges the whole text of each frame, cell and page header, for
// marks that are broken over several lines.
func (x *extractor) judgeFrames(g *gate) {
	whole := make([][]string, len(x.p.flows))
	first := make([]int, len(x.p.flows))
	for i, l := range x.p.lines {
		if l.text == "" || len(whole[l.flow]) > 16 {
			continue
		}
		if len(whole[l.flow]) == 0 {
			first[l.flow] = i
		}
		whole[l.flow] = append(whole[l.flow], plain(l.text))
	}
	for f, lines := range whole {
		kind := x.p.flows[f].kind
		if kind == inBody || len(lines) == 0 || len(lines) > 16 {
			continue
		}
		m, ok := readMark(strings.Join(lines, " "))
		if !ok || m.casing == lowerCase && x.p.legacy != "score" {
			continue
		}
		sure := x.marksStand(first[f]) || kind == inFrame && first[f] < x.appendix
		if sure || kind != inCell {
			g.add(m, x.p.where(first[f]), sure && !m.unmarked)
		}
	}
}

// trailing is a degree written behind number and symbol on their line.
var trailing = regexp.MustCompile(`(?i)^số\s*:?\s*\d[^\n]{0,60}?[\s(\[]((?:(?:tuyệt|tối)\s+)?mật|h(?:ỏa|oả) tốc|(?:thượng )?khẩn)[)\]]?\s*$`)

func trailingMark(s string) mark {
	t := trailing.FindStringSubmatch(s)
	if t == nil || strings.Contains(viet.Key(s), "bí mật") || strings.Contains(viet.Key(s), "bảo mật") {
		return mark{}
	}
	m, _ := readMark(t[1])
	if m.casing == lowerCase {
		return mark{}
	}
	return m
}

var (
	// archiveTrace is a Lưu line, by its key, that names a secret archive.
	archiveTrace = regexp.MustCompile(`^[^\pL]*lưu(?:[^\pL].*)?(?:\( ?t?m ?\)|[^\pL](?:tuyệt |tối )?mật(?:$|[^\pL]))`)
	// numberTrace is a number or symbol, by its key, of a separate secret series.
	numberTrace = regexp.MustCompile(`^số ?:? ?\d+ ?(?:-? ?m ?[/-].*|.*[/-] ?m|.*\( ?m ?\)|.*[/-]bm(?:[-/].*)?)$`)
	otherTraces = []struct {
		re  *regexp.Regexp
		why string
	}{
		{regexp.MustCompile(`^(?:bản số|số bản|bản sao số) ?[:.]? ?\d*$`), "ghi bản số"},
		{regexp.MustCompile(`^(?:tài liệu thu hồi|bản sao bí mật nhà nước|bản trích sao bí mật nhà nước)$`), "dấu quản lý tài liệu mật"},
		{regexp.MustCompile(`^(?:đã )?giải mật(?:[^\pL].*)?$`), "dấu giải mật"},
		{regexp.MustCompile(`^chỉ người có tên mới được bóc bì$`), "dấu bì tài liệu mật"},
		{regexp.MustCompile(`^(?:tài liệu|văn bản|điện|công điện|hồ sơ) (?:tuyệt mật|tối mật|mật)$`), "chữ chỉ độ mật đứng riêng"},
	}
)

// judgeTraces looks for traces that are not marks.
func (x *extractor) judgeTraces(g *gate) {
	for i, l := range x.p.lines {
		for _, s := range split(l.text, i) {
			if len(s.text) > 200 {
				continue
			}
			if archiveTrace.MatchString(viet.Key(s.text)) {
				g.hints = append(g.hints, hint{"dòng Lưu có dấu hiệu lưu mật", x.p.where(i)})
			}
			if k := x.p.flows[l.flow].kind; !x.marksStand(i) && (k != inFrame || i >= x.appendix) {
				continue
			}
			if numberTrace.MatchString(viet.Key(s.text)) {
				g.hints = append(g.hints, hint{"số, ký hiệu theo kiểu văn bản mật", x.p.where(i)})
			}
			key := viet.Key(undecorated(s.text))
			for _, t := range otherTraces {
				if t.re.MatchString(key) && casingOf(s.text) == upperCase {
					g.hints = append(g.hints, hint{t.why, x.p.where(i)})
				}
			}
		}
	}
}
