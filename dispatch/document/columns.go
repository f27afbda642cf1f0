package document

import (
	"math"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// Gutters, in points.
const (
	minGutter   = 7.0 // the narrowest between columns
	blockGutter = 4.5 // beside the recipients block: wider than a blank between words
	mottoGutter = 2.5 // before the words of the motto
	signGutter  = 12  // between two signatures
	openGutter  = 3.0 // what must be left of a block's gutter on the next page
)

// interval is a stretch of a line without words.
type interval struct{ from, to float64 }

func (v interval) middle() float64 { return (v.from + v.to) / 2 }

// band is a run of rows that stand in columns side by side.
type band struct {
	from, to int
	gutters  []interval // between the columns, left to right; empty if there are none
	block    bool       // begins with the recipients' label
	label    int        // the column of the block
	x        float64    // where its label begins
	least    float64    // what every row leaves of a block's gutters, but for those that run across
	motto    bool       // begins beside the State's or the Party's motto
}

// least is the narrowest gutter that may part the band.
func (s sheet) least(b band) float64 {
	switch {
	case b.block:
		return math.Max(blockGutter, 1.1*s.blank)
	case b.motto:
		return mottoGutter
	}
	return minGutter
}

// narrowest is the width of the band's narrowest gutter.
func (b band) narrowest() float64 {
	w := math.Inf(1)
	for _, g := range b.gutters {
		w = math.Min(w, g.to-g.from)
	}
	return w
}

// columnOf is the column that holds x.
func (b band) columnOf(x float64) int {
	n := 0
	for n < len(b.gutters) && x >= b.gutters[n].middle() {
		n++
	}
	return n
}

// part divides a row's words among the columns. Where they run across a gutter, a
// phrase belongs to the column in which it begins.
func (b band) part(ws []word) [][]word {
	out := make([][]word, len(b.gutters)+1)
	if b.across(ws) {
		for _, p := range phrases(ws) {
			c := b.columnOf(p[0].x0)
			out[c] = append(out[c], p...)
		}
		return out
	}
	for start := 0; start < len(ws); {
		c, end := b.columnOf(ws[start].x0), start+1
		for end < len(ws) && b.columnOf(ws[end].x0) == c {
			end++
		}
		out[c] = ws[start:end]
		start = end
	}
	return out
}

// across reports whether words run across one of the gutters.
func (b band) across(ws []word) bool {
	_, ok := narrowed(ws, b.gutters, math.Max(openGutter, b.least))
	return !ok
}

// maxBand bounds a band in rows: more than any page has beside each other.
const maxBand = 120

// band finds the longest run of rows from i on that share a gutter.
func (s sheet) band(i int) band {
	b := band{from: i, to: i + 1, block: s.blockRow(i), motto: s.rows[i].beside > 0}
	if n := s.rows[i].label; n > 0 {
		b.x = s.rows[i].words[n-1].x0
	}
	return s.run(b)
}

// run extends a band of one row downwards and finds its columns.
func (s sheet) run(b band) band {
	i := b.from
	free := s.gaps(i, b)
	if s.rows[i].salutes || len(free) == 0 {
		return b
	}
	first, last := s.rows[i].x0(), s.rows[i].x1()
	labelled := s.rows[i].label > 0 || !b.block
	sure := b.block || b.motto // it has columns; where they end, the band does
	for j := i + 1; j < min(len(s.rows), i+maxBand); j++ {
		if s.opens(j, j-i) || s.rows[j].y-s.rows[j-1].y > 12*s.rows[j].size || b.block && s.rows[j].annex {
			break
		}
		next := meet(free, s.gaps(j, b), s.least(b))
		labelled = labelled || s.rows[j].label > 0
		if len(next) == 0 || sure && labelled && separates(free, first, last) && !separates(next, first, last) {
			to := s.overrun(b, j, free)
			if !b.block || !separates(free, first, last) || to == j {
				break
			}
			b.to, j = to, to-1
			continue
		}
		first, last = math.Min(first, s.rows[j].x0()), math.Max(last, s.rows[j].x1())
		free = next
		b.to = j + 1
	}
	if b.block {
		b.least = s.least(b)
		return s.cutBlock(b, free)
	}
	return s.cut(b, free)
}

// overrun is the end of the rows from j on in which an item runs across the gutter
// of its block, as it does where columns are made of blanks: each row begins where
// the block does. Such rows belong to the block only if its archive line follows.
func (s sheet) overrun(b band, j int, free []interval) int {
	lead, archive := math.Inf(1), -1
	for _, r := range s.rows[b.from:j] {
		lead = math.Min(lead, r.x0())
		if item := phrases(r.words)[0]; isArchive(item) {
			return j
		}
	}
	for k := j; k < min(len(s.rows), j+maxBand) && archive < 0; k++ {
		r := s.rows[k]
		ps := phrases(r.words)
		if r.annex || r.motto || r.label > 0 || r.y-s.rows[k-1].y > 3*r.size || math.Abs(r.x0()-lead) > 2*r.size || s.centred(k) || len(ps) > 2 {
			break
		}
		if isArchive(ps[0]) {
			archive = k + 1
		}
	}
	if archive < 0 {
		return j
	}
	end := j
	for end < archive && len(meet(free, s.gaps(end, b), s.least(b))) == 0 {
		end++
	}
	return max(end, j+1)
}

// isArchive reports whether words begin the archive line of a block.
func isArchive(ws []word) bool {
	return store.MatchString(viet.Key(bullet.ReplaceAllString(text(ws), "")))
}

// phrases parts a row at its wide gaps.
func phrases(ws []word) (out [][]word) {
	from := 0
	for k := 1; k <= len(ws); k++ {
		if k == len(ws) || !ws[k].near && ws[k].x0-ws[k-1].x1 > columnGap*ws[k].size {
			out = append(out, ws[from:k])
			from = k
		}
	}
	return out
}

// separates reports whether words of the rows from first to last x stand on both
// sides of one of the stretches.
func separates(free []interval, first, last float64) bool {
	for _, f := range free {
		if first < f.from && last > f.to {
			return true
		}
	}
	return false
}

// opens reports whether row j must begin a band of its own when the run so far
// has n rows. The issuer may begin a row or two above the motto.
func (s sheet) opens(j, n int) bool {
	if n > 0 && s.blockRow(j) && !s.blockRow(j-1) {
		return true
	}
	return s.rows[j].salutes || n > 3 && s.rows[j].motto && !s.mottoBefore(j)
}

// maxAbove bounds the rows of a signature above the label beside it.
const maxAbove = 8

// blockRow reports whether a recipients block begins at row i: at its label, or
// at lines of authority that stand a little higher beside it.
func (s sheet) blockRow(i int) bool {
	for n := 0; n < maxAbove && i < len(s.rows); n++ {
		if s.rows[i].label > 0 {
			return true
		}
		r := s.rows[i]
		if r.x0() < 0.4*s.width && r.x1() > 0.6*s.width || !r.signs || i+1 < len(s.rows) && s.rows[i+1].y-r.y > 2.5*r.size {
			return false
		}
		i++
	}
	return false
}

// mottoReach is how far apart the two lines of a motto may stand, in sizes: the
// first may be broken in a narrow column, and lines at the left stand between.
const mottoReach = 5

// mottoBefore reports whether a row a little above is a motto too.
func (s sheet) mottoBefore(j int) bool {
	for k := j - 1; k >= 0 && s.rows[j].y-s.rows[k].y < mottoReach*s.rows[j].size; k-- {
		if s.rows[k].motto {
			return true
		}
	}
	return false
}

// gaps lists the stretches of row i that hold no word: in the page's inner part
// for a band of text, anywhere beside a block.
func (s sheet) gaps(i int, b band) (out []interval) {
	lo, hi := 0.2*s.width, 0.8*s.width
	least := 1.2 * s.rows[i].size
	at := s.rows[i].beside
	switch {
	case b.block:
		lo, hi, least = s.lead, s.margin, s.least(b)
	case at > 0:
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
		} else if w.x0 > edge && !w.near {
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

// cut chooses the one gutter of a run and drops rows at its end that belong to
// the text below.
func (s sheet) cut(b band, free []interval) band {
	width := 0.0
	lo, hi := s.extent(b)
	for _, f := range free {
		if separates([]interval{f}, lo, hi) && f.to-f.from > width {
			b.gutters, width = []interval{f}, f.to-f.from
		}
	}
	if len(b.gutters) == 0 {
		b.to = b.from + 1
		return b
	}
	x := b.gutters[0].middle()
	last := -1
	head := false
	for j := b.from; j < b.to; j++ {
		head = head || s.rows[j].motto
		if v := s.sides(j, x); v == bothSides || head && v == rightSide && s.headRow(j) {
			last = j
		}
	}
	if last < 0 {
		b.gutters, b.to = nil, b.from+1
		return b
	}
	for j := last + 1; j < b.to; j++ {
		if s.sides(j, x) == rightSide || s.centred(j) {
			b.to = j
		}
	}
	return s.trimFront(b)
}

// headRow reports whether row j alone belongs to a document's head: the motto, the
// rule below it, place and date. They may stand between the lines at the left.
func (s sheet) headRow(j int) bool {
	t := text(s.rows[j].words)
	return s.rows[j].motto || isRule(t) || len(t) < 120 && placeDate.MatchString(t)
}

// extent is how far the words of a band reach.
func (s sheet) extent(b band) (first, last float64) {
	first, last = math.Inf(1), math.Inf(-1)
	for _, r := range s.rows[b.from:b.to] {
		first, last = math.Min(first, r.x0()), math.Max(last, r.x1())
	}
	return first, last
}

// trimFront leaves rows before the first row with two sides to the text above.
func (s sheet) trimFront(b band) band {
	x := b.gutters[0].middle()
	for j := b.from; j < b.to; j++ {
		if s.sides(j, x) == bothSides {
			return b
		}
		if s.sides(j, x) == leftSide && s.sentence(j) || s.centred(j) {
			b.to, b.gutters = j+1, nil
			return b
		}
	}
	return b
}

// sentence reports whether a row is the tail of a paragraph.
func (s sheet) sentence(j int) bool {
	t := text(s.rows[j].words)
	return strings.HasSuffix(t, ".") && (!isCaps(t) || strings.HasSuffix(t, "./."))
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

// cutBlock finds the columns of a recipients block: its items, which may stand
// beside the label in a column of their own, and one or more signatures.
func (s sheet) cutBlock(b band, free []interval) band {
	rows := s.rows[b.from:b.to]
	b.gutters = append(b.gutters, free...)
	b = s.occupied(b, rows)
	for n := 0; n < len(b.gutters); {
		cols := b.texts(rows)
		if b.label = s.labelColumn(b); apart(cols, n, b.label, b.gutters[n].to-b.gutters[n].from) {
			n++
			continue
		}
		b.gutters = append(b.gutters[:n:n], b.gutters[n+1:]...)
	}
	b.label = s.labelColumn(b)
	if len(b.gutters) == 0 {
		b.to = b.from + 1
	}
	return b
}

// beside finds the columns at the top of a page on which a block goes on that
// had nothing beside it so far.
func (s sheet) beside(b band) band {
	n := s.run(band{to: 1, block: true, x: b.x})
	if len(n.gutters) == 0 {
		return b
	}
	b.gutters, b.label = n.gutters, n.label
	return b
}

// occupied leaves out gutters without words on one of their sides.
func (s sheet) occupied(b band, rows []row) band {
	for n := 0; n < len(b.gutters); {
		cols := b.texts(rows)
		if len(cols[n]) > 0 && len(cols[n+1]) > 0 {
			n++
			continue
		}
		b.gutters = append(b.gutters[:n:n], b.gutters[n+1:]...)
	}
	return b
}

// texts lists what stands in each column, line by line.
func (b band) texts(rows []row) [][]string {
	out := make([][]string, len(b.gutters)+1)
	for _, r := range rows {
		for c, ws := range b.part(r.words) {
			if len(ws) > 0 {
				out[c] = append(out[c], text(ws))
			}
		}
	}
	return out
}

// labelColumn is the column in which the label stands, on this page or before.
func (s sheet) labelColumn(b band) int {
	for _, r := range s.rows[b.from:b.to] {
		if r.label > 0 {
			return b.columnOf(r.words[r.label-1].x0)
		}
	}
	return b.columnOf(b.x)
}

// apart reports whether the columns n and n+1 of a block are two: the items
// belong to their label and bullets to their items; of the others each must
// hold a signature.
func apart(cols [][]string, n, label int, width float64) bool {
	l, r := cols[n], cols[n+1]
	switch {
	case n == label && len(l) == 1 && afterLabel(l[0]) == "" && !signs(r[:1]):
		return false
	case all(l, func(t string) bool { return bullet.MatchString(t) && bullet.ReplaceAllString(t, "") == "" }):
		return false
	case n == label || n+1 == label:
		return true
	}
	return width >= signGutter && signs(l) && signs(r)
}

func signs(lines []string) bool {
	for _, t := range lines {
		if isSignLine(t) {
			return true
		}
	}
	return false
}

func all(lines []string, f func(string) bool) bool {
	for _, t := range lines {
		if !f(t) {
			return false
		}
	}
	return true
}

// narrowed is what is left of gutters beside the words of a row; ok is false
// when it is narrower than least in one.
func narrowed(ws []word, gutters []interval, least float64) (out []interval, ok bool) {
	for _, g := range gutters {
		best, edge := interval{}, math.Inf(-1)
		try := func(from, to float64) {
			if f, t := math.Max(from, g.from), math.Min(to, g.to); t-f > best.to-best.from {
				best = interval{f, t}
			}
		}
		for _, w := range ws {
			try(edge, w.x0)
			edge = math.Max(edge, w.x1)
		}
		try(edge, math.Inf(1))
		if best.to-best.from < least {
			return nil, false
		}
		out = append(out, best)
	}
	return out, true
}
