package document

import (
	"math"
	"slices"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// maxBlockLines bounds the lines that are looked at below a label.
const maxBlockLines = 400

// places lists where the items of a label can stand, likeliest first: below it
// in its own column; in the next column when the label has one to itself;
// behind the tabs of its line; in the table or frame that follows.
func (x *extractor) places(s seg) [][]seg {
	behind := x.behindTab(s)
	if len(behind) > 0 && behind[0].line == s.line {
		return [][]seg{behind}
	}
	return [][]seg{x.blockSegs(s), x.nextColumn(s), behind, x.nextFlow(s)}
}

// blockSegs lists what stands below a label in its column: the same cell or
// frame; when it ends, the same column of the rows below; or the body's lines,
// taking what stands left of tabs.
func (x *extractor) blockSegs(s seg) (out []seg) {
	f := x.p.lines[s.line].flow
	fl := x.p.flows[f]
	end := min(len(x.p.lines), s.line+maxBlockLines)
	whole := fl.kind != inBody && len(split(x.p.lines[s.line].text, s.line)) == 1
	over := x.nextHead(fl, s.line)
	for i := s.line + 1; i < end; i++ {
		l := x.p.lines[i]
		g := x.p.flows[l.flow]
		if x.wholeMotto(i) {
			break // of another document
		}
		below := fl.kind == inCell && g.kind == inCell && g.table == fl.table && g.col == fl.col && g.row > fl.row && g.row < over
		if l.flow != f && !below {
			continue
		}
		if q, ok := leftPiece(l.text, i, s.col, whole); ok {
			out = append(out, q)
		}
		if l.text == "" {
			out = append(out, seg{"", i, s.col, 0})
		}
	}
	return out
}

// nextHead is the first row below a cell that holds the head of another
// document or of a copy: Word joins tables between which nothing stands.
func (x *extractor) nextHead(f flow, near int) int {
	for i := near + 1; f.kind == inCell && i < min(len(x.p.lines), near+maxBlockLines); i++ {
		g := x.p.flows[x.p.lines[i].flow]
		if g.kind != inCell || g.table != f.table || g.row <= f.row {
			continue
		}
		if t := plain(x.p.lines[i].text); x.wholeMotto(i) || isCaps(t) && copyHead.MatchString(x.key(i)) {
			return g.row
		}
	}
	return math.MaxInt
}

// leftPiece is the part of a line that belongs to a block in column col: all of
// it in a cell that is not parted by tabs, else what stands left of them. A
// bullet behind which a tab was typed goes with the text behind the tab.
func leftPiece(t string, i, col int, whole bool) (seg, bool) {
	if whole {
		return seg{plain(t), i, col, 0}, t != ""
	}
	segs := split(t, i)
	for k, q := range segs {
		if q.col != col && !(q.col == 0 && bullet.MatchString(q.text)) {
			continue
		}
		if k+1 < len(segs) && bareBullet(q.text) {
			q.text += " " + segs[k+1].text
		}
		return q, true
	}
	return seg{}, false
}

func bareBullet(t string) bool { return bullet.ReplaceAllString(t, "") == "" }

// nextColumn lists the first column of items right of a label that stands in a
// cell without any, from the label's row on.
func (x *extractor) nextColumn(s seg) []seg {
	f := x.p.flows[x.p.lines[s.line].flow]
	if f.kind != inCell {
		return nil
	}
	for _, c := range x.columns(f, s.line) {
		if c.col > f.col && x.holdsItems(c.segs) {
			return c.segs
		}
	}
	return nil
}

// tableColumn is one column of a table, from some row on.
type tableColumn struct {
	col  int
	segs []seg
}

// columns reads the table of a cell from the cell's row on, column by column, in
// the neighbourhood of a line.
func (x *extractor) columns(f flow, near int) (out []tableColumn) {
	over := x.nextHead(f, near)
	for i := max(0, near-maxBlockLines); i < min(len(x.p.lines), near+maxBlockLines); i++ {
		g := x.p.flows[x.p.lines[i].flow]
		if g.kind != inCell || g.table != f.table || g.row < f.row || g.row >= over {
			continue
		}
		k := slices.IndexFunc(out, func(c tableColumn) bool { return c.col == g.col })
		if k < 0 {
			k = len(out)
			out = append(out, tableColumn{col: g.col})
		}
		out[k].segs = append(out[k].segs, seg{plain(x.p.lines[i].text), i, 0, 0})
	}
	slices.SortFunc(out, func(a, b tableColumn) int { return a.col - b.col })
	return out
}

// holdsItems reports whether a column is one of recipients: something in it is
// marked as an item, ended as one or archived, and nobody signs there before.
func (x *extractor) holdsItems(segs []seg) bool {
	for _, q := range segs {
		key := viet.Key(q.text)
		switch {
		case q.text == "":
		case x.isItem(q):
			return true
		case isSignLine(q.text), x.endsBlock(q.line, q.text), columnHead.MatchString(key):
			return false
		}
	}
	return false
}

// isItem reports whether a piece of text by itself reads like a recipient's line.
func (x *extractor) isItem(q seg) bool {
	if q.text == "" || isRule(q.text) || labelText(q.text) {
		return false
	}
	return bullet.MatchString(q.text) || itemNumber.MatchString(q.text) || x.p.lines[q.line].auto || q.text[len(q.text)-1] == ';' || store.MatchString(viet.Key(q.text))
}

// behindTab lists the pieces behind a tab from the label's own line on, when
// the first of them, there or in the next line, reads like an item:
// "Nơi nhận:<tab>- Như trên;".
func (x *extractor) behindTab(s seg) (out []seg) {
	f := x.p.lines[s.line].flow
	for i := s.line; i < min(len(x.p.lines), s.line+maxBlockLines); i++ {
		l := x.p.lines[i]
		if x.wholeMotto(i) || len(out) == 0 && i > s.line+1 {
			break
		}
		if l.flow != f {
			continue
		}
		if l.text == "" {
			out = append(out, seg{"", i, 1, 0})
			continue
		}
		for k, q := range split(l.text, i) {
			if q.tabs == 0 && (i == s.line || k == 0 && !x.isItem(q)) {
				continue
			}
			if len(out) == 0 && !x.isItem(q) {
				return nil
			}
			out = append(out, q)
			break
		}
	}
	return out
}

// nextFlow lists what follows a label that ends its own flow: the columns of
// items of a table, or a frame.
func (x *extractor) nextFlow(s seg) []seg {
	f := x.p.lines[s.line].flow
	for i := s.line + 1; i < min(len(x.p.lines), s.line+maxGap); i++ {
		l := x.p.lines[i]
		if l.text == "" {
			continue
		}
		g := x.p.flows[l.flow]
		switch {
		case l.flow == f || g.kind == inHeader || g.kind == inFooter:
			return nil
		case g.kind == inCell && !x.p.inside(f, l.flow):
			return x.itemColumns(g, i)
		}
		if segs := x.flowSegs(l.flow, i); x.holdsItems(segs) {
			return segs
		}
		return nil
	}
	return nil
}

// maxGap bounds the lines between a label and the flow of its items.
const maxGap = 12

func (x *extractor) flowSegs(f, from int) (out []seg) {
	for i := from; i < min(len(x.p.lines), from+maxBlockLines); i++ {
		if x.p.lines[i].flow == f {
			out = append(out, seg{plain(x.p.lines[i].text), i, 0, 0})
		}
	}
	return out
}

// itemColumns joins the columns of items of a table, column by column; row by
// row when only so the archive comes last.
func (x *extractor) itemColumns(f flow, near int) (out []seg) {
	for _, c := range x.columns(f, near) {
		if x.holdsItems(c.segs) {
			out = append(out, c.segs...)
		}
	}
	rows := slices.Clone(out)
	slices.SortStableFunc(rows, func(a, b seg) int { return a.line - b.line })
	if !x.archiveLast(out) && x.archiveLast(rows) {
		return rows
	}
	return out
}

func (x *extractor) archiveLast(segs []seg) bool {
	for _, q := range slices.Backward(segs) {
		if q.text != "" {
			return store.MatchString(viet.Key(bullet.ReplaceAllString(q.text, "")))
		}
	}
	return false
}

// secondColumn lists the items right of a first column that has no archive
// line: the block was set in two columns.
func (x *extractor) secondColumn(s seg, first []seg) []seg {
	f := x.p.flows[x.p.lines[s.line].flow]
	var out []seg
	if f.kind == inCell {
		for _, c := range x.columns(f, s.line) {
			if c.col > f.col && x.holdsItems(c.segs) {
				out = append(out, c.segs...)
			}
		}
	} else {
		for _, q := range first {
			for _, r := range split(x.p.lines[q.line].text, q.line) {
				if r.col > 0 && r.text != q.text && x.isItem(r) {
					out = append(out, r)
				}
			}
		}
	}
	if !x.hasArchive(out) {
		return nil
	}
	return out
}

func (x *extractor) hasArchive(segs []seg) bool {
	return slices.ContainsFunc(segs, func(q seg) bool {
		return store.MatchString(viet.Key(bullet.ReplaceAllString(q.text, "")))
	})
}
