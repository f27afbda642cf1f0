package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// clock is a clock that tests turn.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Unix(1_800_000_000, 0)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

const below = 1000 // PackBelow of the tests

func open(t testing.TB, dir string, c *clock) *Store {
	t.Helper()
	s, err := Open(dir, Options{Now: c.Now, PackBelow: below, Fatal: func(err error) { t.Errorf("fatal: %v", err) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func closeStore(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// body makes the n-th body of a size; those above below go into files.
func body(n, size int) []byte {
	b := make([]byte, size)
	r := rand.New(rand.NewPCG(uint64(n), uint64(size)))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func idOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func commit(t testing.TB, s *Store, b []byte) string {
	t.Helper()
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	for len(b) > 0 {
		n := min(len(b), 333)
		if _, err := w.Write(b[:n]); err != nil {
			t.Fatal(err)
		}
		b = b[n:]
	}
	id, _, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func wantBody(t testing.TB, s *Store, b []byte) {
	t.Helper()
	f, err := s.Open(idOf(b))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()+1))
	if err != nil || !bytes.Equal(got, b) || f.Size() != int64(len(b)) {
		t.Fatalf("body of %d bytes read back as %d bytes, size %d: %v", len(b), len(got), f.Size(), err)
	}
}

func wantNone(t testing.TB, s *Store, b []byte) {
	t.Helper()
	if _, err := s.Open(idOf(b)); !errors.Is(err, ErrNotFound) {
		t.Fatalf("got %v", err)
	}
}

var sizes = []int{0, 1, below - 1, below, below + 1, 70_000}

func TestCommitAndOpen(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, c)
	for _, size := range sizes {
		b := body(1, size)
		if id := commit(t, s, b); id != idOf(b) {
			t.Fatalf("size %d: named %s", size, id)
		}
		commit(t, s, b)
		wantBody(t, s, b)
	}
	closeStore(t, s)
	s = open(t, dir, c)
	count := 0
	if err := s.All(context.Background(), func(id string, size int64) bool { count++; return true }); err != nil || count != len(sizes) {
		t.Fatalf("%d bodies, %v", count, err)
	}
	for _, size := range sizes {
		wantBody(t, s, body(1, size))
		if err := s.Verify(idOf(body(1, size))); err != nil {
			t.Fatal(err)
		}
	}
	wantNone(t, s, body(2, 5))
	for _, bad := range []string{"", "x", "../../etc/passwd", idOf(nil)[:63] + "G", idOf(nil) + "0"} {
		if _, err := s.Open(bad); !errors.Is(err, ErrInvalid) {
			t.Fatalf("%q: %v", bad, err)
		}
	}
}

func TestAbortLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, newClock())
	for _, size := range sizes {
		w, err := s.Create()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body(1, size)); err != nil {
			t.Fatal(err)
		}
		w.Abort()
		w.Abort()
		if _, _, err := w.Commit(); !errors.Is(err, ErrClosed) {
			t.Fatalf("commit after abort: %v", err)
		}
		if _, err := w.Write([]byte("x")); !errors.Is(err, ErrClosed) {
			t.Fatalf("write after abort: %v", err)
		}
		wantNone(t, s, body(1, size))
	}
	if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) != 0 {
		t.Fatalf("left in tmp: %v, %v", left, err)
	}
}

func TestOpenEmptiesTmpAndLocks(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, c)
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Fatalf("second opener: %v", err)
	}
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(body(1, 5000)); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s) // as in a crash: the writer never ended
	s = open(t, dir, c)
	if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) != 0 {
		t.Fatalf("left in tmp: %v, %v", left, err)
	}
}

func TestConcurrentCommits(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, c)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for n := range 20 {
				b := body(n%7, sizes[n%len(sizes)])
				commit(t, s, b)
				wantBody(t, s, b)
			}
		})
	}
	wait.Wait()
	closeStore(t, s)
	s = open(t, dir, c)
	for n := range 20 {
		wantBody(t, s, body(n%7, sizes[n%len(sizes)]))
	}
}

