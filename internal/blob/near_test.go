package blob

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// TestReadingInOrder: several readers go through the bodies, in order and not,
// while more are stored; each gets what it asks for, and what was read ahead is
// used, checked, and not believed when it is damaged.
func TestReadingInOrder(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), &clock{now: time.Unix(1_800_000_000, 0)})
	const n = 600 // more than is read ahead
	for i := range n {
		commit(t, s, body(i, 500+i%500))
	}
	order := rand.New(rand.NewPCG(1, 1)).Perm(n)
	for i := range n {
		wantBody(t, s, body(i, 500+i%500))
		wantBody(t, s, body(n-1-i, 500+(n-1-i)%500))
		wantBody(t, s, body(order[i], 500+order[i]%500))
		if i%50 == 0 {
			commit(t, s, body(n+i, below))
		}
	}
	used := false
	for i := range n - 1 {
		wantBody(t, s, body(i, 500+i%500))
		_, ok := s.packs.near.take(binaryName(idOf(body(i+1, 500+(i+1)%500))))
		used = used || ok
	}
	if !used {
		t.Error("nothing was read ahead")
	}

	s.packs.near.forget()
	at, err := s.packs.find(binaryName(idOf(body(5, 505))))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(packPath(s.packs.dir, at.pack), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("???"), at.off+headerSize+100); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		wantBody(t, s, body(i, 500+i%500))
	}
	if _, err := s.Open(idOf(body(5, 505))); err == nil {
		t.Error("a damaged body was served from what was read ahead")
	}
	wantBody(t, s, body(6, 506))
}

func BenchmarkReadInOrder(b *testing.B) {
	s := openBench(b)
	const n = 2000
	ids := make([]string, n)
	for i := range ids {
		ids[i] = commit(b, s, fmt.Appendf(nil, "%4d%4096d", i, i))
	}
	for _, c := range []struct {
		name string
		read func(name) ([]byte, error)
	}{{"near", s.packs.readNear}, {"index", s.packs.read}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(4100)
			for i := 0; b.Loop(); i++ {
				if _, err := c.read(binaryName(ids[i%n])); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
