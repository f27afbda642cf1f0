package document

import (
	"maps"
	"slices"
)

// read writes all stories: headers and footers first, then the main text with
// text boxes where they are anchored.
func (d *docFile) read() (*paper, error) {
	lens := make([]int, 8) // main, notes, headers, macros, comments, endnotes, text boxes, header text boxes
	starts := make([]int, 9)
	for i := range lens {
		if lens[i] = u32(d.main, fibCcpText+4*i); lens[i] < 0 || lens[i] > 1<<28 {
			return nil, damaged("read story lengths", errDocBounds)
		}
		starts[i+1] = starts[i] + lens[i]
	}
	d.readShapes()
	d.readBoxes(starts[6], lens[6])
	d.headers(starts[2], lens[2])
	for _, c := range plcRanges(d.part(fibHdrTxbx), 22, starts[7], lens[7]) {
		d.write(c, flow{kind: inHeader})
	}
	d.write(cpRange{0, lens[0]}, flow{kind: inBody})
	for _, id := range slices.Sorted(maps.Keys(d.boxes)) {
		d.write(d.boxes[id], flow{kind: inFrame}) // boxes without an anchor
	}
	return d.b.done()
}

// plcRanges splits a story at the positions of a PLC with entries of size n.
func plcRanges(plc []byte, n, start, length int) (out []cpRange) {
	count := (len(plc) - 4) / (4 + n)
	for i := 0; i < count && i < maxBoxes; i++ {
		from, to := u32(plc, 4*i), u32(plc, 4*i+4)
		if from < to && to <= length+4 {
			out = append(out, cpRange{start + from, start + min(to, length)})
		}
	}
	return out
}

// readBoxes pairs text boxes with the places where they are anchored.
func (d *docFile) readBoxes(start, length int) {
	plc := d.part(fibTxbx)
	ranges := plcRanges(plc, 22, start, length)
	count := (len(plc) - 4) / 26
	for i, c := range ranges {
		at := 4*(count+1) + 22*i + 14
		if at+4 <= len(plc) {
			d.boxes[int32(u32(plc, at))] = c
		}
	}
	d.readAnchors(fibSpaMom, d.anchor)
	d.readAnchors(fibSpaHdr, d.inHead)
}

// readAnchors reads where shapes are anchored in a story.
func (d *docFile) readAnchors(fib int, at map[int]int32) {
	spa := d.part(fib)
	n := (len(spa) - 4) / 30
	for i := 0; i < n && i < maxBoxes; i++ {
		at[u32(spa, 4*i)] = int32(u32(spa, 4*(n+1)+26*i))
	}
}

// headers writes the header story: six stories for the document, separators of
// notes, then six for each section, most of them empty ([MS-DOC] 2.3.3).
func (d *docFile) headers(start, length int) {
	plc := d.part(fibHdd)
	for i := 6; i < maxBoxes && 4*i+8 <= len(plc); i++ {
		c := cpRange{u32(plc, 4*i), u32(plc, 4*i+4)}
		if c.to <= c.from || c.to > length+4 {
			continue
		}
		kind := inHeader
		if k := i % 6; k == 2 || k == 3 || k == 5 {
			kind = inFooter
		}
		d.write(cpRange{start + c.from, start + min(c.to, length)}, flow{kind: kind})
		for _, cp := range slices.Sorted(maps.Keys(d.inHead)) {
			if cp >= c.from && cp < c.to {
				d.shape(d.inHead[cp], flow{kind: kind})
			}
		}
	}
}

// shape writes what a shape shows besides its text box.
func (d *docFile) shape(id int32, f flow) {
	s := d.shapes[id]
	if s.picture {
		d.b.picture()
	}
	if s.text != "" {
		d.b.enter(f)
		d.b.begin(look{})
		d.b.text(s.text, look{})
		d.b.end()
		d.b.leave()
	}
}

// storyWriter writes one story.
type storyWriter struct {
	d       *docFile
	open    bool // a paragraph is open
	depth   []bool
	inTable bool
	inCell  bool
	table   int
	row     int
	col     int
	para    docRun
}

