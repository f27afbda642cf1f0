package document

import (
	"regexp"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// bodyWords begin the name of a body of state, Party, people or business.
const bodyWords = `sở|ban|tiểu ban|phòng|văn phòng|chi cục|cục|tổng cục|trung tâm|đài|trường|bộ|công an|cảnh sát|viện|học viện|phân viện|bệnh viện|đảng ủy|đảng bộ|chi bộ|đảng đoàn|ban cán sự|huyện ủy|` +
	`thành ủy|thị ủy|tỉnh ủy|quận ủy|kho bạc|tòa án|thanh tra|công ty|tổng công ty|tập đoàn|xí nghiệp|nhà máy|hợp tác xã|doanh nghiệp|liên đoàn|công đoàn|liên minh|liên hiệp|đoàn|tỉnh đoàn|thành đoàn|huyện đoàn|thị đoàn|hội|hiệp hội|hạt|ủy ban|ubnd|ubmttq|ubmttqvn|hđnd|` +
	`mặt trận|thường trực|hội đồng|quỹ|ngân hàng|chi nhánh|bảo hiểm|bảo tàng|thư viện|nhà hát|nhà xuất bản|báo|vụ|trạm|đội|đồn|khoa|tổ công tác|chính phủ|thủ tướng|chủ tịch|bch|bcđ|ban chỉ huy|quân khu|quân đoàn|sư đoàn|trung đoàn|lữ đoàn|cơ quan|cảng|nhà khách|vườn quốc gia|khu bảo tồn`

var (
	orgHead = regexp.MustCompile(`^(?:` + bodyWords + `)(?:[^\pL]|$)`)
	// falseHead begins with a word of bodyWords that means something else.
	falseHead = regexp.MustCompile(`^(?:phòng (?:chống|ngừa|cháy|thủ|vệ|dịch|,)|phòng,|ban hành|hội (?:nhập|thảo|nghị)|đoàn kết|báo (?:cáo|chí|vệ)|trường (?:học|sa)|quỹ đất|sở hữu|vụ việc|thanh tra,|bảo hiểm(?:,| (?:y tế|thất nghiệp)$)|bộ (?:phận|máy|đội)|đội ngũ|khoa học|cơ quan(?:,| (?:và|nhà nước|hành chính))|doanh nghiệp(?:$|,| (?:tỉnh|nhà nước|nhỏ))|công đoàn phí|viện trợ|đài thọ|(?:bộ|cục|vụ|chi cục|ban|viện|hội|phòng|trạm|đội|đoàn|khoa) trưởng)`)
	// bareHead is the beginning of a name that cannot be a whole one.
	bareHead = regexp.MustCompile(`^(?:sở|phòng|văn phòng|chi cục|cục|tổng cục|trung tâm|trường|bộ|viện|hội|đoàn|chi nhánh|công ty|công ty (?:tnhh|tnhh mtv|cổ phần|cp|trách nhiệm hữu hạn(?: một thành viên)?)|tổng công ty|tập đoàn|hợp tác xã|tổ công tác|` +
		`ban|ban chỉ đạo|ban quản lý|ban quản lý dự án|ban chấp hành|bch|ban thường vụ|ban chỉ huy|bộ chỉ huy|bộ tư lệnh|ban tổ chức|thường trực|cơ quan thường trực|hội đồng|hội liên hiệp|liên hiệp các hội|liên hiệp|liên đoàn|liên minh|ủy ban|ủy ban nhân dân|ubnd|hội đồng nhân dân|hđnd|` +
		`ủy ban mặt trận tổ quốc|đoàn đại biểu quốc hội|đảng ủy|đảng bộ|chi bộ|tiểu ban|quỹ|ngân hàng|bệnh viện|đài|liên sở|liên ngành)$`)
	territory = regexp.MustCompile(`^(?:tỉnh|huyện|thành phố|tp\.?|thị xã|tx\.?|xã|phường|thị trấn|quận|đặc khu)(?:[^\pL]|$)`)
	openEnded = regexp.MustCompile(`(?:^| )(?:ubnd|ủy ban nhân dân|hội đồng nhân dân|hđnd|và|,|-|–|các|của|cho|về|với|mặt trận tổ quốc việt nam)$`)
	committee = regexp.MustCompile(`^(?:tỉnh|huyện|thị|xã|phường|quận|thành) (?:ủy|đoàn|đội|hội)(?:[^\pL]|$)`)
)

// isTerritory reports whether a line goes on with the name before: "TỈNH MẪU
// SƠN", but not "TỈNH ỦY MẪU SƠN".
func isTerritory(key string) bool { return territory.MatchString(key) && !committee.MatchString(key) }

// startsBody reports whether the key of a line begins the name of a body.
func startsBody(key string) bool {
	return strings.Contains(key, " ") && !falseHead.MatchString(key) && (orgHead.MatchString(key) || committee.MatchString(key))
}

// wholeName reports whether the key of a name needs nothing more.
func wholeName(key string) bool { return !openEnded.MatchString(key) && !bareHead.MatchString(key) }

// readIssuer reads the issuing body and the one above it (box 2).
func (x *extractor) readIssuer() {
	lines := x.issuerLines()
	if len(lines) == 0 {
		return
	}
	names := x.bodyNames(lines)
	last := names[len(names)-1]
	x.f.Issuer = last.text
	x.note("issuer", last.line)
	if len(names) == 1 {
		x.joint = x.jointSymbol() && strings.Contains(last.text, " - ")
		return
	}
	if x.jointSymbol() || peers(names) {
		x.f.Issuer, x.joint = joinNames(names), true
		return
	}
	above := names[len(names)-2]
	x.f.IssuerParent = above.text
	x.note("issuer_parent", above.line)
}

func joinNames(names []seg) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = n.text
	}
	return strings.Join(all, " - ")
}