func TestDamageIsFound(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, c)
	small, large := body(1, 500), body(1, 5000)
	commit(t, s, small)
	commit(t, s, large)
	flip(t, packPath(filepath.Join(dir, "packs"), 1), int64(packHeader+headerSize+100))
	flip(t, s.path(idOf(large)), 100)
	if _, err := s.Open(idOf(small)); !errors.Is(err, ErrDamaged) {
		t.Fatalf("small: %v", err)
	}
	if err := s.Verify(idOf(large)); !errors.Is(err, ErrDamaged) {
		t.Fatalf("large: %v", err)
	}
	commit(t, s, small) // heals
	wantBody(t, s, small)
	if err := os.Truncate(s.path(idOf(large)), 10); err != nil {
		t.Fatal(err)
	}
	commit(t, s, large)
	wantBody(t, s, large)
}

func flip(t *testing.T, path string, off int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, off); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0x10
	if _, err := f.WriteAt(b, off); err != nil {
		t.Fatal(err)
	}
}

// abandon copies a store's files as a crash would leave them.
func abandon(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestRecoveryWithoutIndex(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, c)
	for n := range 50 {
		commit(t, s, body(n, 100))
	}
	crashed := abandon(t, dir) // nothing is in the index yet
	lost, damaged := abandon(t, dir), abandon(t, dir)
	if err := os.Remove(filepath.Join(lost, "packs", "index.db")); err != nil {
		t.Fatal(err)
	}
	for page := range int64(6) {
		flip(t, filepath.Join(damaged, "packs", "index.db"), page*4096+10)
	}
	for _, d := range []string{crashed, lost, damaged} {
		again := open(t, d, c)
		for n := range 50 {
			wantBody(t, again, body(n, 100))
		}
		commit(t, again, body(99, 100))
		wantBody(t, again, body(99, 100))
		if again.packs.current.no != 1 {
			t.Error("a clean pack was not gone on with")
		}
	}
}

// TestRecoveryOfTornPacks cuts and damages a pack at every byte of its last
// records: what is whole must be found, and what is committed later kept.
func TestRecoveryOfTornPacks(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, c)
	const n, size = 4, 30
	for i := range n {
		commit(t, s, body(i, size))
	}
	base := abandon(t, dir)
	const record = headerSize + size
	for cut := packHeader + record; cut < packHeader+n*record; cut += 19 {
		for _, damage := range []func(path string){
			func(path string) { _ = os.Truncate(path, int64(cut)) },
			func(path string) { flip(t, path, int64(cut)) },
		} {
			d := abandon(t, base)
			damage(packPath(filepath.Join(d, "packs"), 1))
			again := open(t, d, c)
			hit := (cut - packHeader) / record
			for i := range n {
				_, err := again.Open(idOf(body(i, size)))
				if err == nil {
					wantBody(t, again, body(i, size))
				} else if i < hit || !errors.Is(err, ErrNotFound) {
					t.Fatalf("cut at %d: body %d: %v", cut, i, err)
				}
			}
			commit(t, again, body(77, size))
			closeStore(t, again)
			again = open(t, d, c)
			wantBody(t, again, body(77, size))
			closeStore(t, again)
		}
	}
}

