package document

import (
	"syscall"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/dispatch"
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
	start := processorTime(b)
	for b.Loop() {
		if r := m.read(b.Context(), c.File, data); r.Verdict == dispatch.Rejected {
			b.Fatal(r.Problem)
		}
	}
	b.ReportMetric(float64((processorTime(b)-start).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// processorTime is what this process has used so far; the bars are bars of it.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkPDF2Pages(b *testing.B) { benchmark(b, "d25") }
func BenchmarkODT(b *testing.B)       { benchmark(b, "d03") }
func BenchmarkDOCX(b *testing.B)      { benchmark(b, "d11") }
func BenchmarkDOC(b *testing.B)       { benchmark(b, "d17") }
func BenchmarkTXT(b *testing.B)       { benchmark(b, "d41") }
