package document

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"quangtri.gov.vn/vanthu/dispatch"
)

// requireOCR says whether tests of scans run: they do wherever tesseract is, and
// they must, all of them, where VANTHU_REQUIRE_OCR is set.
func requireOCR(t *testing.T) bool {
	t.Helper()
	if _, err := exec.LookPath("tesseract"); err == nil {
		return true
	}
	if os.Getenv("VANTHU_REQUIRE_OCR") != "" {
		t.Fatal("VANTHU_REQUIRE_OCR is set but tesseract is missing: install tesseract-ocr and tesseract-ocr-vie")
	}
	t.Log("tesseract is missing: only the refusal of scans is tested")
	return false
}

// scanOf makes a scan of a PDF: its first pages as grey pictures, turned by
// some degrees, with noise, in a PDF without text.
func scanOf(t testing.TB, pdf []byte, dpi, turn float64, seed uint64) []byte {
	t.Helper()
	m := &machine{o: testOptions}
	defer m.close()
	e, err := m.pdfEngine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f, done, err := e.open(t.Context(), pdf)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	rnd := rand.New(rand.NewPCG(seed, 7))
	var pics []*picture
	for i := range min(f.pages, 2) {
		p, err := f.page(i)
		if err != nil {
			t.Fatal(err)
		}
		pic, err := f.render(p)
		if err != nil {
			t.Fatal(err)
		}
		pic = pic.rotated(turn).scaled(dpi)
		for k := range pic.pix {
			v := int(pic.pix[k]) + rnd.IntN(41) - 20
			if rnd.IntN(4000) == 0 {
				v = 40
			}
			pic.pix[k] = byte(max(0, min(255, v)))
		}
		pics = append(pics, pic)
	}
	return picturePDF(t, pics)
}

// picturePDF wraps pictures into a PDF, one a page.
func picturePDF(t testing.TB, pics []*picture) []byte {
	t.Helper()
	var b bytes.Buffer
	var at []int
	obj := func(s string, stream []byte) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\n", len(at), s)
		if stream != nil {
			b.WriteString("stream\n")
			b.Write(stream)
			b.WriteString("\nendstream\n")
		}
		b.WriteString("endobj\n")
	}
	b.WriteString("%PDF-1.4\n")
	kids := ""
	for i := range pics {
		kids += fmt.Sprintf("%d 0 R ", 3+3*i)
	}
	obj("<</Type/Catalog/Pages 2 0 R>>", nil)
	obj(fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(pics), kids), nil)
	for i, p := range pics {
		w, h := float64(p.w)*72/p.dpi, float64(p.h)*72/p.dpi
		obj(fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 %.2f %.2f]/Contents %d 0 R/Resources<</XObject<</I %d 0 R>>>>>>", w, h, 4+3*i, 5+3*i), nil)
		c := fmt.Sprintf("q %.2f 0 0 %.2f 0 0 cm /I Do Q", w, h)
		obj(fmt.Sprintf("<</Length %d>>", len(c)), []byte(c))
		var z bytes.Buffer
		zw := zlib.NewWriter(&z)
		zw.Write(p.pix)
		zw.Close()
		obj(fmt.Sprintf("<</Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/FlateDecode/Length %d>>", p.w, p.h, z.Len()), z.Bytes())
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, o := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return b.Bytes()
}

// TestScannedCorpus: every scan is found to be a scan and asked about, number
// and date are right, and so are the stamps. Each takes seconds: where OCR is not
// required, a secret one, an urgent one and one behind a text of rubbish must do.
func TestScannedCorpus(t *testing.T) {
	t.Parallel()
	all := append(corpus(t, "d3[78]"), corpus(t, "x12-*")...)
	if os.Getenv("VANTHU_REQUIRE_OCR") != "" {
		all = append(all, append(corpus(t, "d3[569]"), corpus(t, "d40")...)...)
	}
	if !requireOCR(t) {
		for _, c := range all {
			if r := Read(t.Context(), c.File, c.load(t), testOptions); r.Verdict != dispatch.Rejected {
				t.Errorf("%s: verdict %s without OCR", c.File, r.Verdict)
			}
		}
		return
	}
	lines, good := 0, 0
	for _, c := range all {
		f, g := c.fields(t, testOptions)
		if f.Number != c.Fields.Number || f.Date != c.Fields.Date || f.Symbol != c.Fields.Symbol {
			t.Errorf("%s: number %q %q date %q", c.File, f.Number, f.Symbol, f.Date)
		}
		if g.secrecy != c.secrecy() || g.urgency != c.urgency() {
			t.Errorf("%s: secrecy %q urgency %q", c.File, g.secrecy, g.urgency)
		}
		for i, want := range c.Fields.Recipients {
			lines++
			if i < len(f.Recipients) && similarity(f.Recipients[i], want) >= 0.9 {
				good++
			}
		}
		t.Log(c.File, c.diff(f))
	}
	t.Logf("%d of %d lines within 0.9", good, lines)
	if float64(good) < 0.9*float64(lines) {
		t.Errorf("only %d of %d recipient lines are within 0.9", good, lines)
	}
}

// TestPaperOfWrongSize: many scanners write a wrong resolution; the letters of such
// a page are as large as those of A4. Removing the scale loses the block of a page
// that says it is twice as large: gaps between words then look like gutters.
func TestPaperOfWrongSize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ width, height, letters float64 }{
		{595, 842, 1}, {612, 792, 1}, {842, 595, 1}, // A4, Letter, A4 lying
		{1240, 1754, 0.48}, {2480, 3508, 0.24}, // a picture at 96 and at 48 dots an inch
		{298, 421, 2}, // at 300, declared as 600
	} {
		p := &pdfPage{sheet: sheet{width: c.width, height: c.height}}
		if got := p.paperScale(); math.Abs(got-c.letters) > 0.01 {
			t.Errorf("%v x %v: scale %.2f, want %.2f", c.width, c.height, got, c.letters)
		}
	}
}
