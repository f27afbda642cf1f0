package document

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestZSim(t *testing.T) {
	fs, _ := filepath.Glob("/tmp/sim/*.pdf")
	if os.Getenv("SIM") == "" {
		return
	}
	for _, f := range fs {
		b, _ := os.ReadFile(f)
		for _, v := range []struct{ dpi, turn float64 }{{150, 0.8}, {200, -0.4}} {
			s := scanOf(t, b, v.dpi, v.turn, 1)
			m := &machine{o: testOptions, slots: make(chan struct{}, 2)}
			e, _ := m.pdfEngine(t.Context())
			d, done, err := e.open(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			p, _ := d.page(0)
			pic, _ := d.render(p)
			pic = pic.straight()
			start := time.Now()
			zone := pic.top(stampZone).withoutBoxes()
			fmt.Println(filepath.Base(f), v, "boxes", time.Since(start))
			for _, q := range []struct {
				dpi  float64
				mode string
			}{{300, "11"}, {250, "11"}, {200, "11"}, {150, "11"}, {300, "6"}, {250, "6"}, {200, "6"}} {
				z := zone
				st := time.Now()
				if q.dpi < 300 {
					z = zone.scaled(q.dpi)
				}
				ws, err := m.words(t.Context(), z, q.mode)
				fmt.Println("   ", q, sealsIn(rowsOfWords(ws), float64(pic.w)*72/pic.dpi), err, time.Since(st).Milliseconds())
			}
			done()
			m.close()
		}
	}
}
