package document

import (
	"math"
	"sort"
	"strings"
	"unicode"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// glyph is one placed character. Coordinates are points from the page's top left.
type glyph struct {
	r      rune
	x0, x1 float64
	y      float64 // baseline
	size   float64
	bold   bool
	upper  bool // shown in capitals
}

// word is a placed word.
type word struct {
	text   string
	x0, x1 float64
	y      float64
	size   float64
	bold   bool
	upper  bool
	conf   float64 // OCR only
}

// row is a printed line of a page: all words on one baseline, left to right.
type row struct {
	words []word
	y     float64
	size  float64

	// What the row says, found once by measure.
	label   bool // it begins a recipients block
	motto   bool
	salutes bool // it begins the addressees
	beside  int  // the word with which the motto begins beside something; 0 without
}

// sheet is one page of words.
type sheet struct {
	page          int
	width, height float64
	rows          []row
	lead, margin  float64 // where the page's text begins and ends; set by measure
}

// Measures, in sizes of the font unless said otherwise.
const (
	sameLine  = 0.5  // baselines closer than this are one line
	glueGap   = 0.11 // gaps below this are inside a word
	columnGap = 1.6  // gaps above this part segments
	minGutter = 7.0  // points: the narrowest gutter beside the recipients block

	mottoGutter = 2.5 // points: the narrowest gap before the words of the motto
)

// rowsOf groups glyphs to words and rows by geometry alone: some files emit
// glyphs out of order, some have no spaces. Combining marks join the glyph
// before them in the file.
func rowsOf(gs []glyph) []row {
	gs = joinMarks(gs)
	sort.SliceStable(gs, func(i, j int) bool { return gs[i].y < gs[j].y })
	var rows []row
	for start := 0; start < len(gs); {
		end := start + 1
		for end < len(gs) && gs[end].y-gs[start].y <= sameLine*math.Max(4, math.Min(gs[end].size, gs[start].size)) {
			end++
		}
		line := gs[start:end]
		sort.SliceStable(line, func(i, j int) bool { return line[i].x0 < line[j].x0 })
		if r := wordsOf(line); len(r.words) > 0 {
			rows = append(rows, r)
		}
		start = end
	}
	return rows
}

// joinMarks writes each combining mark behind its base in one glyph's text: it
// gives marks the base's box, so that they stay beside it when sorted.
func joinMarks(gs []glyph) []glyph {
	out := gs[:0]
	for _, g := range gs {
		if unicode.Is(unicode.Mn, g.r) && len(out) > 0 {
			b := out[len(out)-1]
			g.x0, g.x1, g.y, g.size = b.x0, b.x1, b.y, b.size
		}
		out = append(out, g)
	}
	return out
}

// wordsOf divides a sorted line into words.
func wordsOf(line []glyph) row {
	var r row
	var b strings.Builder
	var w word
	boldLetters := 0
	letters := 0
	flush := func() {
		if t := viet.NFC(b.String()); t != "" {
			w.text, w.bold = t, letters > 0 && boldLetters*2 > letters
			r.words = append(r.words, w)
			r.size = math.Max(r.size, w.size)
			r.y = w.y
		}
		b.Reset()
		boldLetters, letters = 0, 0
	}
	for _, g := range line {
		if b.Len() > 0 && g.x0-w.x1 > glueGap*math.Max(g.size, w.size) {
			flush()
		}
		if b.Len() == 0 {
			w = word{x0: g.x0, x1: g.x1, y: g.y, size: g.size, upper: g.upper}
		}
		b.WriteRune(g.r)
		w.x1 = math.Max(w.x1, g.x1)
		w.size = math.Max(w.size, g.size)
		letters++
		if g.bold {
			boldLetters++
		}
	}
	flush()
	return r
}

func (r row) x0() float64 { return r.words[0].x0 }
func (r row) x1() float64 { return r.words[len(r.words)-1].x1 }

// text joins words; gaps above columnGap become tabs.
func text(ws []word) string {
	var b strings.Builder
	for i, w := range ws {
		if i > 0 {
			if w.x0-ws[i-1].x1 > columnGap*math.Max(w.size, ws[i-1].size) {
				b.WriteByte('\t')
			} else {
				b.WriteByte(' ')
			}
		}
		b.WriteString(w.text)
	}
	return b.String()
}

// pageWriter writes sheets into a paper: columns become cells of virtual tables,
// everything else body lines.
type pageWriter struct {
	p     *paper
	open  *openBlock // a recipients block that goes on over the page's end
	paras int
}

// openBlock is a block whose Lưu has not come yet.
type openBlock struct {
	table  int
	gutter float64 // x of the gutter
	row    int
}

func newPageWriter(kind string) *pageWriter {
	p := &paper{kind: kind}
	p.flows = []flow{{kind: inBody, parent: -1}}
	return &pageWriter{p: p}
}

// add writes one page.
func (w *pageWriter) add(s sheet) {
	s.measure()
	rows := s.rows
	w.p.pages = max(w.p.pages, s.page)
	i := w.goOn(s, rows)
	from := i
	for i < len(rows) {
		b := s.band(i)
		if b.gutter > 0 {
			w.body(s, rows[from:b.from])
			w.columns(s, rows[b.from:b.to], b)
			from = b.to
		}
		i = max(b.to, i+1)
	}
	w.body(s, rows[from:])
}

// band is a run of rows; gutter is where they part in two columns, 0 if they do not.
type band struct {
	from, to int
	gutter   float64 // middle
	width    float64 // of the gutter, points
	block    bool    // begins with the recipients' label
	motto    bool    // begins beside the State's or the Party's motto
}

// least is the narrowest gutter that may part the band.
func (b band) least() float64 {
	if b.motto {
		return mottoGutter
	}
	return minGutter
}

// maxBand bounds a band in rows: more than any page has beside each other.
const maxBand = 120

// interval is a stretch of a line without words.
type interval struct{ from, to float64 }

// band finds the longest run of rows from i on that share a gutter.
func (s sheet) band(i int) band {
	b := band{from: i, to: i + 1, block: s.blockRow(i), motto: s.rows[i].beside > 0}
	free := s.gaps(i, b.block)
	if s.rows[i].salutes || len(free) == 0 {
		return b
	}
	for j := i + 1; j < min(len(s.rows), i+maxBand); j++ {
		if s.opens(j, j-i) || s.rows[j].y-s.rows[j-1].y > 12*s.rows[j].size {
			break
		}
		next := meet(free, s.gaps(j, b.block), b.least())
		if len(next) == 0 {
			break
		}
		free = next
		b.to = j + 1
	}
	return s.cut(b, free)
}

// opens reports whether row j must begin a band of its own when the run so far
// has n rows. The issuer may begin a row or two above the motto.
func (s sheet) opens(j, n int) bool {
	if n > 0 && s.blockRow(j) && !s.blockRow(j-1) {
		return true
	}
	return s.rows[j].salutes || n > 3 && s.rows[j].motto && !s.mottoBefore(j)
}

// blockRow reports whether a recipients block begins at row i: at its label, or
// at lines of authority that stand a little higher beside it.
func (s sheet) blockRow(i int) bool {
	for n := 0; n < 4 && i < len(s.rows); n++ {
		if s.rows[i].label {
			return true
		}
		r := s.rows[i]
		t := text(r.words)
		if r.x0() < 0.4*s.width || !isSignLine(t) || i+1 < len(s.rows) && s.rows[i+1].y-r.y > 2.5*r.size {
			return false
		}
		i++
	}
	return false
}

// mottoBefore reports whether one of the two rows above is a motto too.
func (s sheet) mottoBefore(j int) bool {
	for k := max(0, j-3); k < j; k++ {
		if s.rows[k].motto {
			return true
		}
	}
	return false
}

// gaps lists the stretches of row i in the page's inner part that hold no word.
func (s sheet) gaps(i int, block bool) (out []interval) {
	lo, hi := 0.2*s.width, 0.8*s.width
	least := 1.2 * s.rows[i].size
	at := s.rows[i].beside
	if block || at > 0 {
		least = minGutter
	}
	add := func(a, b float64) {
		if a, b = math.Max(a, lo), math.Min(b, hi); b-a >= least {
			out = append(out, interval{a, b})
		}
	}
	edge := lo
	for k, w := range s.rows[i].words {
		if k == at && k > 0 && w.x0-edge >= mottoGutter {
			out = append(out, interval{edge, w.x0})
		} else if w.x0 > edge {
			add(edge, w.x0)
		}
		edge = math.Max(edge, w.x1)
	}
	add(edge, hi)
	return out
}

// mottoBeside is the index of the word with which the motto begins in a row, if
// something stands before it; else 0.
func mottoBeside(ws []word) int {
	for k := 1; k+2 < len(ws); k++ {
		switch viet.Fold(ws[k].text + " " + ws[k+1].text) {
		case "cong hoa", "dang cong", "doc lap":
			return k
		}
	}
	return 0
}

// meet intersects two lists of intervals, keeping those of at least a width.
func meet(a, b []interval, least float64) (out []interval) {
	for _, p := range a {
		for _, q := range b {
			if f, t := math.Max(p.from, q.from), math.Min(p.to, q.to); t-f >= least {
				out = append(out, interval{f, t})
			}
		}
	}
	return out
}

// cut chooses the gutter of a run and drops rows at its end that belong to the
// text below.
func (s sheet) cut(b band, free []interval) band {
	for _, f := range free {
		left, right := false, false
		for _, r := range s.rows[b.from:b.to] {
			left = left || r.x0() < f.from
			right = right || r.x1() > f.to
		}
		if left && right && f.to-f.from > b.width {
			b.gutter, b.width = (f.from+f.to)/2, f.to-f.from
		}
	}
	if b.gutter == 0 {
		b.to = b.from + 1
		return b
	}
	last := -1
	for j := b.from; j < b.to; j++ {
		if s.sides(j, b.gutter) == bothSides {
			last = j
		}
	}
	if last < 0 && !b.block {
		b.gutter, b.to = 0, b.from+1
		return b
	}
	if !b.block {
		for j := last + 1; j < b.to; j++ {
			if s.sides(j, b.gutter) == rightSide || s.centred(j) {
				b.to = j
			}
		}
	}
	return s.trimFront(b)
}

// trimFront leaves rows before the first row with two sides to the text above.
func (s sheet) trimFront(b band) band {
	if b.block {
		return b
	}
	for j := b.from; j < b.to; j++ {
		if s.sides(j, b.gutter) == bothSides {
			return b
		}
		if s.sides(j, b.gutter) == leftSide && (s.indented(j) || s.sentence(j)) || s.centred(j) {
			b.to, b.gutter = j+1, 0
			return b
		}
	}
	return b
}

// sentence reports whether a row is the tail of a paragraph.
func (s sheet) sentence(j int) bool {
	t := text(s.rows[j].words)
	return strings.HasSuffix(t, ".") && !isCaps(t)
}

func (s sheet) indented(j int) bool {
	t := text(s.rows[j].words)
	return strings.HasSuffix(t, "./.")
}

type side uint8

const (
	leftSide side = iota + 1
	rightSide
	bothSides
)

// sides tells on which sides of x a row has words.
func (s sheet) sides(j int, x float64) (v side) {
	r := s.rows[j]
	if r.x0() < x {
		v |= leftSide
	}
	if r.x1() > x {
		v |= rightSide
	}
	return v
}

// centred reports whether a row stands in the middle of the page.
func (s sheet) centred(j int) bool {
	r := s.rows[j]
	mid := (s.lead + s.margin) / 2
	return math.Abs((r.x0()+r.x1())/2-mid) < 9 && r.x0() > s.lead+20
}

// measure finds the margins of the page's text and what its rows say.
func (s *sheet) measure() {
	s.lead, s.margin = s.width, 0
	for i := range s.rows {
		r := &s.rows[i]
		s.lead, s.margin = math.Min(s.lead, r.x0()), math.Max(s.margin, r.x1())
		t := text(r.words)
		key := viet.Key(t)
		r.motto, r.salutes = motto.MatchString(key), salutation.MatchString(key)
		if r.motto {
			r.beside = mottoBeside(r.words)
		}
		first, _, _ := strings.Cut(t, "\t")
		r.label = r.x0() < 0.45*s.width && labelText(first)
	}
}

// goOn continues a recipients block at the top of a page and returns the first
// row that is not part of it.
func (w *pageWriter) goOn(s sheet, rows []row) int {
	o := w.open
	w.open = nil
	if o == nil {
		return 0
	}
	i := 0
	for i < len(rows) && pageNumber(text(rows[i].words)) {
		i++
	}
	from := i
	for ; i < len(rows); i++ {
		first := text(left(rows[i].words, o.gutter))
		if crosses(rows[i], o.gutter) || appendixHead.MatchString(viet.Key(first)) {
			break
		}
		if store.MatchString(viet.Key(bullet.ReplaceAllString(first, ""))) {
			i++
			for i < len(rows) && !crosses(rows[i], o.gutter) && first != "" && text(left(rows[i].words, o.gutter)) == "" {
				i++
			}
			break
		}
	}
	if i == from {
		return 0
	}
	w.body(s, rows[:from])
	b := band{from: from, to: i, gutter: o.gutter, block: true}
	w.cells(s, rows[from:i], b, o.table, o.row+1)
	return i
}

func pageNumber(t string) bool {
	return len(t) <= 5 && strings.Trim(t, "0123456789-–. /") == ""
}

func crosses(r row, x float64) bool {
	for _, w := range r.words {
		if w.x0 < x-1 && w.x1 > x+1 {
			return true
		}
	}
	return false
}

func left(ws []word, x float64) []word {
	n := sort.Search(len(ws), func(i int) bool { return ws[i].x0 >= x })
	return ws[:n]
}

// columns writes a band as a virtual table of one row and two columns.
func (w *pageWriter) columns(s sheet, rows []row, b band) {
	w.p.tables++
	w.cells(s, rows, b, w.p.tables, 0)
}

// cells writes the two columns of a band.
func (w *pageWriter) cells(s sheet, rows []row, b band, table, r int) {
	if b.block && b.width > 0 && (w.p.gutter == 0 || b.width < w.p.gutter) {
		w.p.gutter = b.width
	}
	archive := false
	for col := 0; col < 2; col++ {
		w.p.flows = append(w.p.flows, flow{kind: inCell, table: table, row: r, col: col, after: len(w.p.lines)})
		var part []row
		for _, x := range rows {
			ws := left(x.words, b.gutter)
			if col == 1 {
				ws = x.words[len(ws):]
			}
			if len(ws) > 0 {
				part = append(part, row{words: ws, y: ws[0].y, size: x.size})
				archive = archive || col == 0 && store.MatchString(viet.Key(bullet.ReplaceAllString(text(ws), "")))
			}
		}
		w.write(s, part, len(w.p.flows)-1)
	}
	if b.block && !archive && b.to == len(s.rows) {
		w.open = &openBlock{table: table, gutter: b.gutter, row: r}
	}
}

// body writes rows as lines of the body.
func (w *pageWriter) body(s sheet, rows []row) { w.write(s, rows, 0) }

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
		para := w.nextPara()
		if prev, ok := w.before(f); ok && i > 0 {
			p := rows[i-1]
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
			printed: true, page: s.page, x: r.x0(), y: r.y, down: s.down(r.y),
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
	first := r.words[0]
	room := p.x1() + 0.25*r.size + (first.x1 - first.x0)
	if room <= margin-1 {
		return false
	}
	if r.x0() <= lead+0.8*r.size || r.x0() <= p.x0()+2 {
		return true
	}
	return bullet.MatchString(text(p.words)) || hangs(p, r)
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
