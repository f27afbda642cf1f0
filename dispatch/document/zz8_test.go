package document

import "testing"

func BenchmarkZTxt(b *testing.B) {
	s := usual()
	for range 6000 {
		s.add(p("Số: 12/BC"))
	}
	x := s.rest().txt()
	for b.Loop() {
		Read(b.Context(), "a", x, Options{})
	}
}
