package blob

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// TestBegin begins bodies of all sizes, one of them twice, before the first is
// waited for.
func TestBegin(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), newClock())
	var bodies [][]byte
	for i := range 300 { // more than one write
		bodies = append(bodies, body(i, sizes[i%(len(sizes)-1)]))
	}
	bodies = append(bodies, body(1, 70_000), body(2, below), body(2, below))
	var waits []func() (string, int64, error)
	for _, b := range bodies {
		waits = append(waits, s.Begin(b))
	}
	for i, wait := range waits {
		if id, size, err := wait(); err != nil || id != idOf(bodies[i]) || size != int64(len(bodies[i])) {
			t.Fatalf("body %d of %d bytes: %s, %d, %v", i, len(bodies[i]), id, size, err)
		}
		wantBody(t, s, bodies[i])
	}
	closeStore(t, s)
	if _, _, err := s.Begin(body(3, 10))(); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestBodiesGather: bodies that nobody waits for do not take a flush each.
func TestBodiesGather(t *testing.T) {
	t.Parallel()
	var writes atomic.Int32
	s, err := Open(t.TempDir(), Options{Now: func() time.Time { writes.Add(1); return time.Unix(1_800_000_000, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var waits []func() (string, int64, error)
	for i := range 100 {
		waits = append(waits, s.Begin(body(i, 4000)))
	}
	for _, wait := range waits {
		if _, _, err := wait(); err != nil {
			t.Fatal(err)
		}
	}
	if n := writes.Load(); n > 4 { // the first, those that were enough, the last; and one for chance
		t.Errorf("100 bodies took %d writes", n)
	}
}

// TestBeginOnAFullDisk: without room for the reserve nothing is begun.
func TestBeginOnAFullDisk(t *testing.T) {
	t.Parallel()
	s, err := Open(t.TempDir(), Options{Reserve: 1 << 60})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, _, err := s.Begin(body(1, 10))(); !errors.Is(err, ErrFull) {
		t.Errorf("got %v", err)
	}
}
