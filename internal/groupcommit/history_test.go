package groupcommit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/internal/crashpoint"
)

func openKept(t *testing.T, path string) *DB {
	t.Helper()
	db, err := Open(path, Options{Journal: true, MmapSize: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	keepHistory(t, db)
	return db
}

func keepHistory(t *testing.T, db *DB) {
	t.Helper()
	if err := db.KeepHistory(context.Background(), math.MaxInt64); err != nil {
		t.Fatal(err)
	}
}

// cutHistory copies what a power cut leaves of a database and of its history, of
// which the first sure bytes were flushed.
func cutHistory(t *testing.T, r *rand.Rand, path string, sure int64) string {
	t.Helper()
	copied := crashed(t, read(t, path), path)
	h := read(t, HistoryPath(path))
	h = h[:sure+r.Int64N(int64(len(h))-sure+1)]
	if r.IntN(2) == 0 {
		h = append(h, make([]byte, r.IntN(5000))...)
	}
	if err := os.WriteFile(HistoryPath(copied), h, 0o600); err != nil {
		t.Fatal(err)
	}
	return copied
}

// rebuilt makes the database at path anew and returns its rows.
func rebuilt(t *testing.T, path string) map[string]string {
	t.Helper()
	tmp := filepath.Join(t.TempDir(), "again")
	if err := Rebuild(context.Background(), path, tmp); err != nil {
		t.Fatal(err)
	}
	db, err := Open(tmp, Options{MmapSize: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	return rows(t, db)
}

// wantHistory proves that after a cut the history, whose database file is lost,
// leads to the model, and that it does so still once the database was opened.
func wantHistory(t *testing.T, path string, model map[string]string) {
	t.Helper()
	if got := rebuilt(t, path); !maps.Equal(got, model) {
		t.Errorf("after the cut: %d rows, want %d", len(got), len(model))
	}
	db, err := Open(path, Options{Journal: true, MmapSize: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if db.j.log.hist.isDue() {
		t.Error("the history does not go on after a cut")
	}
	if err := errors.Join(set(db, "after", "the cut"), db.Close()); err != nil {
		t.Fatal(err)
	}
	if err := CheckHistory(context.Background(), path); err != nil {
		t.Error(err)
	}
}

// TestHistoryLeadsToTheDatabase makes random changes with checkpoints, new starts
// and new histories in between, and loses the database file at many moments, with
// all of the history that was not flushed.
func TestHistoryLeadsToTheDatabase(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 3))
			path := shut(t, openTest(t, Options{Journal: true, MmapSize: 64 << 20}))
			db, model := openKept(t, path), map[string]string{}
			for i := range 80 {
				key, value := fmt.Sprint("k", r.IntN(60)), fmt.Sprint(bytes.Repeat([]byte{byte(i)}, r.IntN(300)))
				if r.IntN(3) == 0 {
					value = ""
				}
				if err := set(db, key, value); err != nil {
					t.Fatal(err)
				}
				if model[key] = value; value == "" {
					delete(model, key)
				}
				switch r.IntN(16) {
				case 0, 1, 2, 3: // the owner sleeps meanwhile
					if err := db.j.checkpoint(); err != nil {
						t.Fatal(err)
					}
				case 4:
					shut(t, db)
					db = openKept(t, path)
				case 5:
					db.j.log.hist.lost = true
					keepHistory(t, db)
				case 6:
					rows(t, db)
				}
				if db.j.log.hist.isDue() {
					t.Fatal("the history is not whole")
				}
				if i%8 == 0 {
					wantHistory(t, cutHistory(t, r, path, db.j.log.hist.sure), model)
				}
			}
			shut(t, db)
			if got := rebuilt(t, path); !maps.Equal(got, model) {
				t.Errorf("closed: %d rows, want %d", len(got), len(model))
			}
			if err := CheckHistory(context.Background(), path); err != nil {
				t.Error(err)
			}
		})
	}
}

// shut closes the database and returns its path.
func shut(t *testing.T, db *DB) string {
	t.Helper()
	path := db.bolt.Path()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestHistoryCut cuts the power at each step of a checkpoint and of writing the
// history anew. Not parallel: it arms crash points.
func TestHistoryCut(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	for _, point := range []string{BeforeHistory, AfterHistory, BeforeHistorySwap} {
		path := shut(t, openTest(t, Options{Journal: true, MmapSize: 64 << 20}))
		db, model := openKept(t, path), map[string]string{}
		var cut []string
		var want []map[string]string
		disarm := func() {}
		for i := range 12 {
			key := fmt.Sprint("k", r.IntN(5))
			model[key] = fmt.Sprint(i)
			if err := set(db, key, model[key]); err != nil {
				t.Fatal(err)
			}
			disarm = crashpoint.Arm(point, 1, func() {
				cut = append(cut, cutHistory(t, r, path, db.j.log.hist.sure))
				want = append(want, maps.Clone(model))
			})
			if err := db.j.checkpoint(); err != nil { // the owner sleeps
				t.Fatal(err)
			}
			if point == BeforeHistorySwap {
				db.j.log.hist.lost = true
				keepHistory(t, db)
			}
			disarm()
		}
		shut(t, db)
		if len(cut) != 12 {
			t.Errorf("%s: met %d times", point, len(cut))
		}
		for i := range cut {
			wantHistory(t, cut[i], want[i])
		}
	}
}

// TestHistoryIsNotTrusted: what is not whole is never taken for whole, and is
// written anew.
func TestHistoryIsNotTrusted(t *testing.T) {
	t.Parallel()
	flip := func(at func(n int) int) func(*testing.T, *DB) {
		return func(t *testing.T, db *DB) {
			path := shut(t, db)
			b := read(t, HistoryPath(path))
			b[at(len(b))] ^= 4
			if err := os.WriteFile(HistoryPath(path), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, spoil := range map[string]func(*testing.T, *DB){
		"a byte of the header":  flip(func(int) int { return 3 }),
		"a byte of the rows":    flip(func(int) int { return 60 }),
		"a byte in the middle":  flip(func(n int) int { return n / 2 }),
		"cut before the end":    func(t *testing.T, db *DB) { p := shut(t, db); truncate(t, HistoryPath(p), 500) },
		"no journal":            func(t *testing.T, db *DB) { p := shut(t, db); _ = RemoveJournal(p) },
		"an older journal file": func(t *testing.T, db *DB) { p := shut(t, db); spoilNewest(t, p) },
		"an older journal file, and no later record": func(t *testing.T, db *DB) {
			p := shut(t, db)
			spoilNewest(t, p)
			truncate(t, HistoryPath(p), 100)
		},
		"a change without the journal": func(t *testing.T, db *DB) {
			if err := db.Update(context.Background(), put("unseen")); err != nil {
				t.Fatal(err)
			}
			shut(t, db)
		},
		"no room": func(t *testing.T, db *DB) {
			f, err := os.Open(HistoryPath(db.bolt.Path())) // writing to it fails
			if err != nil {
				t.Fatal(err)
			}
			db.j.log.hist.file.Close()
			db.j.log.hist.file = f
			if err := errors.Join(set(db, "k", "v"), db.j.checkpoint(), set(db, "k", "w"), db.j.checkpoint()); err != nil {
				t.Errorf("the database does not go on: %v", err)
			}
			shut(t, db)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := shut(t, openTest(t, Options{Journal: true, MmapSize: 64 << 20}))
			db := openKept(t, path)
			for i := range 40 {
				if err := set(db, fmt.Sprint(i), "value"); err != nil {
					t.Fatal(err)
				}
				if i%10 == 0 {
					if err := db.j.checkpoint(); err != nil {
						t.Fatal(err)
					}
				}
			}
			spoil(t, db)
			tmp := filepath.Join(t.TempDir(), "again")
			if err := Rebuild(context.Background(), path, tmp); !errors.Is(err, ErrNoHistory) {
				t.Errorf("rebuilt from it: %v", err)
			}
			if _, err := os.Stat(tmp); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("something is left: %v", err)
			}
			shut(t, openKept(t, path))
			if err := CheckHistory(context.Background(), path); err != nil {
				t.Error(err)
			}
		})
	}
}

func truncate(t *testing.T, path string, by int64) {
	t.Helper()
	if err := os.Truncate(path, int64(len(read(t, path)))-by); err != nil {
		t.Fatal(err)
	}
}

// spoilNewest damages the header of the newer journal file.
func spoilNewest(t *testing.T, path string) {
	t.Helper()
	_, file, err := readLogHeaders(path)
	if err != nil {
		t.Fatal(err)
	}
	b := read(t, file)
	b[20] ^= 1
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestHistoryDiffers: a database whose rows are not what its history leads to is
// found out.
func TestHistoryDiffers(t *testing.T) {
	t.Parallel()
	path := shut(t, openTest(t, Options{Journal: true, MmapSize: 64 << 20}))
	db := openKept(t, path)
	err := set(db, "k", "v")
	old := read(t, shut(t, db))
	db = openKept(t, path)
	if err = errors.Join(err, set(db, "k", "w")); err != nil {
		t.Fatal(err)
	}
	shut(t, db)
	if err := errors.Join(CheckHistory(context.Background(), path), os.WriteFile(path, old, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := CheckHistory(context.Background(), path); !errors.Is(err, ErrDamaged) {
		t.Errorf("an old file in its place: %v", err)
	}
	shut(t, openKept(t, path))
	if got := rebuilt(t, path); got["k"] != "v" {
		t.Errorf("the history goes on from another file: %v", got)
	}
}

// TestHistoryStaysBounded: many changes of few rows do not let it grow for ever.
func TestHistoryStaysBounded(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{Journal: true, MmapSize: 64 << 20})
	keepHistory(t, db)
	before := db.j.log.hist
	for i := range 9 {
		if err := set(db, "k", string(bytes.Repeat([]byte{byte(i)}, 1<<20))); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.View(func(*bbolt.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	keepHistory(t, db)
	if h := db.j.log.hist; h == before || h.end > 2<<20 {
		t.Errorf("%d bytes of history for one row of 1 MiB", h.end)
	}
}
