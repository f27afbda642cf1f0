package directory

import (
	"os"
	"sync"
	"testing"
)

// sample is the register of configs/directory, loaded once: a Snapshot never changes.
var sample = sync.OnceValues(func() (*Snapshot, error) { return LoadFS(os.DirFS("../configs/directory")) })

func sampleSnapshot(t testing.TB) *Snapshot {
	t.Helper()
	s, err := sample()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
