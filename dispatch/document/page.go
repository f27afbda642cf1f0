package document

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// pageWriter writes sheets into a paper: columns become cells of virtual tables,
// everything else body lines.
type pageWriter struct {
	p     *paper
	open  *openBlock // a recipients block that goes on over the page's end
	paras int
}

// openBlock is a block whose Lưu has not come yet.
type openBlock struct {
	band  band
	table int
	row   int
}

func newPageWriter(kind string) *pageWriter {
	p := &paper{kind: kind}
	p.flows = []flow{{kind: inBody, parent: -1}}
	return &pageWriter{p: p}
}

// add writes one page.
func (w *pageWriter) add(s sheet) {
	s.level()
	s.measure()
	w.p.pages = max(w.p.pages, s.page)
	if len(w.p.lines) == 0 {
		w.p.lead = s.lead
	}
	w.furniture(s, s.head, inHeader)
	i := w.goOn(s)
	from := i
	for i < len(s.rows) {
		b := s.band(i)
		if b.block && len(b.gutters) == 0 && s.unfinished(i) {
			b.to = len(s.rows)
		}
		if len(b.gutters) > 0 || b.to == len(s.rows) && b.block {
			w.body(s, s.rows[from:b.from])
			w.columns(s, b)
			from = b.to
		}
		i = max(b.to, i+1)
	}
	w.body(s, s.rows[from:])
	w.furniture(s, s.foot, inFooter)
	for _, t := range s.marks {
		w.p.flows = append(w.p.flows, flow{kind: inFrame, parent: 0, after: len(w.p.lines)})
		w.p.lines = append(w.p.lines, line{text: clean(t), flow: len(w.p.flows) - 1, para: w.nextPara(), page: s.page})
	}
}

// unfinished reports whether the recipients block at row i has neither a
// signature beside it nor an end on this page.
func (s sheet) unfinished(i int) bool {
	for j := i; j < len(s.rows); j++ {
		r := s.rows[j]
		if j > i && (r.label > 0 || r.signs) || r.annex || store.MatchString(viet.Key(bullet.ReplaceAllString(text(r.words), ""))) {
			return false
		}
	}
	return true
}

// furniture writes what stands outside a page's text.
func (w *pageWriter) furniture(s sheet, rows []row, kind flowKind) {
	if len(rows) > 0 {
		w.p.flows = append(w.p.flows, flow{kind: kind, parent: 0, after: len(w.p.lines)})
		w.write(s, rows, len(w.p.flows)-1)
	}
}

// measure finds the margins of the page's text and what its rows say.
func (s *sheet) measure() {
	s.lead, s.margin = s.width, 0
	for i := range s.rows {
		r := &s.rows[i]
		s.lead, s.margin = math.Min(s.lead, r.x0()), math.Max(s.margin, r.x1())
		t := text(r.words)
		key := viet.Key(t)
		r.signs = isSignLine(t)
		r.annex = isCaps(t) && appendixHead.MatchString(key)
		r.motto, r.salutes = motto.MatchString(key), salutation.MatchString(key)
		if r.motto {
			r.beside = mottoBeside(r.words)
		}
		if r.label = labelWord(r.words); r.label > 1 && !isSignLine(text(r.words[:r.label-1])) {
			r.label = 0
		}
	}
	for i := range s.rows {
		r := &s.rows[i]
		r.annex = r.annex || s.centred(i) && appendixHead.MatchString(viet.Key(text(r.words)))
	}
}

// labelWord is 1 and the index of the word with which a recipients' label begins
// in a row: at the start of the row or behind a wide gap; 0 without one.
func labelWord(ws []word) int {
	for k := 0; k+1 < len(ws); k++ {
		if k > 0 && ws[k].x0-ws[k-1].x1 < 0.9*ws[k].size {
			continue
		}
		t := ws[k].text + " " + ws[k+1].text
		if !strings.ContainsAny(t[:1], "Nn-–*") {
			continue
		}
		first, _, _ := strings.Cut(text(ws[k:]), "\t")
		if labelText(first) || label.MatchString(viet.Key(t)) && strings.HasSuffix(t, ":") {
			return k + 1
		}
	}
	return 0
}

// goOn continues a recipients block at the top of a page and returns the first
// row that is not part of it.
func (w *pageWriter) goOn(s sheet) int {
	o := w.open
	w.open = nil
	if o == nil || len(s.rows) == 0 {
		return 0
	}
	b := s.rest(o.band)
	if b.to > 0 {
		w.cells(s, b, o.table, o.row+1)
	}
	return b.to
}

