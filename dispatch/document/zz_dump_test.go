package document

import (
	"fmt"
	"os"
	"testing"
)

func TestZDump(t *testing.T) {
	f := os.Getenv("DUMP")
	if f == "" {
		return
	}
	b, _ := os.ReadFile(f)
	m := &machine{o: testOptions}
	p, err := m.open(t.Context(), b)
	if err != nil {
		fmt.Println(err)
		return
	}
	x := newExtractor(p)
	for i, l := range p.lines {
		fmt.Printf("%3d f%d.%d(t%d r%d c%d) p%d b=%v c=%v [%.0f,%.0f %.2f] %q\n", i, l.flow, p.flows[l.flow].kind, p.flows[l.flow].table, p.flows[l.flow].row, p.flows[l.flow].col, l.para, l.bold, l.centred, l.x, l.y, l.down, l.text)
	}
	g := x.judge()
	fmt.Printf("%+v\n%+v\n", g, x.fields())
	fmt.Println("heads", x.heads, "label", x.label, "last", x.last, "app", x.appendix, "legacy", p.legacy, "score", p.score, "gutter", p.gutter)
}
