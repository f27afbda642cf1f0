package document

import (
	"math"
	"slices"
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
	near   bool    // it follows the word before in one phrase, however wide the gap
	conf   float64 // OCR only
}

// row is a printed line of a page: all words on one baseline, left to right.
type row struct {
	words []word
	y     float64
	size  float64

	// What the row says, found once by measure.
	label   int  // 1 and the index of the word with which it begins a recipients block; 0 without
	signs   bool // it is a line of authority or a title
	annex   bool // it is the heading of an appendix
	motto   bool
	salutes bool // it begins the addressees
	beside  int  // the word with which the motto begins beside something; 0 without
}

// sheet is one page of words.
type sheet struct {
	page          int
	width, height float64
	rows          []row
	head, foot    []row    // what stands above and below the text
	marks         []string // text that runs across the page, such as watermarks
	blank         float64  // the width of a blank where all characters have one width; else 0
	lead, margin  float64  // where the page's text begins and ends; set by measure
}

// Measures, in sizes of the font unless said otherwise.
const (
	sameLine     = 0.5  // baselines further apart are two lines
	baselineStep = 0.2  // and so are neighbouring ones further apart than this
	glueGap      = 0.11 // gaps below this are inside a word
	columnGap    = 1.6  // gaps above this part segments
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
		for end < len(gs) && sameBaseline(gs[start], gs[end-1], gs[end]) {
			end++
		}
		line := gs[start:end]
		sort.SliceStable(line, func(i, j int) bool { return line[i].x0 < line[j].x0 })
		for _, part := range overprinted(line) {
			if r := wordsOf(part); len(r.words) > 0 {
				rows = append(rows, r)
			}
		}
		start = end
	}
	return joinLabels(rows)
}

// joinLabels brings a recipients' label that was broken into two lines, "Nơi" and
// "nhận:" below it, onto the upper one.
func joinLabels(rows []row) []row {
	for i := 0; i < len(rows); i++ {
		k := loneWord(rows[i].words, "nơi")
		for j := i + 1; k >= 0 && j < len(rows) && rows[j].y-rows[i].y < 1.6*rows[i].size; j++ {
			first := rows[i].words[k]
			n := slices.IndexFunc(rows[j].words, func(w word) bool {
				return viet.Key(w.text) == "nhận:" && math.Abs(w.x0-first.x0) < 3
			})
			if n < 0 {
				continue
			}
			w := rows[j].words[n]
			w.y, w.near, w.x0 = first.y, true, first.x1
			rows[i].words = slices.Insert(rows[i].words, k+1, w)
			if rows[j].words = slices.Delete(rows[j].words, n, n+1); len(rows[j].words) == 0 {
				rows = slices.Delete(rows, j, j+1)
			}
			break
		}
	}
	return rows
}

// loneWord finds a word, by its key, that has no other word near; -1 without.
func loneWord(ws []word, key string) int {
	for k, w := range ws {
		if (k == 0 || w.x0-ws[k-1].x1 > w.size) && (k+1 == len(ws) || ws[k+1].x0-w.x1 > w.size) && viet.Key(w.text) == key {
			return k
		}
	}
	return -1
}

// overprinted parts a line on which small text was printed over larger, as the
// text of a digital signature is, by the size of its glyphs.
func overprinted(line []glyph) [][]glyph {
	hits, big, small := 0, 0.0, math.Inf(1)
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		lap := math.Min(a.x1, b.x1) - math.Max(a.x0, b.x0)
		lo, hi := math.Min(a.size, b.size), math.Max(a.size, b.size)
		if lo < 0.8*hi && lap > 0.4*math.Min(a.x1-a.x0, b.x1-b.x0) {
			hits, big, small = hits+1, math.Max(big, hi), math.Min(small, lo)
		}
	}
	if hits < 3 {
		return [][]glyph{line}
	}
	var over, under []glyph
	for _, g := range line {
		if g.size < (big+small)/2 {
			over = append(over, g)
		} else {
			under = append(under, g)
		}
	}
	return [][]glyph{under, over}
}

// sameBaseline reports whether g, the next glyph downwards after prev, is on the
// line that first began. Columns side by side often are a few points apart.
func sameBaseline(first, prev, g glyph) bool {
	size := math.Max(4, math.Min(g.size, first.size))
	return g.y-prev.y <= baselineStep*size && g.y-first.y <= sameLine*size
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
	r.words = closeLetters(r.words)
	return r
}

// closeLetters joins words of single capitals that are spaced out ("U B N D").
// Where two such words meet, the gap is wider than between their letters.
func closeLetters(ws []word) []word {
	out := ws[:0:0]
	for i := 0; i < len(ws); {
		n := spacedRun(ws[i:])
		if n < 3 {
			out = append(out, ws[i])
			i++
			continue
		}
		run := ws[i : i+n]
		least := math.Inf(1)
		for k := 1; k < n; k++ {
			least = math.Min(least, run[k].x0-run[k-1].x1)
		}
		for k, w := range run {
			if k == 0 || w.x0-run[k-1].x1 > 1.5*least+0.05*w.size {
				w.near = k > 0
				out = append(out, w)
				continue
			}
			last := &out[len(out)-1]
			last.text, last.x1, last.bold = last.text+w.text, w.x1, last.bold && w.bold
		}
		i += n
	}
	return out
}

// spacedRun counts the single capitals at the start of ws that stand in one phrase.
func spacedRun(ws []word) int {
	n := 0
	for n < len(ws) {
		r := []rune(ws[n].text)
		if len(r) != 1 || !unicode.IsUpper(r[0]) || n > 0 && ws[n].x0-ws[n-1].x1 > 2*columnGap*ws[n].size {
			break
		}
		n++
	}
	return n
}

func (r row) x0() float64 { return r.words[0].x0 }
func (r row) x1() float64 { return r.words[len(r.words)-1].x1 }

// text joins words; gaps above columnGap become tabs.
func text(ws []word) string {
	var b strings.Builder
	for i, w := range ws {
		if i > 0 {
			if !w.near && w.x0-ws[i-1].x1 > columnGap*math.Max(w.size, ws[i-1].size) {
				b.WriteByte('\t')
			} else {
				b.WriteByte(' ')
			}
		}
		b.WriteString(w.text)
	}
	return b.String()
}
