package document

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestZSim(t *testing.T) {
	fs, _ := filepath.Glob("/tmp/sim/" + os.Getenv("SIM") + ".pdf")
	if os.Getenv("SIM") == "" {
		return
	}
	for _, f := range fs {
		b, _ := os.ReadFile(f)
		for _, v := range []struct{ dpi, turn float64 }{{150, 0.8}, {200, -0.4}} {
			s := scanOf(t, b, v.dpi, v.turn, 1)
			m := &machine{o: testOptions}
			st := time.Now()
			p, err := m.open(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			x := newExtractor(p)
			g := x.judge()
			fmt.Println(filepath.Base(f), v, g, p.seals, time.Since(st))
			m.close()
		}
	}
}
