package document

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/internal/viet"
)

var subjectStart = regexp.MustCompile(`^(?:v ?/ ?v|về việc|v/ v)[ :]`)

// readSubject reads the abstract (box 5): below the type, or V/v below the number.
func (x *extractor) readSubject() {
	if x.typeAt >= 0 {
		x.subjectBelowType()
		return
	}
	for _, s := range x.headSegs() {
		key := viet.Key(s.text)
		if !subjectStart.MatchString(key + " ") {
			continue
		}
		t := strings.TrimSpace(subjectPrefix.ReplaceAllString(s.text, ""))
		x.f.Subject = strings.TrimSpace(t + " " + x.subjectRest(s))
		x.note("subject", s.line)
		return
	}
}

var subjectPrefix = regexp.MustCompile(`(?i)^(?:v ?/ ?v|về việc) ?:? *`)

// subjectRest joins the lines that go on below "V/v" in the same column, in the
// rows below when each line has a row of its own.
func (x *extractor) subjectRest(s seg) string {
	var out []string
	f := x.p.flows[x.p.lines[s.line].flow]
	for j := s.line + 1; j < min(s.line+maxSubjectLines, len(x.p.lines)); j++ {
		l := x.p.lines[j]
		g := x.p.flows[l.flow]
		below := f.kind == inCell && g.kind == inCell && g.table == f.table && g.col == f.col && g.row > f.row
		if l.flow != x.p.lines[s.line].flow && !below {
			continue
		}
		var t string
		for _, q := range split(l.text, j) {
			if q.col == s.col || q.tabs == s.tabs {
				t = q.text
				break
			}
		}
		if l.text == "" && below && j+1 < len(x.p.lines) && x.p.lines[j+1].flow != l.flow {
			continue // the end of a cell that holds one line of many
		}
		if l.text == "" || isRule(t) || x.endsSubject(j, t) || x.leavesSubject(s.line, j, t) {
			break
		}
		out = append(out, t)
	}
	return strings.Join(out, " ")
}

// maxSubjectLines bounds the lines below "V/v", those of other columns included.
const maxSubjectLines = 40

// leavesSubject reports whether line j reads like the text and not like the
// rest of an abstract: not what goes on with a small letter, nor what shares
// the abstract's own cell.
func (x *extractor) leavesSubject(i, j int, t string) bool {
	a, b := x.p.lines[i], x.p.lines[j]
	if a.para == b.para || !x.bodyLike(j, viet.Key(t)) {
		return false
	}
	first, _ := utf8.DecodeRuneInString(t)
	return !unicode.IsLower(first) || runesIn(t) >= 70 && x.p.flows[a.flow].kind != inCell
}

// endsSubject reports whether a line cannot belong to an abstract.
func (x *extractor) endsSubject(i int, t string) bool {
	key := viet.Key(t)
	if _, stamp := readMark(t); stamp && casingOf(t) != lowerCase {
		return true
	}
	return salutation.MatchString(key) || chapter.MatchString(key) || i == x.numberAt || x.isPlaceDate(t) ||
		motto.MatchString(key) || circulation.MatchString(key) || labelText(t) || addressedTo.MatchString(key)
}

// isPlaceDate reports whether t is the line of place and date.
func (x *extractor) isPlaceDate(t string) bool {
	if x.f.PlaceDateText != "" {
		return strings.Contains(t, x.f.PlaceDateText) || strings.Contains(x.f.PlaceDateText, t) && strings.Contains(t, "ngày")
	}
	return placeDate.MatchString(t) && len(t) < 80 && strings.Contains(t, ",")
}

// authority is a line that names who decides, between abstract and text.
var authority = regexp.MustCompile(`^(?:chủ tịch|phó chủ tịch|ủy ban|ubnd|hội đồng|giám đốc|tổng giám đốc|bộ trưởng|thủ tướng|chính phủ|trưởng ban|ban |hiệu trưởng|cục trưởng|tổng cục trưởng|chi cục trưởng|chánh |viện trưởng|thường trực|quốc hội|tổng thanh tra|thống đốc|trưởng phòng|tỉnh ủy|bí thư|chi cục|sở )`)

// subjectBelowType joins the lines below the printed type.
func (x *extractor) subjectBelowType() {
	out := []string{}
	if x.f.Subject != "" {
		out = append(out, x.f.Subject)
	}
	top := x.p.lines[x.typeAt]
	first := -1
	for j := x.typeAt + 1; j < min(x.typeAt+20, len(x.p.lines)); j++ {
		l := x.p.lines[j]
		t := plain(l.text)
		if k := x.p.flows[l.flow].kind; k == inHeader || k == inFrame && l.flow != top.flow {
			continue
		}
		if t == "" {
			if len(out) > 0 {
				break
			}
			continue
		}
		if len(out) == 0 && deciding.MatchString(viet.Key(t)) && isCaps(t) {
			continue
		}
		if isRule(t) || x.endsSubject(j, t) || len(out) > 0 && x.subjectOver(first, j, t) || len(out) == 0 && x.neverSubject(j, t) {
			break
		}
		if first < 0 {
			first = j
			x.note("subject", j)
		}
		out = append(out, t)
	}
	x.f.Subject = strings.Join(out, " ")
}

// deciding names who decides, in the line below the type: "QUYẾT ĐỊNH" / "CỦA ỦY
// BAN NHÂN DÂN TỈNH".
var deciding = regexp.MustCompile(`^của (?:` + bodyWords + `|bộ trưởng|tổng giám đốc|giám đốc|hiệu trưởng|cục trưởng|trưởng ban|bí thư)(?:[^\pL]|$)`)

// neverSubject rejects a first line that is already the text or the authority.
func (x *extractor) neverSubject(i int, t string) bool {
	key := viet.Key(t)
	return citation.MatchString(key) && runesIn(key) > 60 && !x.p.lines[i].bold ||
		isCaps(t) && authority.MatchString(key) && !strings.Contains(key, "về việc")
}

// subjectOver reports whether line i, after the abstract's first line, is no longer a part of it.
func (x *extractor) subjectOver(first, i int, t string) bool {
	key := viet.Key(t)
	if isCaps(t) && authority.MatchString(key) {
		return true
	}
	r, _ := utf8.DecodeRuneInString(t)
	if first < 0 {
		return citation.MatchString(key) && !unicode.IsLower(r)
	}
	a, b := x.p.lines[first], x.p.lines[i]
	goesOn := unicode.IsLower(r) && b.bold == a.bold && b.centred == a.centred && a.flow == b.flow && runesIn(key) < 100
	if citation.MatchString(key) && !goesOn {
		return true
	}
	if a.flow != b.flow {
		return true
	}
	if !isCaps(plain(a.text)) && isCaps(t) && (startsBody(key) || key == viet.Key(x.f.Issuer)) {
		return true
	}
	return a.bold && !b.bold || a.centred && !b.centred || isCaps(a.text) && !isCaps(t) && !b.bold || x.bodyLike(i, key)
}