// TestDamageOfPacksAndIndex: a pack without its header, an index with a row that
// is wrong, and a pack that is gone cost no body that is still on the disk.
func TestDamageOfPacksAndIndex(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, c)
	for n := range 40 {
		commit(t, s, body(n, 200))
	}
	large := body(1, 5000)
	commit(t, s, large)
	closeStore(t, s)
	pack := packPath(filepath.Join(dir, "packs"), 1)
	for name, hurt := range map[string]func(d string) error{
		"header":  func(string) error { return overwrite(pack, 0, make([]byte, packHeader)) },
		"salt":    func(string) error { return overwrite(pack, int64(len(packMagic)), []byte("salzlos!")) },
		"index":   func(d string) error { return flipAll(filepath.Join(d, "packs", "index.db"), idOf(body(7, 200))) },
		"nothing": func(string) error { return nil },
	} {
		d := abandon(t, dir)
		pack = packPath(filepath.Join(d, "packs"), 1)
		if err := hurt(d); err != nil {
			t.Fatal(err)
		}
		again := open(t, d, c)
		if _, err := again.Open(idOf(body(7, 200))); (err == nil) == (name == "index") {
			t.Errorf("%s: %v", name, err)
		}
		f, err := again.Finder(t.Context())
		if err != nil {
			t.Fatal(name, err)
		}
		if err := f.Restore(idOf(body(7, 200))); err != nil {
			t.Error(name, err)
		}
		if err := f.Restore(idOf(body(70, 200))); !errors.Is(err, ErrNotFound) {
			t.Error(name, err)
		}
		for n := range 40 {
			wantBody(t, again, body(n, 200))
		}
		commit(t, again, body(99, 200))
		closeStore(t, again)
		again = open(t, d, c)
		wantBody(t, again, body(99, 200))
		wantBody(t, again, body(7, 200))
		closeStore(t, again)
	}
	gone, hurt := abandon(t, dir), abandon(t, dir)
	if err := os.Remove(packPath(filepath.Join(gone, "packs"), 1)); err != nil {
		t.Fatal(err)
	}
	again := open(t, gone, c)
	if _, err := again.Open(idOf(body(3, 200))); !errors.Is(err, ErrDamaged) {
		t.Errorf("a body in a pack that is gone: %v", err)
	}
	commit(t, again, body(3, 200)) // heals
	wantBody(t, again, body(3, 200))
	again = open(t, hurt, c)
	flip(t, again.path(idOf(large)), 100)
	if _, err := again.Open(idOf(large)); !errors.Is(err, ErrDamaged) {
		t.Errorf("a large body that was damaged before the start: %v", err)
	}
	commit(t, again, large) // heals
	wantBody(t, again, large)
}

func overwrite(path string, off int64, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, off)
	return errors.Join(err, f.Close())
}

// flipAll flips a bit of every place where a file holds the name of a body.
func flipAll(path, id string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	n := binaryName(id)
	for at := 0; ; at++ {
		i := bytes.Index(b[at:], n[:])
		if i < 0 {
			return os.WriteFile(path, b, 0o600)
		}
		at += i
		b[at+20] ^= 1
	}
}

func TestDamageBeforeLaterRecordsLosesOnlyItself(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, c)
	for i := range 3 {
		commit(t, s, body(i, 200))
	}
	d := abandon(t, dir)
	flip(t, packPath(filepath.Join(d, "packs"), 1), int64(packHeader+headerSize+200+10)) // second header
	again := open(t, d, c)
	wantBody(t, again, body(0, 200))
	wantNone(t, again, body(1, 200))
	wantBody(t, again, body(2, 200))
}

func TestSweep(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, c)
	var all [][]byte
	for n := range 12 {
		all = append(all, body(n, []int{300, 3000}[n%2]))
		commit(t, s, all[n])
	}
	sweep := func(keepFrom int) Swept {
		t.Helper()
		keep := make(map[string]bool)
		for n := keepFrom; n < len(all); n++ {
			keep[idOf(all[n])] = true
		}
		got, err := s.Sweep(context.Background(), func(id string) bool { return keep[id] }, 48*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := sweep(12); got.Bodies != 0 {
		t.Fatalf("swept %+v within the grace period", got)
	}
	c.add(49 * time.Hour)
	commit(t, s, all[0]) // delivered once more
	commit(t, s, all[1])
	if got := sweep(6); got.Bodies != 4 {
		t.Fatalf("swept %+v, want 4 bodies", got)
	}
	for n, b := range all {
		if n >= 2 && n < 6 {
			wantNone(t, s, b)
			continue
		}
		wantBody(t, s, b)
	}
	c.add(49 * time.Hour)
	if got := sweep(6); got.Bodies != 2 {
		t.Fatalf("swept %+v, want 2 bodies", got)
	}
	commit(t, s, all[2]) // comes back
	wantBody(t, s, all[2])
}

func TestCompaction(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, c)
	const n = 60
	for i := range n {
		commit(t, s, body(i, 900))
		if i%20 == 19 { // three packs
			if err := s.packs.do(&order{task: func() error { return s.packs.begin(s.packs.current.no + 1) }}); err != nil {
				t.Fatal(err)
			}
		}
	}
	held, err := s.Open(idOf(body(1, 900)))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	c.add(49 * time.Hour)
	keep := make(map[string]bool)
	for i := range n {
		keep[idOf(body(i, 900))] = i%20 >= 15 || i >= 40 // a quarter of two packs, the third whole
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	readers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				wantBody(t, s, body(16, 900))
			}
		}
	})
	got, err := s.Sweep(context.Background(), func(id string) bool { return keep[id] }, time.Hour)
	close(stop)
	readers.Wait()
	if err != nil || got.Bodies != 30 || got.Bytes < 25*900 {
		t.Fatalf("swept %+v, %v", got, err)
	}
	if numbers, err := packNumbers(filepath.Join(dir, "packs")); err != nil || fmt.Sprint(numbers) != "[3 4]" {
		t.Fatalf("packs %v, %v", numbers, err)
	}
	for range 2 {
		for i := range n {
			if b := body(i, 900); keep[idOf(b)] {
				wantBody(t, s, b)
			} else {
				wantNone(t, s, b)
			}
		}
		closeStore(t, s)
		s = open(t, dir, c)
	}
}

