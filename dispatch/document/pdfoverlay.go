package document

import (
	"math"
	"strings"

	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"

	"quangtri.gov.vn/vanthu/internal/viet"
)

// maxAnnots bounds the annotations of one page that are looked at.
const maxAnnots = 200

// overlay is an annotation that shows something over a page: a form field, a
// typed note, a stamp, the appearance of a digital signature. Number and date
// often are put on a signed file in this way.
type overlay struct {
	x0, y0, x1, y1 float64 // as shown
	text           string  // what it says, if it has no appearance of its own
	glyphs         []glyph
}

// Flags of annotations that are not shown (ISO 32000-1, 12.5.3).
const annotHidden = 1<<1 | 1<<5

// overlays lists the annotations of a page that show something.
func (f *pdfFile) overlays(p requests.Page, m frame) (out []overlay) {
	n, err := f.pdf.FPDFPage_GetAnnotCount(&requests.FPDFPage_GetAnnotCount{Page: p})
	if err != nil {
		return nil
	}
	for i := range min(n.Count, maxAnnots) {
		a, err := f.pdf.FPDFPage_GetAnnot(&requests.FPDFPage_GetAnnot{Page: p, Index: i})
		if err != nil {
			continue
		}
		if o, ok := f.overlay(a.Annotation, m); ok {
			out = append(out, o)
		}
		// The only failure is a handle that is gone.
		_, _ = f.pdf.FPDFPage_CloseAnnot(&requests.FPDFPage_CloseAnnot{Annotation: a.Annotation})
	}
	return out
}

func (f *pdfFile) overlay(a references.FPDF_ANNOTATION, m frame) (o overlay, ok bool) {
	kind, err := f.pdf.FPDFAnnot_GetSubtype(&requests.FPDFAnnot_GetSubtype{Annotation: a})
	if err != nil {
		return o, false
	}
	key := "Contents"
	switch kind.Subtype {
	case enums.FPDF_ANNOT_SUBTYPE_WIDGET:
		key = "V"
	case enums.FPDF_ANNOT_SUBTYPE_FREETEXT, enums.FPDF_ANNOT_SUBTYPE_STAMP:
	default:
		return o, false
	}
	if fl, err := f.pdf.FPDFAnnot_GetFlags(&requests.FPDFAnnot_GetFlags{Annotation: a}); err == nil && int(fl.Flags)&annotHidden != 0 {
		return o, false
	}
	r, err := f.pdf.FPDFAnnot_GetRect(&requests.FPDFAnnot_GetRect{Annotation: a})
	if err != nil {
		return o, false
	}
	x0, y0 := m.at(float64(r.Rect.Left), float64(r.Rect.Top))
	x1, y1 := m.at(float64(r.Rect.Right), float64(r.Rect.Bottom))
	o = overlay{x0: math.Min(x0, x1), y0: math.Min(y0, y1), x1: math.Max(x0, x1), y1: math.Max(y0, y1)}
	if kind.Subtype != enums.FPDF_ANNOT_SUBTYPE_STAMP {
		if v, err := f.pdf.FPDFAnnot_GetStringValue(&requests.FPDFAnnot_GetStringValue{Annotation: a, Key: key}); err == nil && len(v.Value) < maxField {
			o.text = strings.TrimSpace(v.Value)
		}
	}
	return o, true
}

// flatten draws a page's annotations into its content, in memory only, so that
// they are read and rendered like the rest.
func (f *pdfFile) flatten(p requests.Page) bool {
	r, err := f.pdf.FPDFPage_Flatten(&requests.FPDFPage_Flatten{Page: p, Usage: requests.FPDFPage_FlattenUsageNormalDisplay})
	return err == nil && r.Result == 1
}

// layered divides the glyphs of a flattened page: those that stood there before
// and those that annotations brought, each with its annotation. What a form field
// or note says that has no appearance is set into its box.
func layered(before, after []glyph, over []overlay) []glyph {
	had := map[glyph]int{}
	for _, g := range before {
		had[g.place()]++
	}
	page := make([]glyph, 0, len(after))
	for _, g := range after {
		if had[g.place()] > 0 {
			had[g.place()]--
		} else if n := holder(over, g); n >= 0 {
			over[n].glyphs = append(over[n].glyphs, g)
			continue
		}
		page = append(page, g)
	}
	for i := range over {
		if o := &over[i]; len(o.glyphs) == 0 && o.text != "" {
			o.glyphs = o.typeset()
		}
	}
	return page
}

// place is the glyph as a key: what it is and where, to a tenth of a point.
func (g glyph) place() glyph {
	return glyph{r: g.r, x0: math.Round(g.x0 * 10), y: math.Round(g.y * 10)}
}

// holder is the annotation in whose box a glyph stands; -1 without one.
func holder(over []overlay, g glyph) int {
	for i, o := range over {
		if g.x0 >= o.x0-2 && g.x0 <= o.x1+2 && g.y >= o.y0-2 && g.y <= o.y1+2 {
			return i
		}
	}
	return -1
}

// typeset sets the text into the box, line by line.
func (o overlay) typeset() (gs []glyph) {
	lines := strings.FieldsFunc(o.text, func(r rune) bool { return r == '\r' || r == '\n' })
	size := math.Min(12, (o.y1-o.y0)*0.75/float64(max(len(lines), 1)))
	if size < 3 {
		size = 3
	}
	for n, l := range lines {
		x := o.x0 + 1
		y := o.y1 - 0.3*size - float64(len(lines)-1-n)*1.2*size
		for _, r := range viet.NFC(l) {
			if r != ' ' {
				gs = append(gs, glyph{r: r, x0: x, x1: x + 0.5*size, y: y, size: size})
			}
			x += 0.5 * size
		}
	}
	return gs
}

// settle puts what an annotation says where it belongs: into the line of the page
// beside which it was set, or, if it is the appearance of a digital signature or
// several lines, beside the text. It returns the page's glyphs and those lines.
func settle(page []glyph, over []overlay) (all []glyph, beside []row) {
	for _, o := range over {
		if len(o.glyphs) == 0 {
			continue
		}
		rows := rowsOf(append([]glyph(nil), o.glyphs...))
		if len(rows) > 1 || signatureText(rows) {
			beside = append(beside, rows...)
			continue
		}
		y := o.glyphs[0].y
		best := y
		off := 0.6 * o.glyphs[0].size
		for _, g := range page {
			if d := math.Abs(g.y - y); d < off {
				best, off = g.y, d
			}
		}
		for _, g := range o.glyphs {
			g.y = best
			page = append(page, g)
		}
	}
	return page, beside
}

// signatureText reports whether rows are the appearance of a digital signature.
func signatureText(rows []row) bool {
	for _, r := range rows {
		if signNoise.MatchString(viet.Key(text(r.words))) {
			return true
		}
	}
	return false
}
