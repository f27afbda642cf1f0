package document

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestZCross(t *testing.T) {
	if os.Getenv("CROSS") == "" {
		return
	}
	n, bad := 0, 0
	for _, k := range strings.Fields(os.Getenv("CROSS")) {
		for _, c := range corpus(t, "d*") {
			f := filepath.Join("/tmp/cross", k, c.ID+"."+k)
			b, err := os.ReadFile(f)
			if err != nil || strings.HasSuffix(c.File, "."+k) {
				continue
			}
			n++
			m := &machine{o: testOptions}
			m.o.Tesseract = "none"
			p, err := m.open(t.Context(), b)
			if err != nil {
				fmt.Println(f, err)
				bad++
				m.close()
				continue
			}
			x := newExtractor(p)
			g := x.judge()
			fl := x.fields()
			fl.Urgency = g.urgency
			d := c.diff(fl)
			if g.secrecy != c.secrecy() {
				d = append(d, "SECRECY "+g.secrecy)
			}
			if g.secrecy == "" && len(g.hints) > 0 {
				d = append(d, "HINTS ")
			}
			if len(d) > 0 {
				bad++
				fmt.Println(f, strings.Join(d, "\n     "))
			}
			m.close()
		}
	}
	fmt.Println(n, bad)
}
