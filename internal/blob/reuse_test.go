package blob

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// onOneProcessor makes a sync.Pool hand out at once what was given to it, whichever
// goroutine asks: memory that is given away too early is then overwritten for
// certain. The test must not be parallel.
func onOneProcessor(t *testing.T) {
	t.Helper()
	processors, collect := runtime.GOMAXPROCS(1), debug.SetGCPercent(-1)
	t.Cleanup(func() {
		runtime.GOMAXPROCS(processors)
		debug.SetGCPercent(collect)
	})
}

// write begins a body.
func write(t *testing.T, s *Store, b []byte) *Writer {
	t.Helper()
	w, err := s.Create()
	if err == nil {
		_, err = w.Write(b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestCommitKeepsItsMemory: what is written while a body is on its way to the disk
// does not get into it.
func TestCommitKeepsItsMemory(t *testing.T) {
	onOneProcessor(t)
	stored, goOn := make(chan struct{}), make(chan struct{})
	s, err := Open(t.TempDir(), Options{PackBelow: below, Now: func() time.Time {
		stored <- struct{}{} // the owner of the packs is about to copy the body
		<-goOn
		return time.Unix(1_800_000_000, 0)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	first, second := body(1, below), body(2, below)
	w := write(t, s, first)
	committed := make(chan error)
	go func() {
		_, _, err := w.Commit()
		committed <- err
	}()
	<-stored
	later := write(t, s, second)
	goOn <- struct{}{}
	if err := <-committed; err != nil {
		t.Fatal(err)
	}
	go func() { <-stored; goOn <- struct{}{} }()
	if _, _, err := later.Commit(); err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{first, second} {
		wantBody(t, s, b)
	}
}

// TestMemoryHasOneOwner: the memory of a body that has ended in every way there is
// goes to one other body, not to two.
func TestMemoryHasOneOwner(t *testing.T) {
	onOneProcessor(t)
	s := open(t, t.TempDir(), newClock())
	ended := write(t, s, body(0, below))
	if _, _, err := ended.Commit(); err != nil {
		t.Fatal(err)
	}
	ended.Abort()
	spilled := write(t, s, body(1, below+1))
	spilled.Abort()
	spilled.Abort()
	bodies := [][]byte{body(2, below), body(3, below), body(4, below)}
	var writers []*Writer
	for _, b := range bodies {
		writers = append(writers, write(t, s, b[:below/2]))
	}
	for i, b := range bodies {
		if _, err := writers[i].Write(b[below/2:]); err != nil {
			t.Fatal(err)
		}
	}
	for i, b := range bodies {
		if _, _, err := writers[i].Commit(); err != nil {
			t.Fatal(err)
		}
		wantBody(t, s, b)
	}
}
