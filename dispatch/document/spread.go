package document

// A spread is two pages on one sheet.
const (
	spreadShape  = 1.2  // width over height of a sheet that may be one
	spreadGutter = 12.0 // points between its pages
	spreadLines  = 8    // full lines that each of its pages has
)

// spread divides a sheet that shows two pages side by side: nothing stands across
// its middle, and both halves hold running text.
func (s sheet) spread() []sheet {
	if s.height == 0 || s.width < spreadShape*s.height {
		return []sheet{s}
	}
	free := []interval{{0.44 * s.width, 0.56 * s.width}}
	for _, r := range s.rows {
		var gaps []interval
		edge := 0.0
		for _, w := range r.words {
			if w.x0 > edge {
				gaps = append(gaps, interval{edge, w.x0})
			}
			edge = max(edge, w.x1)
		}
		gaps = append(gaps, interval{edge, max(edge, s.width)})
		if free = meet(free, gaps, spreadGutter); len(free) == 0 {
			return []sheet{s}
		}
	}
	x := free[0].middle()
	left, right := s.half(0, x), s.half(x, s.width)
	if left.full() < spreadLines || right.full() < spreadLines {
		return []sheet{s}
	}
	left.marks = s.marks
	return []sheet{left, right}
}

// half is the part of a sheet between two abscissae, moved to the left edge.
func (s sheet) half(from, to float64) sheet {
	out := sheet{page: s.page, width: to - from, height: s.height}
	for _, r := range s.rows {
		var ws []word
		for _, w := range r.words {
			if w.x0 >= from && w.x0 < to {
				w.x0, w.x1 = w.x0-from, w.x1-from
				ws = append(ws, w)
			}
		}
		if len(ws) > 0 {
			out.rows = append(out.rows, row{words: ws, y: ws[0].y, size: r.size})
		}
	}
	return out
}

// full counts the lines that go over most of the page.
func (s sheet) full() (n int) {
	for _, r := range s.rows {
		if r.x1()-r.x0() > 0.55*s.width {
			n++
		}
	}
	return n
}