// rest finds how a block from the page before goes on at the top of this one. A
// signature beside it may begin only here.
func (s sheet) rest(before band) band {
	b := band{gutters: before.gutters, label: before.label, block: true, x: before.x}
	if len(b.gutters) == 0 {
		b = s.beside(b)
	}
	archive := false
	for i := range s.rows {
		g, ok := narrowed(s.rows[i].words, b.gutters, openGutter)
		if !ok || s.rows[i].annex || s.rows[i].label > 0 || s.rows[i].motto || archive && (len(g) == 0 || s.centred(i)) {
			break
		}
		item := text(b.part(s.rows[i].words)[b.label])
		archive = archive || store.MatchString(viet.Key(bullet.ReplaceAllString(item, "")))
		b.gutters, b.to = g, i+1
	}
	return b
}

// columns writes a band as a virtual table of one row.
func (w *pageWriter) columns(s sheet, b band) {
	w.p.tables++
	w.cells(s, b, w.p.tables, 0)
}

// cells writes the columns of a band.
func (w *pageWriter) cells(s sheet, b band, table, r int) {
	if n := b.narrowest(); b.block && (w.p.gutter == 0 || n < w.p.gutter) {
		w.p.gutter = n
	}
	parts := make([][]row, len(b.gutters)+1)
	archive := false
	for _, x := range s.rows[b.from:b.to] {
		cols := b.part(x.words)
		if ws := cols[b.label]; b.across(x.words) && endsWithName(ws) && w.p.across == "" {
			w.p.across = text(ws)
		}
		for c, ws := range cols {
			for _, ws := range offLabel(ws) {
				parts[c] = append(parts[c], row{words: ws, y: ws[0].y, size: x.size})
				archive = archive || isArchive(ws)
			}
		}
	}
	for c, part := range parts {
		w.p.flows = append(w.p.flows, flow{kind: inCell, table: table, row: r, col: c, after: len(w.p.lines)})
		w.write(s, part, len(w.p.flows)-1)
	}
	if b.block && !archive && b.to == len(s.rows) {
		w.open = &openBlock{band: b, table: table, row: r}
	}
}

// labelHead is a recipients' label and nothing else, by its key.
var labelHead = regexp.MustCompile(`^[-–* ]*(?:nơi nhận|nơi gửi|nơi gởi)(?: văn bản)? ?:?$`)

// labelWords counts the words of the label with which ws begin; 0 without one.
func labelWords(ws []word) int {
	n, t := 0, ""
	for k := 0; k < min(len(ws), 6); k++ {
		if t += " " + ws[k].text; labelHead.MatchString(viet.Key(strings.TrimSpace(t))) {
			n = k + 1
		}
	}
	return n
}

// offLabel parts a recipients' label from an item that stands beside it in a
// column of its own. It returns nothing for no words.
func offLabel(ws []word) [][]word {
	if len(ws) == 0 {
		return nil
	}
	if n := labelWords(ws); n > 0 && n < len(ws) {
		if gap := ws[n].x0 - ws[n-1].x1; gap > 0.6*ws[n-1].size || bullet.MatchString(ws[n].text+" ") {
			return [][]word{ws[:n], ws[n:]}
		}
	}
	return [][]word{ws}
}

// level brings what stands beside a recipients' label a little higher or lower,
// as text of another font does, into the label's row: it would be read as text
// above the block.
func (s *sheet) level() {
	for i := 0; i < len(s.rows); i++ {
		r := &s.rows[i]
		if labelWord(r.words) != 1 {
			continue
		}
		for _, j := range []int{i + 1, i - 1} {
			if j >= 0 && j < len(s.rows) && beside(*r, s.rows[j]) {
				r.words = append(r.words, s.rows[j].words...)
				slices.SortStableFunc(r.words, func(a, b word) int { return cmp.Compare(a.x0, b.x0) })
				s.rows = slices.Delete(s.rows, j, j+1)
				if r = &s.rows[min(i, j)]; j < i {
					i--
				}
			}
		}
	}
}

// beside reports whether row o stands right of row r's label, less than a line
// higher or lower, and no words of the two are above each other.
func beside(r, o row) bool {
	if math.Abs(r.y-o.y) > 0.6*math.Min(r.size, o.size) {
		return false
	}
	for _, a := range r.words {
		for _, b := range o.words {
			if a.x0 < b.x1 && b.x0 < a.x1 || b.x0 < r.x0() {
				return false
			}
		}
	}
	return true
}

func pageNumber(t string) bool {
	return len(t) <= 5 && strings.Trim(t, "0123456789-–. /") == ""
}

// body writes rows as lines of the body. An item beside a label goes on a line of
// its own if the label has a column to itself.
func (w *pageWriter) body(s sheet, rows []row) {
	out := make([]row, 0, len(rows))
	for i, r := range rows {
		parts := offLabel(r.words)
		if len(parts) != 2 || !bullet.MatchString(text(parts[1])) && (i+1 == len(rows) || math.Abs(rows[i+1].x0()-parts[1][0].x0) > 2) {
			out = append(out, r)
			continue
		}
		for _, ws := range parts {
			out = append(out, row{words: ws, y: r.y, size: r.size})
		}
	}
	w.write(s, out, 0)
}

