package document

import (
	"fmt"
	"regexp"
	"strings"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// flowKind says what a flow of text is.
type flowKind uint8

const (
	inBody   flowKind = iota
	inCell            // a table cell, or one column of a laid-out page
	inFrame           // a text box
	inHeader          // a page header
	inFooter          // a page footer or a note
)

// flow is one stream of text: the body, a cell, a frame, a header.
type flow struct {
	kind     flowKind
	table    int // cells: number of the table, from 1
	row, col int // cells: from 0
	parent   int // index of the flow that holds this one; -1 for the top
	after    int // frames: number of lines already read when the frame began
}

// line is one line of text: a paragraph, or a part of it between forced breaks,
// or one printed line of a laid-out page.
type line struct {
	text    string // NFC, single spaces; '\t' separates columns; "" is an empty line
	flow    int
	para    int  // lines of one paragraph share it
	auto    bool // carries an automatic bullet or number that is not in text
	bold    bool // all its letters are bold
	centred bool
	font8   bool    // decoded from an 8-bit font (TCVN3, VNI): case may be lost
	printed bool    // a printed line: a full one goes on in the next line of its paragraph
	tight   bool    // the printed line above had no room for its first word
	page    int     // from 1; 0 when the format has no pages
	x, y    float64 // points from the page's left and top
	size    float64 // printed lines: of the font, points
	hang    float64 // printed lines: where the word behind a colon near its start begins; 0 without
	down    float64 // share of the page's height above the line, 0..1
	conf    float64 // OCR: lowest word confidence, 0..1; 0 when not OCR
}

// paper is a document brought into one model, whatever its format.
type paper struct {
	kind    string
	lines   []line
	flows   []flow
	tables  int
	tracked bool    // holds tracked deletions, which were left out
	legacy  string  // "font" or "score" when an 8-bit encoding was decoded, else ""
	score   float64 // share of words that fit Vietnamese syllables; 0 = not measured
	ocr     bool
	gutter  float64   // laid-out: narrowest gutter beside the recipients block, points; 0 = none
	across  string    // laid-out: a row of the block across its gutter that may end with the name beside it
	lead    float64   // laid-out: where the text of page 1 begins, points
	seals   []sealHit // stamps that a separate pass over the picture found
	images  []int     // line before which a picture stands, for pictures that were not read
	signed  bool
	pages   int
	partial bool // some pages were not read
	asks    []ask
}

// sealHit is a stamp that was read from a picture.
type sealHit struct {
	word  string  // as in degrees or urgencies
	score float64 // similarity, 0..1
}

// ask is a question that a format's reader itself raises.
type ask struct{ code, message, field string }

// seg is a part of a line that stands apart: lines split at tabs.
type seg struct {
	text string
	line int // index into paper.lines
	col  int // 0 for what stands at the left, 1 for all else
	tabs int // tabs before it
}

// where names a line's place for people.
func (p *paper) where(i int) string {
	l := p.lines[i]
	f := p.flows[l.flow]
	var s string
	switch f.kind {
	case inCell:
		s = fmt.Sprintf("table %d row %d column %d", f.table, f.row+1, f.col+1)
	case inFrame:
		s = fmt.Sprintf("frame at line %d", f.after+1)
	case inHeader:
		s = "page header"
	case inFooter:
		s = "page footer"
	default:
		s = fmt.Sprintf("body line %d", i+1)
	}
	if l.page > 0 {
		s = fmt.Sprintf("page %d at %.0f,%.0f", l.page, l.x, l.y)
	}
	return s
}

// split divides a line at its tabs. The first of several pieces stands at the
// left; a single piece behind a tab does not.
func split(l string, i int) []seg {
	if !strings.Contains(l, "\t") {
		return []seg{{l, i, 0, 0}}
	}
	var out []seg
	for tabs, t := range strings.Split(l, "\t") {
		if t = strings.TrimSpace(t); t != "" {
			out = append(out, seg{t, i, 1, tabs})
		}
	}
	if len(out) > 1 || len(out) == 1 && out[0].tabs == 0 {
		out[0].col = 0
	}
	return out
}

// inside reports whether flow f is g or lies within it.
func (p *paper) inside(f, g int) bool {
	for n := 0; f >= 0 && n < maxDepth; n++ {
		if f == g {
			return true
		}
		f = p.flows[f].parent
	}
	return false
}

var wideSpace = regexp.MustCompile(`[ \x{a0}]{4,}`)

// plain is the text without tabs.
func plain(s string) string {
	if strings.Contains(s, "\t") {
		return strings.Join(strings.Fields(s), " ")
	}
	return s
}

// clean brings text into the model's form: NFC, single spaces, tabs kept.
// Four typed spaces or more in a row stand for a column, as a tab does.
func clean(s string) string {
	s = strings.ReplaceAll(s, "\u00ad", "")
	if strings.Contains(s, "    ") || strings.Contains(s, "\u00a0") {
		s = wideSpace.ReplaceAllString(s, "\t")
	}
	if !strings.Contains(s, "\t") {
		return viet.Clean(s)
	}
	parts := strings.Split(s, "\t")
	for i, t := range parts {
		parts[i] = viet.Clean(t)
	}
	return strings.TrimRight(strings.Join(parts, "\t"), "\t ")
}
