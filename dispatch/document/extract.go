package document

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/viet"
)

// extractor reads fields out of one paper. It knows where the parts of the
// document are: its head, its recipients block, its appendices.
type extractor struct {
	p        *paper
	f        dispatch.Fields
	heads    []span       // heads of documents in the file; the first is the main one
	label    int          // line of the chosen "Nơi nhận"; -1 without one
	empty    bool         // a label without items stands before the block
	labels   int          // how many blocks could have been chosen
	last     int          // last line of the block
	taken    map[int]bool // lines of the block, its label included
	appendix int          // first line of the appendices; len(lines) without
	copyAt   int          // first line of a copy's own part (sao y); -1 without
	archive  bool         // the block ends with Lưu
	sources  map[string]string
	keys     []string // comparison keys of the lines, without tabs
	joint    bool     // several bodies issue the document
	numberAt int      // line of the number; -1 without
	typeAt   int
	signers  int       // signatures side by side
	joined   string    // a recipients line of which it is not sure where it ends
	conf     []float64 // OCR confidence of the recipients
}

// span is a half-open range of lines.
type span struct{ from, to int }

func newExtractor(p *paper) *extractor {
	x := &extractor{p: p, label: -1, last: -1, copyAt: -1, numberAt: -1, typeAt: -1, sources: map[string]string{}}
	x.appendix = len(p.lines)
	x.keys = make([]string, len(p.lines))
	for i := range p.lines {
		x.keys[i] = viet.Key(plain(p.lines[i].text))
	}
	x.findParts()
	return x
}

// segs lists the segments of lines from..to.
func (x *extractor) segs(from, to int) (out []seg) {
	for i := max(from, 0); i < min(to, len(x.p.lines)); i++ {
		out = append(out, split(x.p.lines[i].text, i)...)
	}
	return out
}

// key is the comparison key of a line without tabs.
func (x *extractor) key(i int) string { return x.keys[i] }

var (
	motto        = regexp.MustCompile(`cộng h[oòa]+ ?xã hội chủ nghĩa|độc lập ?[-–] ?tự do|đảng cộng sản việt nam`)
	nation       = regexp.MustCompile(`^(?:cộng h[oòa]+ ?xã hội chủ nghĩa việt nam|đảng cộng sản việt nam)$`)
	salutation   = regexp.MustCompile(`^(?:đồng )?kính ?(?:g[ửởư]i|trình ?:)`)
	citation     = regexp.MustCompile(`^(?:căn cứ|xét |theo |thực hiện |điều 1[.:]|i\. |1\. |phần (?:i|thứ nhất))`)
	columnHead   = regexp.MustCompile(`^(?:stt|tt|số tt)(?:$|[ .])`) // of a table of data
	appendixHead = regexp.MustCompile(`^(?:phụ lục(?: (?:số )?[ivx\d]+)?(?:[ .:(-].*)?|mẫu số:? ?[\d.ivx]+.*|biểu(?: mẫu)? số:? ?\d+.*)$`)
	attached     = regexp.MustCompile(`^\(? ?(?:kèm theo|ban hành kèm theo|đính kèm)`)
)

// findParts finds heads, copies and appendices; the block is found by them.
func (x *extractor) findParts() {
	x.heads = []span{{0, x.bodyStart(0)}}
	x.findBlock()
	x.findCopy()
	for i := x.heads[0].to; i < x.appendix && len(x.heads) < maxHeads; i++ {
		if x.opensDocument(i) {
			from := max(i-6, x.last+1)
			if i < x.last {
				from = i
			}
			to := x.bodyStart(i)
			x.heads = append(x.heads, span{from, to})
			i = to
		}
	}
}

// opensDocument reports whether line i, behind the main head, is the motto of
// another document: any line with it behind the block, only a whole one before.
func (x *extractor) opensDocument(i int) bool {
	if x.last >= 0 && i > x.last {
		return motto.MatchString(x.key(i))
	}
	return (i < x.label || x.label < 0) && x.wholeMotto(i)
}

// wholeMotto reports whether a piece of line i is the motto in capitals and
// nothing else.
func (x *extractor) wholeMotto(i int) bool {
	if !motto.MatchString(x.key(i)) {
		return false
	}
	for _, s := range split(x.p.lines[i].text, i) {
		if isCaps(s.text) && nation.MatchString(viet.Key(s.text)) {
			return true
		}
	}
	return false
}

// Bounds of heads: lines of one, and how many documents one file can hold.
const (
	maxHead  = 120
	maxHeads = 32
)

// bodyStart is the first line from i on that belongs to the text itself.
func (x *extractor) bodyStart(i int) int {
	end := min(len(x.p.lines), i+maxHead)
	for j := i; j < end; j++ {
		l := &x.p.lines[j]
		if k := x.p.flows[l.flow].kind; k == inHeader || k == inFooter || l.text == "" {
			continue
		}
		if key := x.key(j); salutation.MatchString(key) || inviteEnd.MatchString(key) || x.bodyLike(j, key) {
			return j
		}
	}
	return end
}

// bodyLike reports whether a line reads like running text.
func (x *extractor) bodyLike(i int, key string) bool {
	l := &x.p.lines[i]
	if labelText(l.text) || x.p.flows[l.flow].col > 2 || columnHead.MatchString(key) {
		return true
	}
	if subjectStart.MatchString(key) || motto.MatchString(key) || strings.Contains(key, "ngày") && placeDate.MatchString(plain(l.text)) {
		return false
	}
	if r, _ := utf8.DecodeRuneInString(l.text); citation.MatchString(key) && runesIn(key) > 20 && !unicode.IsLower(r) {
		return true
	}
	return !l.bold && !l.centred && runesIn(key) >= 70 && casingOf(l.text) != upperCase
}

func runesIn(s string) int { return len([]rune(s)) }

// isRule reports whether a line is drawn and not written.
func isRule(s string) bool {
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return false
		}
	}
	return true
}

// isCaps reports whether text is written in capitals.
func isCaps(s string) bool {
	n, low := 0, 0
	for _, r := range s {
		if unicode.IsUpper(r) {
			n++
		} else if unicode.IsLower(r) {
			low++
		}
	}
	return n >= 2 && low == 0
}

// looksCaps is isCaps for text whose marked capitals may be lost.
func (x *extractor) looksCaps(i int, s string) bool {
	return isCaps(s) || x.p.lines[i].font8 && casingOf(s) == upperCase && runesIn(s) > 2
}

// note records where a field stood.
func (x *extractor) note(field string, i int) {
	if i >= 0 && i < len(x.p.lines) {
		x.sources[field] = x.p.where(i)
	}
}

// fields reads everything.
func (x *extractor) fields() dispatch.Fields {
	x.readNumber()
	x.readDate()
	x.readIssuer()
	x.readType()
	x.readSubject()
	x.readSalutation()
	x.readSignature()
	x.readArticles()
	x.readAppendices()
	x.readCirculation()
	x.readCopy()
	return x.f
}
