package document

import (
	"testing"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/cputime"
)

// benchmark reads one corpus file again and again in one warm machine. The bars
// are 40 ms of processor time for a text PDF of two pages and 5 ms for an ODT.
func benchmark(b *testing.B, id string) {
	c := corpus(b, id)[0]
	data := c.load(b)
	m := &machine{o: testOptions}
	defer m.close()
	m.read(b.Context(), c.File, data)
	b.ResetTimer()
	start := cputime.Process()
	for b.Loop() {
		if r := m.read(b.Context(), c.File, data); r.Verdict == dispatch.Rejected {
			b.Fatal(r.Problem)
		}
	}
	b.ReportMetric(float64((cputime.Process()-start).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

func BenchmarkPDF2Pages(b *testing.B) { benchmark(b, "d25") }
func BenchmarkODT(b *testing.B)       { benchmark(b, "d03") }
func BenchmarkDOCX(b *testing.B)      { benchmark(b, "d11") }
func BenchmarkDOC(b *testing.B)       { benchmark(b, "d17") }
func BenchmarkTXT(b *testing.B)       { benchmark(b, "d41") }
