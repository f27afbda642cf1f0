package document

import (
	"fmt"
	"os"
	"testing"
	"math"
)

func TestZSeal(t *testing.T) {
	f := os.Getenv("SEAL")
	if f == "" {
		return
	}
	b, _ := os.ReadFile(f)
	m := &machine{o: testOptions}
	e, _ := m.pdfEngine(t.Context())
	d, done, err := e.open(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	p, _ := d.page(0)
	pic, err := d.render(p)
	if err != nil {
		t.Fatal(err)
	}
	a := pic.skew()
	fmt.Println("skew", a, pic.w, pic.h)
	if math.Abs(a) >= skewStep {
		pic = pic.rotated(a)
	}
	os.WriteFile("/tmp/page.pgm", append([]byte(fmt.Sprintf("P5\n%d %d\n255\n", pic.w, pic.h)), pic.pix...), 0o644)
	zone := pic.top(stampZone).withoutBoxes(); os.WriteFile("/tmp/zone.pgm", append([]byte(fmt.Sprintf("P5\n%d %d\n255\n", zone.w, zone.h)), zone.pix...), 0o644)
	for _, dpi := range []float64{300, 200, 150, 250} {
		for _, mode := range []string{"11", "12", "6"} {
			ws, err := m.words(t.Context(), zone.scaled(dpi), mode)
			fmt.Println("==", dpi, mode, err)
			for _, r := range rowsOfWords(ws) {
				if s:=text(r.words); len(s)<40 {fmt.Printf("%q ", s)}
			}
			fmt.Println()
		}
	}
}
