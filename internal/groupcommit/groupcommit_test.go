package groupcommit

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

var things = []byte("things")

// openTest opens a database with one bucket.
func openTest(t testing.TB, o Options) *DB {
	t.Helper()
	if o.Fatal == nil {
		o.Fatal = func(err error) { t.Errorf("fatal: %v", err) }
	}
	db, err := Open(filepath.Join(t.TempDir(), "db"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	err = db.Update(context.Background(), func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket(things)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func put(key string) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error { return tx.Bucket(things).Put([]byte(key), []byte("v")) }
}

func keys(t testing.TB, db *DB) map[string]bool {
	t.Helper()
	out := make(map[string]bool)
	err := db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(things).ForEach(func(k, _ []byte) error {
			out[string(k)] = true
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// hold keeps the writer busy until release is called, so that what is queued
// meanwhile becomes one batch.
func hold(t *testing.T, db *DB) (release func()) {
	t.Helper()
	running, let := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- db.Update(context.Background(), func(*bbolt.Tx) error {
			close(running)
			<-let
			return Unchanged(nil)
		})
	}()
	<-running
	return func() {
		close(let)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// queued waits until n functions are queued.
func queued(db *DB, n int) {
	for {
		db.mu.Lock()
		have := len(db.queue)
		db.mu.Unlock()
		if have >= n {
			return
		}
		runtime.Gosched()
	}
}

func TestBatchSurvivesFailures(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	release := hold(t, db)
	mine := errors.New("mine")
	const n = 40
	errs := make([]error, n)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			errs[i] = db.Update(context.Background(), func(tx *bbolt.Tx) error {
				if err := put(fmt.Sprint("k", i))(tx); err != nil {
					return err
				}
				switch i % 4 {
				case 1:
					return mine
				case 2:
					panic("boom")
				}
				return nil
			})
		})
	}
	queued(db, n)
	release()
	wait.Wait()
	have := keys(t, db)
	for i := range n {
		want := []error{nil, mine, ErrPanic, nil}[i%4]
		if !errors.Is(errs[i], want) {
			t.Errorf("function %d: %v, want %v", i, errs[i], want)
		}
		if have[fmt.Sprint("k", i)] != (want == nil) {
			t.Errorf("function %d: kept %v, want %v", i, have[fmt.Sprint("k", i)], want == nil)
		}
	}
}

func TestUnchangedIsNotRunAgain(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	release := hold(t, db)
	refused := errors.New("refused")
	var runs atomic.Int64
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			err := db.Update(context.Background(), func(tx *bbolt.Tx) error {
				runs.Add(1)
				if i%2 == 0 {
					return Unchanged(refused)
				}
				return put(fmt.Sprint(i))(tx)
			})
			if (i%2 == 0) != (err == refused) {
				t.Errorf("function %d: %v", i, err)
			}
		})
	}
	queued(db, 20)
	release()
	wait.Wait()
	if runs.Load() != 20 || len(keys(t, db)) != 10 {
		t.Errorf("%d runs, %d keys", runs.Load(), len(keys(t, db)))
	}
}

func TestFailuresCostLinearTime(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{NoSync: true})
	release := hold(t, db)
	const n = 400
	var runs atomic.Int64
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			_ = db.Update(context.Background(), func(tx *bbolt.Tx) error {
				runs.Add(1)
				_ = put(fmt.Sprint(i))(tx)
				return errors.New("no")
			})
		})
	}
	queued(db, n)
	release()
	wait.Wait()
	if runs.Load() > n*(maxReruns+2) {
		t.Errorf("%d runs of %d failing functions", runs.Load(), n)
	}
}

func TestCancelBeforeStart(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	release := hold(t, db)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- db.Update(ctx, put("withdrawn")) }()
	queued(db, 1)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	release()
	if err := db.Update(ctx, put("late")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if k := keys(t, db); len(k) != 0 {
		t.Errorf("kept %v", k)
	}
}

func TestCancelAfterStartAwaitsTheOutcome(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	err := db.Update(ctx, func(tx *bbolt.Tx) error {
		cancel()
		return put("k")(tx)
	})
	if err != nil || !keys(t, db)["k"] {
		t.Errorf("got %v", err)
	}
}

func TestCloseFinishesWhatIsQueued(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	db, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	release := hold(t, db)
	done := make(chan error)
	go func() {
		done <- db.Update(context.Background(), func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucket(things)
			return err
		})
	}()
	queued(db, 1)
	closed := make(chan error)
	go func() { closed <- db.Close() }()
	release()
	if err := errors.Join(<-done, <-closed); err != nil {
		t.Error(err)
	}
	if err := db.Update(context.Background(), put("k")); !errors.Is(err, ErrClosed) {
		t.Errorf("update after close: %v", err)
	}
	if err := db.View(func(*bbolt.Tx) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("view after close: %v", err)
	}
	again, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(keys(t, again)) != 0 {
		t.Error("bucket is not empty")
	}
	again.Close()
}