// write writes rows as lines of a flow and numbers their paragraphs.
func (w *pageWriter) write(s sheet, rows []row, f int) {
	if len(rows) == 0 || len(w.p.lines) > maxLines {
		return
	}
	margin, lead := 0.0, s.width
	for _, r := range rows {
		margin, lead = math.Max(margin, r.x1()), math.Min(lead, r.x0())
	}
	if f == 0 {
		margin, lead = math.Max(margin, s.margin), math.Min(lead, s.lead)
	}
	for i, r := range rows {
		para, tight := w.nextPara(), false
		if prev, ok := w.before(f); ok && i > 0 {
			p := rows[i-1]
			tight = full(p, r, margin)
			if r.y-p.y > 2.1*math.Max(r.size, p.size) {
				w.p.lines = append(w.p.lines, line{flow: f, para: para, printed: true, page: s.page, y: p.y + p.size, down: s.down(p.y + p.size)})
				para = w.nextPara()
			} else if fits(p, r, margin, lead) {
				para = w.p.lines[prev].para
			}
		} else if ok && f == 0 && w.p.lines[prev].text != "" && fits(w.lastRow(prev), r, margin, lead) {
			para = w.p.lines[prev].para
		}
		w.p.lines = append(w.p.lines, line{
			text: clean(text(r.words)), flow: f, para: para, bold: allBold(r.words), conf: worst(r.words),
			centred: f == 0 && math.Abs((r.x0()+r.x1())/2-(s.lead+s.margin)/2) < 9 && r.x0() > s.lead+20,
			printed: true, tight: tight, page: s.page, x: r.x0(), y: r.y, size: r.size, hang: afterColon(r.words), down: s.down(r.y),
		})
	}
}

// down is the share of the page's height above y; the middle where pages are unknown.
func (s sheet) down(y float64) float64 {
	if s.height == 0 {
		return 0.5
	}
	return y / s.height
}

// lastRow is a stand-in for a row on the page before, for joining paragraphs.
func (w *pageWriter) lastRow(i int) row {
	l := w.p.lines[i]
	return row{words: []word{{text: l.text, x0: l.x, x1: l.x + 1e4, size: 12}}, y: 0, size: 12}
}

// nextPara numbers a new paragraph.
func (w *pageWriter) nextPara() int {
	w.paras++
	return w.paras
}

// before is the last line of flow f.
func (w *pageWriter) before(f int) (int, bool) {
	for i := len(w.p.lines) - 1; i >= 0 && i > len(w.p.lines)-200; i-- {
		if w.p.lines[i].flow == f {
			return i, true
		}
	}
	return 0, false
}

// fits reports whether row r goes on with the paragraph of p: p was so full
// that r's first word had no room, and r is not indented.
func fits(p, r row, margin, lead float64) bool {
	if bullet.MatchString(text(r.words)) || article.MatchString(text(r.words)) {
		return false
	}
	if !full(p, r, margin) {
		return false
	}
	if r.x0() <= lead+0.8*r.size || r.x0() <= p.x0()+2 {
		return true
	}
	return bullet.MatchString(text(p.words)) || hangs(p, r)
}

// full reports whether row p had no room for the first word of r.
func full(p, r row, margin float64) bool {
	first := r.words[0]
	return p.x1()+0.25*r.size+(first.x1-first.x0) > margin-1
}

// hangs reports whether r stands under the word behind p's bullet or colon.
func hangs(p, r row) bool {
	for i, w := range p.words {
		if i > 0 && i < 4 && math.Abs(w.x0-r.x0()) < 4 {
			t := p.words[i-1].text
			return strings.HasSuffix(t, ":") || bullet.MatchString(t+" ")
		}
	}
	return false
}

// afterColon is where the word behind a colon near a row's start begins; 0 without.
func afterColon(ws []word) float64 {
	for i := 1; i < min(len(ws), 4); i++ {
		if strings.HasSuffix(ws[i-1].text, ":") {
			return ws[i].x0
		}
	}
	return 0
}

func allBold(ws []word) bool {
	n, bold := 0, 0
	for _, w := range ws {
		if strings.ContainsFunc(w.text, unicode.IsLetter) {
			n++
			if w.bold {
				bold++
			}
		}
	}
	return n > 0 && bold == n
}

func worst(ws []word) float64 {
	c := 0.0
	for _, w := range ws {
		if w.conf > 0 && (c == 0 || w.conf < c) {
			c = w.conf
		}
	}
	return c
}

// done scores the text and hands the paper over.
func (w *pageWriter) done() *paper {
	var b strings.Builder
	for _, l := range w.p.lines {
		if b.Len() < maxScored {
			b.WriteString(l.text)
			b.WriteByte('\n')
		}
	}
	w.p.score = syllableScore(b.String())
	return w.p
}
