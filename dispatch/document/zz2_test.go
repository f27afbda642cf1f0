package document

import (
	"fmt"
	"testing"
	"time"
)

func TestZX(t *testing.T) {
	o := testOptions
	o.Tesseract = "none"
	r := NewReader(o)
	r.Warm(t.Context())
	for _, c := range corpus(t, "x*") {
		s := time.Now()
		g := r.Read(t.Context(), c.File, c.load(t))
		fmt.Println(c.File, c.Expect, g.Verdict, g.Kind, g.Problem, time.Since(s))
	}
}