// jointKind is in the symbol of a document that several bodies issue.
var jointKind = regexp.MustCompile(`(?:^|[/-])(?:TTLT|NQLT|CTLT|KHLT|QCLT|HDLT|TBLT|HDLN|CVLN|KHLN|QĐLN|LT|LN|LS|CTPH|CTrPH|QCPH|KHPH)(?:$|[/-])`)

func (x *extractor) jointSymbol() bool { return jointKind.MatchString(x.f.Symbol) }

// peers reports whether two names are of one rank, so that neither is above
// the other: two departments, two ministries.
func peers(names []seg) bool {
	for _, rank := range []string{"sở ", "bộ "} {
		n := 0
		for _, s := range names {
			if key := viet.Key(s.text); strings.HasPrefix(key, rank) && !military.MatchString(key) {
				n++
			}
		}
		if n > 1 && n == len(names) {
			return true
		}
	}
	return false
}

var military = regexp.MustCompile(`^bộ (?:quốc phòng|tư lệnh|chỉ huy|công an|tổng tham mưu)`)

// bodyNames joins the lines of box 2 to names. The issuer is set bold and the
// body above it is not; where the letters say nothing, a name begins with a
// word for a body after one that is whole.
func (x *extractor) bodyNames(lines []seg) (names []seg) {
	k := x.boldFrom(lines)
	for n, s := range lines {
		fresh := n == 0 || n == k
		if !fresh && (k == 0 || n < k) {
			fresh = startsBody(viet.Key(s.text)) && !isTerritory(viet.Key(s.text)) && wholeName(viet.Key(names[len(names)-1].text))
		}
		if !fresh && !x.sameColumn(lines[n-1], s) {
			fresh = true
		}
		if fresh {
			names = append(names, s)
		} else {
			last := &names[len(names)-1]
			last.text += " " + s.text
			last.line = s.line
		}
	}
	return names
}

