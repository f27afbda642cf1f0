package document

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
)

// at is one line of text of a placed page, in points from the page's top left. A
// bold line is set in another font.
type at struct {
	x, y, size float64
	text       string
	bold       bool
}

// placed writes PDFs whose lines stand at given places, as layout needs them.
type placed struct {
	width, height float64
	pages         [][]at
	turn          bool     // the content is set sideways
	notes         []string // annotations of page 1: PDF dictionaries
}

func a4(pages ...[]at) *placed { return &placed{width: 595, height: 842, pages: pages} }

// glyphWidth is the advance of a character in thousandths of the font's size.
func glyphWidth(r rune) int {
	switch {
	case strings.ContainsRune(" .,;:'iljtí(|I/-", r):
		return 280
	case strings.ContainsRune("mwMWƯĐ", r), unicode.IsUpper(r):
		return 700
	}
	return 490
}

func textWidth(s string, size float64) (w float64) {
	for _, r := range s {
		w += float64(glyphWidth(r)) * size / 1000
	}
	return w
}

// mid places a line centred on x.
func mid(x, y, size float64, text string) at {
	return at{x - textWidth(text, size)/2, y, size, text, true}
}

// down places lines one below the other.
func down(x, y, size float64, lines ...string) (out []at) {
	for i, l := range lines {
		out = append(out, at{x, y + float64(i)*1.2*size, size, l, false})
	}
	return out
}

// bytes writes the file: two fonts that are not embedded, whose codes are UTF-16.
func (p *placed) bytes(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	var offsets []int
	obj := func(s string, stream string) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\n", len(offsets), s)
		if stream != "" {
			b.WriteString("stream\n" + stream + "\nendstream\n")
		}
		b.WriteString("endobj\n")
	}
	b.WriteString("%PDF-1.5\n")
	kids := ""
	for i := range p.pages {
		kids += fmt.Sprintf("%d 0 R ", 10+2*i)
	}
	var widths strings.Builder
	seen := map[rune]bool{}
	for _, page := range p.pages {
		for _, l := range page {
			for _, r := range l.text {
				if !seen[r] {
					seen[r] = true
					fmt.Fprintf(&widths, "%d[%d]", r, glyphWidth(r))
				}
			}
		}
	}
	cmap := "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /U def /CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfrange <0000> <FFFF> <0000> endbfrange endcmap end end"
	obj("<</Type/Catalog/Pages 2 0 R>>", "")
	obj(fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(p.pages), kids), "")
	obj(fmt.Sprintf("<</Length %d>>", len(cmap)), cmap)
	for i, name := range []string{"Times", "Times-Bold"} {
		obj(fmt.Sprintf("<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode 3 0 R>>", name, 5+3*i), "")
		obj(fmt.Sprintf("<</Type/Font/Subtype/CIDFontType2/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor %d 0 R/DW 490/W[%s]>>", name, 6+3*i, widths.String()), "")
		obj(fmt.Sprintf("<</Type/FontDescriptor/FontName/%s/Flags 4/FontBBox[0 -220 1000 900]/ItalicAngle 0/Ascent 890/Descent -216/CapHeight 660/StemV 80>>", name), "")
	}
	for i, page := range p.pages {
		box := fmt.Sprintf("%.1f %.1f", p.width, p.height)
		if p.turn {
			box = fmt.Sprintf("%.1f %.1f", p.height, p.width)
		}
		annots := ""
		if i == 0 && len(p.notes) > 0 {
			annots = "/Annots[" + strings.Join(p.notes, " ") + "]"
		}
		obj(fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 %s]/Contents %d 0 R/Resources<</Font<</F0 4 0 R/F1 7 0 R>>>>%s>>", box, 11+2*i, annots), "")
		c := p.content(page)
		obj(fmt.Sprintf("<</Length %d>>", len(c)), c)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return b.Bytes()
}

func (p *placed) content(page []at) string {
	var c strings.Builder
	if p.turn {
		fmt.Fprintf(&c, "0 1 -1 0 %.1f 0 cm ", p.height)
	}
	for _, l := range page {
		font := 0
		if l.bold {
			font = 1
		}
		fmt.Fprintf(&c, "BT /F%d %.1f Tf %.2f %.2f Td <", font, l.size, l.x, p.height-l.y)
		for _, u := range utf16.Encode([]rune(l.text)) {
			fmt.Fprintf(&c, "%04X", u)
		}
		c.WriteString("> Tj ET\n")
	}
	return c.String()
}

// rectNote closes an annotation's dictionary with its box.
func rectNote(s string, x0, y0, x1, y1 float64) string {
	return fmt.Sprintf("%s/Rect[%.1f %.1f %.1f %.1f]>>", s, x0, y0, x1, y1)
}
