package document

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/cputime"
)

// bounded fails when f takes too long or holds on to too much for an input of
// fuzzing size.
func bounded(t *testing.T, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if d := cputime.Of(f); d > 10*time.Second {
		t.Fatalf("took %v", d)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.TotalAlloc) - int64(before.TotalAlloc); grown > 1<<30 {
		t.Fatalf("allocated %d MiB", grown>>20)
	}
}

// sane checks what holds for every reading, whatever the file.
func sane(t *testing.T, r dispatch.Reading) {
	t.Helper()
	switch r.Verdict {
	case dispatch.Secret:
		if !equalReading(r, dispatch.Reading{File: r.File, Kind: r.Kind, Verdict: r.Verdict, Fields: dispatch.Fields{Secrecy: r.Fields.Secrecy}}) {
			t.Fatalf("a secret leaves more than its degree: %s", jsonOf(r))
		}
	case dispatch.Rejected:
		if r.Problem == nil || r.Problem.Code == "" || r.Problem.Message == "" {
			t.Fatalf("rejected without a reason: %s", jsonOf(r))
		}
	case dispatch.OK, dispatch.Ask:
		if (r.Verdict == dispatch.Ask) != (len(r.Asks) > 0) || r.Fields.Secrecy != "" || len(r.SHA256) != 64 {
			t.Fatalf("inconsistent: %s", jsonOf(r))
		}
		if n := len(r.Fields.Recipients); n > maxItems {
			t.Fatalf("%d recipients", n)
		}
	default:
		t.Fatalf("verdict %q", r.Verdict)
	}
}

func seed(f *testing.F, ids ...string) {
	for _, id := range ids {
		for _, c := range corpus(f, id) {
			f.Add(c.load(f))
		}
	}
}

// layoutSeeds are documents in layouts that the corpus lacks.
func layoutSeeds() []*sample {
	return []*sample{
		letter().grid([][]para1{ps("Nơi nhận:"), ps(three...), ps(signed...)}),
		letter().add(p("Nơi nhận:")).grid([][]para1{ps(three[:2]...), ps(three[2:]...)}),
		letter().add(p("Nơi nhận:\t"+three[0]), p("\t"+three[1]), p("\t"+three[2])),
		letter().add(p("Nơi nhận:")).box(ps(three...)...),
		invitation1(), trueCopy(), twoDocuments(), regulationInside(), partyDirective(),
	}
}

// FuzzFile reads any bytes that are no PDF: zip, OLE and text.
func FuzzFile(f *testing.F) {
	seed(f, "d01", "d11", "d12", "d17", "d24", "d4?", "x0[1345]-*", "x1[678]-*")
	for _, s := range layoutSeeds() {
		f.Add(s.odt(f))
		f.Add(s.docx(f))
		f.Add(s.txt())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Contains(data[:min(len(data), 1024)], pdfMagic) {
			return
		}
		bounded(t, func() { sane(t, Read(t.Context(), "f", data, Options{Tesseract: noTesseract})) })
	})
}

// FuzzOLE reads any bytes as a Word file.
func FuzzOLE(f *testing.F) {
	seed(f, "d1[789]", "d2[014]", "x03-*", "x18-*")
	names, err := filepath.Glob("testdata/word97/*.doc")
	if err != nil || len(names) == 0 {
		f.Fatalf("no Word files: %v", err)
	}
	for _, n := range names {
		data, err := os.ReadFile(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		bounded(t, func() {
			if p, err := readDOC(data); err == nil {
				p.reading(time.Time{})
			}
		})
	})
}

// FuzzWordStreams reads any bytes as the streams of a Word file, behind OLE.
func FuzzWordStreams(f *testing.F) {
	for _, c := range corpus(f, "d1[789]") {
		main, tables, err := docStreams(c.load(f))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(main, append(tables[0], tables[1]...))
	}
	f.Fuzz(func(t *testing.T, main, table []byte) {
		bounded(t, func() {
			if d, err := newDocFile(main, [2][]byte{table, table}); err == nil {
				if p, err := d.read(); err == nil {
					p.reading(time.Time{})
				}
			}
		})
	})
}

// FuzzXML reads any text as the main part of ODT and DOCX.
func FuzzXML(f *testing.F) {
	for _, k := range []string{"d01", "d08", "d11", "d15"} {
		c := corpus(f, k)[0]
		files, err := openZip(c.load(f))
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range []string{"content.xml", "word/document.xml"} {
			if files[part] != nil {
				s, err := readAll(files[part], maxPart)
				if err != nil {
					f.Fatal(err)
				}
				f.Add(s)
			}
		}
	}
	f.Add(`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`)
	f.Add(strings.Repeat("<w:tbl>", 300))
	f.Fuzz(func(t *testing.T, s string) {
		bounded(t, func() {
			for _, kind := range []string{"odt", "docx"} {
				b := newBuilder(kind)
				var v events = &odtWalker{b: b, styles: odfStyles{faces: map[string]string{}, styles: map[string]odfStyle{}}}
				if kind == "docx" {
					v = &docxWalker{b: b, styles: docxStyles{}}
				}
				if err := walk(strings.NewReader(s), v, func() error { return b.err }); err == nil {
					if p, err := b.done(); err == nil {
						p.reading(time.Time{})
					}
				}
			}
		})
	})
}

// FuzzAnswer: whatever a worker writes, a secret never carries more than its degree.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"verdict":"secret","fields":{"secrecy":"Mật","subject":"x"}}`))
	f.Add([]byte(`{"verdict":"ok","kind":"odt","sha256":"","fields":{"recipients":["a"]}}`))
	f.Add([]byte(`{"verdict":"rejected","error":{"code":"damaged","message":"m"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		bounded(t, func() {
			r, err := parseAnswer(b)
			if err == nil && r.Verdict == dispatch.Secret {
				sane(t, r)
			}
		})
	})
}

// FuzzTSV reads any text as the OCR command's answer.
func FuzzTSV(f *testing.F) {
	f.Add("4\t1\t1\t1\t1\t0\t100\t100\t900\t40\t-1\t\n5\t1\t1\t1\t1\t1\t100\t100\t90\t40\t96\tNơi\n5\t1\t1\t1\t1\t2\t200\t100\t90\t40\t96\tnhận:")
	f.Fuzz(func(t *testing.T, s string) {
		bounded(t, func() {
			sh := sheet{page: 1, width: 595, height: 842, rows: rowsOfWords(parseTSV(s, 0.24))}
			sh.repair()
			if p, err := ocrPaper("scanned-pdf", []sheet{sh}, sealsIn(sh.rows, 595), false); err == nil {
				p.reading(time.Time{})
			}
		})
	})
}

// FuzzMark: a text that is read as a mark stays one inside decoration.
func FuzzMark(f *testing.F) {
	for _, s := range []string{"MẬT", "T Ố I M Ậ T", "Độ mật: Mật", "HỎA TỐC HẸN GIỜ: 15 giờ", "MẬT ONG", "*MẬT*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, ok := readMark(s)
		if !ok || len(s) > 120 {
			return
		}
		if m.secrecy == "" && m.urgency == "" {
			t.Fatalf("%q is a mark of nothing", s)
		}
		if again, ok := readMark("┌ " + s + " ┐"); !ok || again.secrecy != m.secrecy {
			t.Fatalf("%q is lost inside a box", s)
		}
	})
}
