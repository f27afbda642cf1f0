package groupcommit

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// TestAhead commits until the zeros behind the used pages were renewed several
// times, opening the file anew in between: nothing that is used may become zero.
func TestAhead(t *testing.T) {
	t.Parallel()
	const ahead, rounds, perRound = 256 << 10, 6, 40
	path := filepath.Join(t.TempDir(), "db")
	value := bytes.Repeat([]byte("v"), 3000)
	for round := range rounds {
		db, err := Open(path, Options{Ahead: ahead, Fatal: func(err error) { t.Errorf("fatal: %v", err) }})
		if err != nil {
			t.Fatal(err)
		}
		for i := range perRound {
			err := db.Update(context.Background(), func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucketIfNotExists(things)
				if err != nil {
					return err
				}
				return b.Put(fmt.Appendf(nil, "%03d-%03d", round, i), value)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if n := len(keys(t, db)); n != (round+1)*perRound {
			t.Errorf("round %d: %d keys", round, n)
		}
		var used int64
		if err := db.View(func(tx *bbolt.Tx) error { used = tx.Size(); return nil }); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		var st unix.Stat_t
		if err := unix.Stat(path, &st); err != nil {
			t.Fatal(err)
		}
		if st.Blocks*512 < used+ahead/16 {
			t.Errorf("round %d: %d bytes used, %d allocated: nothing is kept ahead", round, used, st.Blocks*512)
		}
	}
}

// TestAheadWithoutRoom makes every write of zeros fail: commits go on.
func TestAheadWithoutRoom(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	readOnly, err := os.Open(db.bolt.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	db.ahead.file, db.ahead.size = readOnly, 1<<20 // the owner sleeps
	for i := range 3 {
		if err := db.Update(context.Background(), put(fmt.Sprint(i))); err != nil {
			t.Error(err)
		}
	}
	if n := len(keys(t, db)); n != 3 {
		t.Errorf("%d keys", n)
	}
}
