package document

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/cputime"
)

// mutatedFiles is how many damaged PDFs TestMutatedPDFs reads.
const mutatedFiles = 18

// TestMutatedPDFs damages good PDFs in the ways that hit a PDF reader's parts
// one after another, and adds PDFs built to be expensive. Each costs bounded
// processor time and gives an answer; this process hardly grows.
func TestMutatedPDFs(t *testing.T) {
	o := testOptions
	o.Tesseract = noTesseract
	r := NewReader(o)
	if err := r.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	files := builtPDFs()
	good := corpus(t, "d2[5-9]")
	good = append(good, corpus(t, "d3[0-4]")...)
	rnd := rand.New(rand.NewPCG(11, 23))
	for i := range mutatedFiles {
		c := good[i%len(good)]
		kind := i % len(mutations)
		files[fmt.Sprintf("%s %d of %s", mutations[kind].name, i, c.ID)] = mutations[kind].mutate(rnd, c.load(t))
	}
	before := resident(t)
	for name, data := range files {
		spent := cputime.Children()
		got := r.Read(t.Context(), "a.pdf", data)
		if d := cputime.Children() - spent; d > 3*time.Second {
			t.Errorf("%s: took %v of processor time", name, d)
		}
		if p := got.Problem; got.Verdict == dispatch.Rejected && (p == nil || p.Message == "" || p.Code == "service" || p.Code == "timeout") {
			t.Errorf("%s: no reason: %+v", name, p)
		}
	}
	if grown := resident(t) - before; grown > 32<<20 {
		t.Errorf("this process grew by %d MiB", grown>>20)
	}
}

var numberInPDF = regexp.MustCompile(`\d+`)

var mutations = []struct {
	name   string
	mutate func(*rand.Rand, []byte) []byte
}{
	{"truncated", func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b))] }},
	{"flipped", func(r *rand.Rand, b []byte) []byte {
		for range 1 + r.IntN(60) {
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		}
		return b
	}},
	{"numbers", func(r *rand.Rand, b []byte) []byte {
		huge := []string{"0", "1", "-1", "65536", "2147483647", "4294967295", "99999999999999999999", "1e309", "nan"}
		return numberInPDF.ReplaceAllFunc(b, func(n []byte) []byte {
			if r.IntN(40) > 0 {
				return n
			}
			return []byte(huge[r.IntN(len(huge))])
		})
	}},
	{"references", func(r *rand.Rand, b []byte) []byte {
		return bytes.ReplaceAll(b, fmt.Appendf(nil, "%d 0 R", 1+r.IntN(12)), fmt.Appendf(nil, "%d 0 R", 1+r.IntN(12)))
	}},
	{"table", func(r *rand.Rand, b []byte) []byte {
		if i := bytes.LastIndex(b, []byte("startxref")); i > 0 {
			b = fmt.Appendf(b[:i:i], "startxref\n%d\n%%%%EOF\n", r.IntN(2*len(b)))
		}
		return b
	}},
	{"spliced", func(r *rand.Rand, b []byte) []byte {
		i, j := r.IntN(len(b)), r.IntN(len(b))
		return append(append(b[:i:i], b[j:]...), b[min(i, j):max(i, j)]...)
	}},
}

// builtPDFs are small files that ask for much.
func builtPDFs() map[string][]byte {
	const text = "BT /F 12 Tf 72 700 Td (Noi nhan) Tj ET"
	page := func(more string) string {
		return "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>/XObject<</I 6 0 R>>>>" + more + ">>"
	}
	const tree, font, catalog = "<</Type/Pages/Count 1/Kids[3 0 R]>>", "<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>", "<</Type/Catalog/Pages 2 0 R>>"
	bomb := deflated(bytes.Repeat([]byte("q 1 0 0 1 0 0 cm "), 4<<20))
	picture := func(w, h int, data []byte) string {
		return stream(fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/FlateDecode", w, h), data)
	}
	small := picture(1, 1, deflated([]byte{0, 0, 0}))
	draw := stream("", []byte("q 500 0 0 500 0 0 cm /I Do Q "+text))
	wide := "<</Type/Font/Subtype/Type1/BaseFont/X/FirstChar 0/LastChar 2147483647/Widths[" + strings.Repeat("500 ", 200000) + "]>>"
	return map[string][]byte{
		"huge picture":        objectsPDF(catalog, tree, page(""), draw, font, picture(60000, 60000, deflated(make([]byte, 1<<20)))),
		"picture of nothing":  objectsPDF(catalog, tree, page(""), draw, font, picture(60000, 60000, nil)),
		"picture bomb":        objectsPDF(catalog, tree, page(""), draw, font, picture(8000, 8000, deflated(make([]byte, 192000000)))),
		"contents bomb":       objectsPDF(catalog, tree, page(""), stream("/Filter/FlateDecode", bomb), font, small),
		"bomb in a bomb":      objectsPDF(catalog, tree, page(""), stream("/Filter[/FlateDecode/FlateDecode]", deflated(bomb)), font, small),
		"object stream bomb":  objectsPDF(catalog, tree, page(""), draw, font, stream("/Type/ObjStm/N 1000000/First 10/Filter/FlateDecode", bomb)),
		"page tree loop":      objectsPDF(catalog, "<</Type/Pages/Count 9/Kids[2 0 R 2 0 R 3 0 R]/Parent 2 0 R>>", page(""), draw, font, small),
		"count of a billion":  objectsPDF(catalog, "<</Type/Pages/Count 1000000000/Kids[3 0 R]>>", page(""), draw, font, small),
		"huge page":           objectsPDF(catalog, tree, page("/MediaBox[0 0 1e9 1e9]/UserUnit 1e9"), draw, font, small),
		"page without limits": objectsPDF(catalog, tree, page("/MediaBox[nan -inf 1e400 1e400]"), draw, font, small),
		"odd matrices":        objectsPDF(catalog, tree, page(""), stream("", []byte("nan nan nan nan nan nan cm 1e38 1e38 1e38 1e38 1e38 1e38 cm 1e38 0 0 1e38 0 0 cm "+text)), font, small),
		"no matrix at all":    objectsPDF(catalog, tree, page(""), stream("", []byte("0 0 0 0 0 0 cm "+text)), font, small),
		"wide font":           objectsPDF(catalog, tree, page(""), draw, wide, small),
		"form in itself": objectsPDF(catalog, tree, page(""), draw, font,
			stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</I 6 0 R>>>>", []byte("/I Do /I Do"))),
		"font in itself": objectsPDF(catalog, tree, page(""), draw, "<</Type/Font/Subtype/Type0/BaseFont/X/DescendantFonts[5 0 R]/ToUnicode 5 0 R>>", small),
		"deep arrays":    objectsPDF(catalog, tree, page("/A "+strings.Repeat("[", 200000)), draw, font, small),
	}
}

func deflated(b []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func stream(dict string, data []byte) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dict, len(data), data)
}

// objectsPDF numbers objects from 1; the first is the catalog.
func objectsPDF(objects ...string) []byte {
	b := []byte("%PDF-1.5\n")
	table := fmt.Appendf(nil, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for i, o := range objects {
		table = fmt.Appendf(table, "%010d 00000 n \n", len(b))
		b = fmt.Appendf(b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := len(b)
	b = append(b, table...)
	return fmt.Appendf(b, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
}