// TestSweepNeverTakesWhatIsDelivered runs sweeps that keep nothing but what has
// a row against deliveries of a few bodies over and over.
func TestSweepNeverTakesWhatIsDelivered(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, c)
	for n := range 6 {
		commit(t, s, body(n, []int{100, 2000}[n%2]))
	}
	c.add(50 * time.Hour) // all are orphans, and old
	var mu sync.Mutex
	rows := make(map[string]bool)
	done := make(chan struct{})
	var sweeper sync.WaitGroup
	sweeper.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			_, err := s.Sweep(context.Background(), func(id string) bool {
				mu.Lock()
				defer mu.Unlock()
				return rows[id]
			}, 48*time.Hour)
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	var wait sync.WaitGroup
	for worker := range 3 {
		wait.Go(func() {
			for i := range 10 {
				b := body((worker+i)%6, []int{100, 2000}[(worker+i)%6%2])
				id := commit(t, s, b)
				mu.Lock()
				rows[id] = true // the row's commit
				mu.Unlock()
				wantBody(t, s, b)
			}
		})
	}
	wait.Wait()
	close(done)
	sweeper.Wait()
	for id := range rows {
		if err := s.Verify(id); err != nil {
			t.Error(err)
		}
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, c)
	commit(t, s, body(1, 10))
	_ = s.packs.do(&order{task: func() error { s.packs.end = packLimit; return nil }})
	commit(t, s, body(2, 10))
	if s.packs.current.no != 2 {
		t.Fatalf("pack %d", s.packs.current.no)
	}
	wantBody(t, s, body(1, 10))
	wantBody(t, s, body(2, 10))
}

func TestReserve(t *testing.T) {
	t.Parallel()
	s, err := Open(t.TempDir(), Options{Reserve: 1 << 60})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Create(); !errors.Is(err, ErrFull) {
		t.Fatalf("got %v", err)
	}
}

// TestDirectoriesComeWithBodies: an empty store has no directories for bodies, and
// one that lost some, or was left by a process that only made them, goes on.
func TestDirectoriesComeWithBodies(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	s := open(t, dir, c)
	shelves := func() int {
		all, err := filepath.Glob(filepath.Join(dir, "[0-9a-f][0-9a-f]"))
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	large := body(1, 2*below)
	commit(t, s, body(1, below))
	if n := shelves(); n != 0 {
		t.Errorf("%d directories without a large body", n)
	}
	commit(t, s, large)
	commit(t, s, large)
	if n := shelves(); n != 1 {
		t.Errorf("%d directories for one large body", n)
	}
	closeStore(t, s)
	other := body(2, 2*below)
	if err := os.Mkdir(filepath.Join(dir, idOf(other)[:2]), 0o700); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, c)
	commit(t, s, other)
	for _, b := range [][]byte{large, other} {
		wantBody(t, s, b)
	}
	wantNone(t, s, body(3, 2*below))
}