// write writes a range of characters as one flow.
func (d *docFile) write(c cpRange, f flow) {
	if c.to <= c.from {
		return
	}
	if f.kind != inBody {
		d.b.enter(f)
		defer d.b.leave()
	}
	w := &storyWriter{d: d}
	cs := d.story(c)
	next := 0 // end of the paragraph whose properties are known
	for i, ch := range cs {
		if d.b.err != nil {
			return
		}
		if i >= next {
			next = w.paragraph(cs, i)
		}
		if f.kind == inBody && ch.r == 8 {
			w.box(c.from + i)
		}
		w.char(ch)
	}
	w.end()
	w.closeCell()
}

// paragraph learns the properties of the paragraph that begins at i; they are
// stored at its last character. It returns the index behind the paragraph.
func (w *storyWriter) paragraph(cs []char, i int) int {
	j := i
	for j < len(cs)-1 && cs[j].r != 13 && cs[j].r != 7 && cs[j].r != 12 {
		j++
	}
	w.para = runAt(w.d.paras, cs[j].at)
	return j + 1
}

// box writes the text box that is anchored at a position.
func (w *storyWriter) box(cp int) {
	id, ok := w.d.anchor[cp]
	if !ok {
		return
	}
	w.begin()
	w.d.shape(id, flow{kind: inFrame})
	if c, has := w.d.boxes[id]; has {
		delete(w.d.boxes, id)
		w.d.write(c, flow{kind: inFrame})
	}
}

// begin opens a paragraph, and a cell when it stands in a table.
func (w *storyWriter) begin() {
	if w.open {
		return
	}
	if w.para.inTable && !w.inCell {
		if !w.inTable {
			w.inTable, w.row, w.col = true, 0, 0
			w.table = w.d.b.table()
		}
		w.d.b.enter(flow{kind: inCell, table: w.table, row: w.row, col: w.col})
		w.inCell = true
	}
	if !w.para.inTable {
		w.closeCell()
		w.inTable = false
	}
	w.d.b.begin(w.look(docRun{}))
	w.open = true
}

func (w *storyWriter) end() {
	if w.open {
		w.d.b.end()
		w.open = false
	}
}

func (w *storyWriter) closeCell() {
	if w.inCell {
		w.d.b.leave()
		w.inCell = false
	}
}

// look is how a run of the current paragraph is set.
func (w *storyWriter) look(r docRun) look {
	st := r.style
	st.merge(w.para.style)
	if i := w.para.istd; i < len(w.d.styles) {
		st.merge(w.d.styles[i])
	}
	return st.apply(look{})
}

// char handles one character ([MS-DOC] 2.4.1).
func (w *storyWriter) char(c char) {
	r := c.r
	switch r {
	case 13, 12, 14:
		w.begin()
		w.end()
		return
	case 7:
		if w.para.rowEnd {
			w.end()
			w.closeCell()
			w.row, w.col = w.row+1, 0
			return
		}
		w.begin()
		w.end()
		w.closeCell()
		w.col++
		return
	case 0x13:
		w.depth = append(w.depth, true)
		return
	case 0x14:
		if n := len(w.depth); n > 0 {
			w.depth[n-1] = false
		}
		return
	case 0x15:
		if n := len(w.depth); n > 0 {
			w.depth = w.depth[:n-1]
		}
		return
	}
	if w.hiddenField() {
		return
	}
	w.begin()
	w.letter(r, c.at)
}

func (w *storyWriter) hiddenField() bool {
	for _, d := range w.depth {
		if d {
			return true
		}
	}
	return false
}

// letter writes a character that is shown.
func (w *storyWriter) letter(r rune, at int) {
	run := runAt(w.d.chars, at)
	if run.deleted {
		w.d.b.p.tracked = true
		return
	}
	s := ""
	switch {
	case r == 1:
		switch {
		case run.picture && !run.field:
			w.d.b.picture()
		case !run.field: // LibreOffice writes a forced break in a shape so
			w.d.b.newline()
		}
		return
	case r == 10, r == 11:
		w.d.b.newline()
		return
	case r == 9:
		s = "\t"
	case r == 0x1E:
		s = "-"
	case r == 0x1F:
		s = string(softHyphen)
	case r >= 0x20 && (r < 0xD800 || r > 0xDFFF):
		s = string(r)
	default:
		return
	}
	w.d.b.text(s, w.look(run))
}
