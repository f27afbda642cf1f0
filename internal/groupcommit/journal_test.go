package groupcommit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.etcd.io/bbolt"
)

// set changes a row by a recorded change; an empty value removes it.
func set(db *DB, key, value string) error {
	return db.Change(context.Background(), func(tx *Tx) error { return setIn(tx, key, value) })
}

func setIn(tx *Tx, key, value string) error {
	b := tx.Bucket(things)
	if value == "" {
		return tx.Delete(b, string(things), []byte(key))
	}
	return tx.Put(b, string(things), []byte(key), []byte(value))
}

func rows(t testing.TB, db *DB) map[string]string {
	t.Helper()
	out := make(map[string]string)
	err := db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(things).ForEach(func(k, v []byte) error {
			out[string(k)] = string(v)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// crashed writes a database file, and the journal of another as it is, to a new place.
func crashed(t testing.TB, file []byte, from string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if err := os.WriteFile(logPath(path, i), bytes.TrimRight(read(t, logPath(from, i)), "\x00"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// survivors is what a power cut leaves of a file of which flushed was flushed and
// now is written: of each page that differs, one or the other, or half of each.
func survivors(r *rand.Rand, flushed, now []byte) []byte {
	const page = 4096
	out := bytes.Clone(now)
	odds := r.Float64()
	for at := 0; at < len(now); at += page {
		end := min(at+page, len(now))
		from := at
		switch p := r.Float64(); {
		case p < odds:
			continue
		case p > 0.98:
			from = at + (end-at)/2 // torn
		}
		clear(out[from:end])
		if from < len(flushed) {
			copy(out[from:end], flushed[from:])
		}
	}
	return out
}

// TestJournalSurvivesPowerCuts makes random changes, and cuts the power after each
// of many: whatever pages of the database file had reached the disk by then, what
// was answered is there afterwards, and nothing else.
func TestJournalSurvivesPowerCuts(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			db := openTest(t, Options{Journal: true, MmapSize: 64 << 20})
			path := db.bolt.Path()
			flushed, model := read(t, path), map[string]string{}
			for i := range 150 {
				key, value := fmt.Sprint("k", r.IntN(200)), fmt.Sprint(bytes.Repeat([]byte{byte(i)}, r.IntN(300)))
				if r.IntN(4) == 0 {
					value = ""
				}
				if err := set(db, key, value); err != nil {
					t.Fatal(err)
				}
				if model[key] = value; value == "" {
					delete(model, key)
				}
				switch r.IntN(20) {
				case 0: // a checkpoint: the owner sleeps meanwhile
					if err := db.j.checkpoint(); err != nil {
						t.Fatal(err)
					}
					flushed = read(t, path)
				case 1, 2, 3, 4:
					rows(t, db)
				}
				if i%5 == 0 {
					wantAfterCut(t, crashed(t, survivors(r, flushed, read(t, path)), path), model)
				}
			}
			if got := rows(t, db); !maps.Equal(got, model) {
				t.Errorf("alive: %d rows, want %d", len(got), len(model))
			}
		})
	}
}

func wantAfterCut(t *testing.T, path string, model map[string]string) {
	t.Helper()
	for range 2 { // the second time from the file alone
		db, err := Open(path, Options{MmapSize: 64 << 20})
		if err != nil {
			t.Fatal(err)
		}
		if got := rows(t, db); !maps.Equal(got, model) {
			t.Errorf("after the cut: %d rows, want %d", len(got), len(model))
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestJournalTurns writes more than a journal holds, and lets the file outgrow
// its memory map again and again, with readers all the time.
func TestJournalTurns(t *testing.T) {
	t.Parallel()
	for _, mmap := range []int{32 << 10, 256 << 20} {
		db := openTest(t, Options{Journal: true, MmapSize: mmap})
		first := db.j.log.head.generation
		value := string(bytes.Repeat([]byte("x"), 30<<10))
		var wait sync.WaitGroup
		for w := range 4 {
			wait.Go(func() {
				for i := range 50 {
					key := fmt.Sprint(w, " ", i)
					if err := set(db, key, value); err != nil {
						t.Error(err)
					}
					err := db.View(func(tx *bbolt.Tx) error {
						if v := tx.Bucket(things).Get([]byte(key)); string(v) != value {
							return fmt.Errorf("key %q is not seen", key)
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		path := db.bolt.Path()
		if db.j.log.head.generation == first {
			t.Error("the journal was never begun anew")
		}
		copied := crashed(t, read(t, path), path)
		again, err := Open(copied, Options{Journal: true, MmapSize: mmap})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(rows(t, again)); n != 200 {
			t.Errorf("%d rows after a crash", n)
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestChangeIsSeenAtOnce: whoever was answered finds the change, by View and by
// Look, and a Look does not have it committed.
func TestChangeIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{Journal: true})
	if err := set(db, "a", "1"); err != nil {
		t.Fatal(err)
	}
	see := func(tx *bbolt.Tx) error {
		if v := tx.Bucket(things).Get([]byte("a")); string(v) != "1" {
			return fmt.Errorf("seen %q", v)
		}
		return nil
	}
	if err := db.Look(context.Background(), see); err != nil {
		t.Error(err)
	}
	if db.shown() {
		t.Error("a Look had the change committed")
	}
	if err := db.View(see); err != nil {
		t.Error(err)
	}
	if !db.shown() {
		t.Error("a View did not have the change committed")
	}
}

// TestChangesFailAlone: functions that fail or panic after writing take nothing
// of their neighbours along, neither of the same batch nor of those before.
func TestChangesFailAlone(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{Journal: true})
	want := map[string]string{"before": "1"}
	if err := set(db, "before", "1"); err != nil {
		t.Fatal(err)
	}
	release := hold(t, db)
	var wait sync.WaitGroup
	boom := errors.New("boom")
	for i := range 60 {
		key := fmt.Sprint(i)
		if i%3 == 0 {
			want[key] = "v"
		}
		wait.Go(func() {
			err := db.Change(context.Background(), func(tx *Tx) error {
				if err := setIn(tx, key, "v"); err != nil || i%3 == 0 {
					return err
				}
				if i%3 == 1 {
					panic(key)
				}
				return boom
			})
			if ok := []bool{err == nil, errors.Is(err, ErrPanic), errors.Is(err, boom)}; !ok[i%3] {
				t.Errorf("change %d: %v", i, err)
			}
		})
	}
	queued(db, 60)
	release()
	wait.Wait()
	if got := rows(t, db); !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	wantAfterCut(t, crashed(t, read(t, db.bolt.Path()), db.bolt.Path()), want)
}

// TestJournalFull: what the journal has no room for is refused and not there;
// what was answered before is, and things go on once there is room.
func TestJournalFull(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{Journal: true})
	if err := set(db, "before", "1"); err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	current := db.j.log.head.generation % 2 // the owner sleeps
	file := db.j.log.files[current]
	db.j.log.files[current] = full
	if err := set(db, "refused", "1"); !errors.Is(err, ErrFull) {
		t.Errorf("got %v", err)
	}
	if got := rows(t, db); !maps.Equal(got, map[string]string{"before": "1"}) {
		t.Errorf("got %v", got)
	}
	if err := set(db, "refused", "2"); !errors.Is(err, ErrFull) {
		t.Errorf("got %v", err)
	}
	db.j.log.files[current] = file
	if err := set(db, "after", "1"); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"before": "1", "after": "1"}
	wantAfterCut(t, crashed(t, read(t, db.bolt.Path()), db.bolt.Path()), want)
}

// TestFailedJournalIsFatal: a journal that fails otherwise than for want of room is not survivable.
func TestFailedJournalIsFatal(t *testing.T) {
	t.Parallel()
	fatal := make(chan error, 10)
	db, err := Open(filepath.Join(t.TempDir(), "db"), Options{Journal: true, Fatal: func(err error) { fatal <- err }})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(context.Background(), func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket(things)
		return err
	})
	if err == nil {
		err = set(db, "before", "1") // so that the owner sleeps
	}
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.Open("/dev/null") // takes no writes
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	db.j.log.files[db.j.log.head.generation%2] = null
	if err := set(db, "a", "1"); !errors.Is(err, ErrUnknown) || !errors.Is(<-fatal, ErrUnknown) {
		t.Errorf("got %v", err)
	}
	if err := set(db, "b", "1"); !errors.Is(err, ErrUnknown) {
		t.Errorf("next change: %v", err)
	}
	if err := db.View(func(*bbolt.Tx) error { return nil }); !errors.Is(err, ErrUnknown) {
		t.Errorf("view: %v", err)
	}
	db.Close()
}

// TestJournalOfAnotherFile: a journal is never applied to a file that was put in
// the place of its own, and a damaged batch ends it.
func TestJournalOfAnotherFile(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{Journal: true})
	for i := range 10 {
		if err := set(db, fmt.Sprint(i), "v"); err != nil {
			t.Fatal(err)
		}
	}
	other := openTest(t, Options{Journal: true})
	if err := errors.Join(set(other, "other", "v"), other.j.checkpoint()); err != nil {
		t.Fatal(err)
	}
	wantAfterCut(t, crashed(t, read(t, other.bolt.Path()), db.bolt.Path()), map[string]string{"other": "v"})

	path := crashed(t, read(t, db.bolt.Path()), db.bolt.Path())
	_, file, err := readLogHeaders(path)
	if err != nil {
		t.Fatal(err)
	}
	b := read(t, file)
	b[len(b)-1] ^= 1
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if n := len(rows(t, again)); n != 9 {
		t.Errorf("%d rows, want 9", n)
	}
}

// TestJournalSettles: Compact and a Wreck see what only the journal has.
func TestJournalSettles(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{Journal: true})
	if err := set(db, "a", "1"); err != nil {
		t.Fatal(err)
	}
	if err := db.j.checkpoint(); err != nil { // the owner sleeps
		t.Fatal(err)
	}
	if err := errors.Join(set(db, "a", ""), set(db, "b", "2")); err != nil {
		t.Fatal(err)
	}
	path := crashed(t, read(t, db.bolt.Path()), db.bolt.Path())
	w, err := OpenWreck(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	got := map[string]string{}
	err = w.Live(LiveWalk{
		Known: func(name string) bool { return name == string(things) },
		Row: func(_ string, k, v []byte) (bool, error) {
			got[string(k)] = string(v)
			return true, nil
		},
		Lost: func(bucket string, from, to []byte) {
			if bucket != "" {
				t.Errorf("lost in %q: %q to %q", bucket, from, to)
			}
		},
	})
	if err != nil || !w.Sure || !maps.Equal(got, map[string]string{"b": "2"}) {
		t.Errorf("wreck: %v, sure %v: %v", got, w.Sure, err)
	}
	if _, _, err := Compact(path); err != nil {
		t.Fatal(err)
	}
	wantAfterCut(t, path, map[string]string{"b": "2"})
}
