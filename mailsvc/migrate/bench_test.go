package migrate

import (
	"strings"
	"testing"
)

// BenchmarkCopy copies a folder of b.N messages of 10 KiB, on disk: bytes and
// messages a second are those of the whole way.
func BenchmarkCopy(b *testing.B) {
	h, f := newHouseOn(b, false), newFake(b, plainLetters(b.N)...)
	filler := strings.Repeat("mười byte!", 930)
	for i := range f.letters {
		f.letters[i].body += filler
	}
	b.SetBytes(int64(len(f.letters[0].body)))
	s := f.serve()
	b.ResetTimer()
	if r := f.run(h, s); !r.Complete() || r.Folders[0].Copied != b.N {
		b.Fatalf("%+v", r)
	}
}

// BenchmarkAgain is a run that finds everything here.
func BenchmarkAgain(b *testing.B) {
	h, f := newHouse(b), newFake(b, plainLetters(b.N)...)
	s := f.serve()
	f.run(h, s)
	b.ResetTimer()
	if r := f.run(h, s); !r.Complete() || r.Folders[0].Present != b.N {
		b.Fatalf("%+v", r)
	}
}
