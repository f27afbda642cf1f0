package document

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/dispatch"
	"quangtri.gov.vn/vanthu/internal/cputime"
)

// TestHostileFiles reads the damaged, hostile and odd files of the corpus in
// workers: the verdict is as in their truth, in bounded processor time, and this
// process hardly grows.
func TestHostileFiles(t *testing.T) {
	o := testOptions
	o.Tesseract = noTesseract
	r := NewReader(o)
	if err := r.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := resident(t)
	for _, c := range corpus(t, "x*") {
		limit := 3 * time.Second
		if strings.Contains(c.ID, "streambomb") {
			limit = 5 * time.Second
		}
		spent := cputime.Children()
		got := r.Read(t.Context(), c.File, c.load(t))
		if d := cputime.Children() - spent; d > limit {
			t.Errorf("%s: took %v of processor time", c.File, d)
		}
		checkHostile(t, c, got)
	}
	if grown := resident(t) - before; grown > 32<<20 {
		t.Errorf("this process grew by %d MiB", grown>>20)
	}
}

func checkHostile(t *testing.T, c truth, got dispatch.Reading) {
	t.Helper()
	rejected := got.Verdict == dispatch.Rejected
	if rejected && (got.Problem == nil || got.Problem.Message == "" || got.Problem.Code == "service" || got.Problem.Code == "timeout") {
		t.Errorf("%s: no reason: %+v", c.File, got.Problem)
	}
	switch c.Expect {
	case "reject":
		if !rejected {
			t.Errorf("%s: verdict %s, want rejected", c.File, got.Verdict)
		}
	case "reject-or-partial":
		if !rejected && got.Verdict != dispatch.Ask {
			t.Errorf("%s: verdict %s, want rejected or ask", c.File, got.Verdict)
		}
	case "extract-by-ocr":
		if !rejected {
			t.Errorf("%s: verdict %s without OCR, want rejected", c.File, got.Verdict)
		}
	case "extract":
		if rejected {
			t.Fatalf("%s: rejected: %+v", c.File, got.Problem)
		}
		for _, d := range c.diff(got.Fields) {
			t.Errorf("%s: %s", c.File, d)
		}
	}
}

// resident is the memory that this process holds, in bytes.
func resident(t *testing.T) int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Logf("no /proc: memory is not measured: %v", err)
		return 0
	}
	pages, err := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