func TestSecondOpenerIsRefused(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	if _, err := Open(db.bolt.Path(), Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v", err)
	}
}

func TestTornCreationIsMadeAnew(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	if err := os.WriteFile(path+".new", []byte("half a page"), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
}

func TestDamagedFileIsAnError(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	if err := os.WriteFile(path, make([]byte, 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	if db, err := Open(path, Options{}); err == nil {
		db.Close()
		t.Error("opened a file of zeros")
	}
}

// TestDamagedMetaIsReported: the file opens with the commit before the last.
func TestDamagedMetaIsReported(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	db, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		err := db.Update(context.Background(), func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucketIfNotExists(things)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		var log bytes.Buffer
		if i < 2 {
			d := bytes.Clone(b)
			d[4096*i+40] ^= 1
			err = os.WriteFile(path, d, 0o600)
		} else {
			err = os.WriteFile(path, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		db, err := Open(path, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		db.Close()
		if warned := strings.Contains(log.String(), "may be missing"); warned != (i < 2) {
			t.Errorf("meta page %d: log %q", i, log.String())
		}
	}
}

// TestFailedCommitIsFatal takes the file away under the database.
func TestFailedCommitIsFatal(t *testing.T) {
	t.Parallel()
	fatal := make(chan error, 10)
	db, err := Open(filepath.Join(t.TempDir(), "db"), Options{Fatal: func(err error) { fatal <- err }})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(context.Background(), func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucket(things); err != nil {
			return err
		}
		readOnly(t, tx)
		return nil
	})
	if !errors.Is(err, ErrUnknown) || !errors.Is(<-fatal, ErrUnknown) {
		t.Errorf("got %v", err)
	}
	if err := db.Update(context.Background(), put("k")); !errors.Is(err, ErrUnknown) {
		t.Errorf("next update: %v", err)
	}
	db.Close()
}

// readOnly replaces the file behind the open descriptor by one that takes no writes.
func readOnly(t *testing.T, tx *bbolt.Tx) {
	t.Helper()
	path := tx.DB().Path()
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		to, _ := os.Readlink("/proc/self/fd/" + fd.Name())
		var n int
		if _, err := fmt.Sscan(fd.Name(), &n); err == nil && to == path {
			if err := unix.Dup2(int(null.Fd()), n); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("descriptor not found")
}

func TestFullIsNotFatal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		full bool
	}{
		{&os.PathError{Op: "write", Err: unix.ENOSPC}, true},
		{fmt.Errorf("x: %w", &os.PathError{Op: "write", Err: unix.EFBIG}), true},
		{&os.PathError{Op: "sync", Err: unix.ENOSPC}, false},
		{unix.ENOSPC, false}, // fdatasync
		{unix.EIO, false},
	} {
		if isFull(c.err) != c.full {
			t.Errorf("isFull(%v) = %v", c.err, !c.full)
		}
	}
}

// TestViewsAreDurable: no reader may return before the flush of what it saw.
func TestViewsAreDurable(t *testing.T) {
	t.Parallel()
	db := openTest(t, Options{})
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			for {
				var id int
				if err := db.View(func(tx *bbolt.Tx) error { id = tx.ID(); return nil }); err != nil {
					t.Error(err)
					return
				}
				if uint64(id) > db.durable.Load() {
					t.Error("a view ended before what it saw was durable")
					return
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for i := range 200 {
		if err := db.Update(context.Background(), put(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	wait.Wait()
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func BenchmarkWriters(b *testing.B) {
	value := make([]byte, 300)
	for _, writers := range []int{1, 8, 64} {
		var next atomic.Uint64
		put := func(tx *bbolt.Tx) error { return tx.Bucket(things).Put(number(next.Add(1)), value) }
		db := openTest(b, Options{})
		for _, way := range []struct {
			name string
			run  func() error
		}{
			{"group", func() error { return db.Update(context.Background(), put) }},
			{"bbolt.Update", func() error { return db.bolt.Update(put) }},
			{"bbolt.Batch", func() error { return db.bolt.Batch(put) }},
		} {
			b.Run(fmt.Sprintf("%s/%d", way.name, writers), func(b *testing.B) {
				b.SetParallelism((writers + 1) / 2)
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := way.run(); err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	}
}
