package blob

import (
	"os"
	"path/filepath"
	"testing"
)

// TestZerosBehindTheLastBody looks at what is kept behind the end of a pack: it is
// there while the store is open, makes no pack look damaged, and goes with Close.
func TestZerosBehindTheLastBody(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, c)
	commit(t, s, body(1, 100))
	size := func(dir string) int64 {
		fi, err := os.Stat(packPath(filepath.Join(dir, "packs"), 1))
		if err != nil {
			t.Fatal(err)
		}
		return fi.Size()
	}
	const end = int64(packHeader + headerSize + 100)
	if n := size(dir); n < end+zerosAhead {
		t.Errorf("pack of %d bytes has no zeros", n)
	}

	crashed := abandon(t, dir)
	closeStore(t, s)
	if n := size(dir); n != end {
		t.Errorf("closed pack has %d bytes, not %d", n, end)
	}
	again := open(t, crashed, c)
	wantBody(t, again, body(1, 100))
	if p := again.packs; p.current.no != 1 || p.end != end {
		t.Errorf("goes on in pack %d at %d, not behind the body", p.current.no, p.end)
	}
	closeStore(t, again)

	torn := abandon(t, dir) // the beginning of a write is lost, not its end
	f, err := os.OpenFile(packPath(filepath.Join(torn, "packs"), 1), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("torn"), end+3*4096); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again = open(t, torn, c)
	wantBody(t, again, body(1, 100))
	if again.packs.current.no != 2 {
		t.Error("a torn pack was gone on with")
	}
}
