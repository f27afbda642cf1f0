package directory

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"quangtri.gov.vn/vanthu/internal/viet"
)

func BenchmarkLookup(b *testing.B) {
	s := sampleSnapshot(b)
	b.ReportAllocs()
	for b.Loop() {
		if !s.Lookup("Uỷ ban nhân dân huyện Hải Lăng", "qt.so-nv", "2010-06-01").Certain {
			b.Fatal("not certain")
		}
	}
}

func BenchmarkMembers(b *testing.B) {
	s := sampleSnapshot(b)
	b.ReportAllocs()
	for b.Loop() {
		if m, _ := s.Members("qt.g.xa-2025", "qt.ubnd-2025", "2025-08-15"); len(m) != 78 {
			b.Fatal(len(m))
		}
	}
}

// BenchmarkFind asks what costs most: a query of a few letters, one of many
// words, and one that finds nothing and is tried for typos.
func BenchmarkFind(b *testing.B) {
	s := sampleSnapshot(b)
	for name, q := range map[string]string{
		"exact": "Sở Nội vụ", "short": "u", "words": "ban nhan dan xa hai lang", "typo": "uy ban nhan dnâ xa hai lnag",
		"nothing": strings.Repeat("xyzw ", 20), "long": strings.Repeat("ủy ban ", 5000),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Find(q, "2026-01-15", 20)
			}
		})
	}
}

// BenchmarkFindSpread asks for every name of the register in turn, without marks,
// and reports how the slowest fare.
func BenchmarkFindSpread(b *testing.B) {
	s := sampleSnapshot(b)
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		q := viet.Fold(s.names[i%len(s.names)].Text)
		start := time.Now()
		s.Find(q, "2026-01-15", 20)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkSnapshot is what every change costs before it is seen.
func BenchmarkSnapshot(b *testing.B) {
	f := sampleSnapshot(b).facts
	b.ReportAllocs()
	for b.Loop() {
		newSnapshot(f.clone(), 1, time.Time{})
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := LoadFS(os.DirFS("../configs/directory")); err != nil {
			b.Fatal(err)
		}
	}
}