// sameColumn reports whether two pieces stand in one flow or one column of a table.
func (x *extractor) sameColumn(a, b seg) bool {
	f, g := x.p.flows[x.p.lines[a.line].flow], x.p.flows[x.p.lines[b.line].flow]
	return f.kind != inCell || g.kind != inCell || f.table != g.table || f.col == g.col
}

// boldFrom is the line from which on the names are bold, when all before are
// not and a new name can begin there; else 0.
func (x *extractor) boldFrom(lines []seg) int {
	k := 0
	for n, s := range lines {
		bold := x.p.lines[s.line].bold
		switch {
		case bold && k == 0:
			if n == 0 {
				return 0
			}
			k = n
		case !bold && k > 0:
			return 0
		}
	}
	if k == 0 {
		return 0
	}
	key := viet.Key(lines[k].text)
	if startsBody(key) {
		return k
	}
	before := viet.Key(lines[0].text)
	for _, s := range lines[1:k] {
		if startsBody(viet.Key(s.text)) {
			return 0 // the issuer began before, and only its end is bold
		}
		before += " " + viet.Key(s.text)
	}
	if isTerritory(key) || !wholeName(before) {
		return 0
	}
	return k
}

// maxIssuerLines bounds the lines of box 2.
const maxIssuerLines = 8

// issuerLines are the pieces that can name the issuer: lines in capitals above
// the number in the number's column; else in any column; else names of bodies
// that were not typed in capitals.
func (x *extractor) issuerLines() []seg {
	for _, way := range []struct{ anyColumn, anyCase bool }{{x.jointSymbol(), false}, {true, false}, {true, true}} {
		if out := x.issuerPieces(way.anyColumn, way.anyCase); len(out) > 0 {
			return out
		}
	}
	return nil
}

func (x *extractor) issuerPieces(anyColumn, anyCase bool) (out []seg) {
	tabs, flow := 0, -1
	if x.numberAt >= 0 {
		flow = x.p.lines[x.numberAt].flow
		tabs = split(x.p.lines[x.numberAt].text, x.numberAt)[0].tabs
	}
	for _, s := range x.headSegs() {
		f := x.p.flows[x.p.lines[s.line].flow]
		if x.numberAt >= 0 && s.line >= x.numberAt && x.p.lines[s.line].flow == flow {
			break
		}
		if !anyColumn && f.kind == inCell && flow >= 0 && x.p.flows[flow].kind == inCell &&
			(f.table != x.p.flows[flow].table || f.col != x.p.flows[flow].col) {
			continue
		}
		if len(out) >= maxIssuerLines || s.col > 0 && s.tabs > tabs && !anyColumn || s.line >= x.heads[0].to && f.kind != inFrame {
			continue
		}
		if len(out) == 0 && typist.MatchString(s.text) {
			continue
		}
		if x.namesBody(s, anyCase) {
			out = append(out, s)
		} else if len(out) > 0 && x.typeName(s.text) != "" {
			break
		}
	}
	return out
}

// typist is the mark of who typed (box 12), which stands above a copy's head.
var typist = regexp.MustCompile(`^\S*\d\S*$`)

// namesBody reports whether a segment of the head can be a part of a body's name.
func (x *extractor) namesBody(s seg, anyCase bool) bool {
	key := viet.Key(s.text)
	if isRule(s.text) || motto.MatchString(key) {
		return false
	}
	if !x.looksCaps(s.line, s.text) && !(anyCase && (startsBody(key) || isTerritory(key)) && runesIn(key) < 60 && !salutation.MatchString(key)) {
		return false
	}
	if _, stamp := readMark(s.text); stamp || isSignLine(s.text) && !startsBody(key) {
		return false
	}
	return x.typeName(s.text) == "" && !circulation.MatchString(key) && !copyHead.MatchString(key) && !numberLine.MatchString(s.text) && !subjectStart.MatchString(key)
}
