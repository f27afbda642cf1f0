// Package groupcommit is bbolt with a group commit of its own: many callers'
// changes share one transaction and its two disk flushes.
//
// What always holds:
//
//   - Update returns nil only after the transaction that holds its changes is
//     flushed to disk.
//   - Update has three outcomes: nil (committed), an error (nothing of it is in
//     the file), or an error that is [ErrUnknown].
//   - A failed flush is not survivable (the kernel may have dropped the dirty
//     pages): it is handed to Options.Fatal, and the database takes no further
//     change. A full disk is survivable, and reported as [ErrFull].
//   - View never shows a state that a power cut could still take back.
//   - A function that fails or panics does not take its neighbours with it.
//   - With Options.Journal, a change is on disk when the journal beside the file
//     holds it; the file itself follows later, and Open brings it up to date.
//   - A database file exists under its name only once it is complete: it is made
//     under another name, flushed, reopened and renamed (bbolt issue 567).
//
// bbolt is set up for this use as etcd does: hashmap freelist that is not
// written out, and a memory map that is large from the start, so that a long
// reader does not stop the writer.
package groupcommit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/internal/crashpoint"
	"quangtri.gov.vn/vanthu/internal/filelock"
	"quangtri.gov.vn/vanthu/internal/flush"
)

// Kinds of failure, for errors.Is.
var (
	ErrClosed  = errors.New("database is closed")
	ErrUnknown = errors.New("outcome of the transaction is unknown")
	ErrFull    = errors.New("no space left for the database")
	ErrLocked  = errors.New("database is in use by another process")
	ErrPanic   = errors.New("panic in a transaction") // most likely a damaged page
	ErrDamaged = errors.New("database file is damaged")
)

// Crash points of a commit.
const (
	BeforeCommit = "groupcommit.before-commit"
	AfterCommit  = "groupcommit.after-commit"
)

const (
	// defaultMmapSize is address space, not memory.
	defaultMmapSize = 4 << 30
	// defaultBatch bounds how long the first caller of a batch waits.
	defaultBatch = 1024
	// maxReruns is how often a batch is begun anew because one function failed
	// after writing; what is then left runs one function a transaction, so that
	// failing functions cost linear and not quadratic time.
	maxReruns = 3
	// lockTimeout is how long Open waits for another process to let go.
	lockTimeout = time.Second
)

// Options for Open. The zero value is usable.
type Options struct {
	// Fatal is told once of an error after which the process must not go on.
	// nil panics.
	Fatal func(error)
	// MmapSize is the address space to map at once, bytes; 0 means 4 GiB.
	MmapSize int
	// MaxBatch is the largest number of functions in one transaction; 0 means 1024.
	MaxBatch int
	// Ahead is how many bytes of zeros to keep written behind the used pages, so
	// that a flush seldom has to allocate; 0 means none. It is for files that
	// grow with every commit.
	Ahead int64
	// Journal has small changes flushed to a journal beside the file; see Change.
	Journal bool
	Logger  *slog.Logger // nil means slog.Default()
	// NoSync skips every flush. It exists for the negative controls of crash
	// tests, and loses acknowledged data in a power cut.
	NoSync bool
}

// DB is an open database. Its methods may be called from many goroutines.
type DB struct {
	bolt     *bbolt.DB
	fatal    func(error)
	log      *slog.Logger
	maxBatch int
	noSync   bool
	ahead    ahead      // the owner's own
	j        *journaled // nil without a journal

	mu     sync.Mutex
	queue  []*request
	closed bool
	broken error         // set once, after a fatal error
	wake   chan struct{} // holds a token when the queue may be non-empty
	done   chan struct{} // closed when the owner has ended

	durable   atomic.Uint64 // id of the last transaction that is on disk
	settledMu sync.Mutex
	settled   *sync.Cond // on settledMu: durable or broken changed
}

// request is one call of Update, Change, Look or KeepHistory, or, without any of
// these, one to let readers see what is committed.
type request struct {
	fn     func(*bbolt.Tx) error
	change func(*Tx) error
	look   func(*bbolt.Tx) error
	// history is the size of the largest database whose history is to be written
	// anew, if that is due; 0: not asked for.
	history int64
	state   atomic.Int32 // waiting, started or withdrawn
	err     error
	done    chan struct{}
}

const (
	waiting int32 = iota
	started
	withdrawn
)

// Open opens the database at path, creating it if there is none. The directory
// must exist. Errors: [ErrLocked], [ErrFull], or one of the file system.
func Open(path string, o Options) (*DB, error) {
	if o.MmapSize == 0 {
		o.MmapSize = defaultMmapSize
	}
	if o.MaxBatch == 0 {
		o.MaxBatch = defaultBatch
	}
	if o.Fatal == nil {
		o.Fatal = func(err error) { panic(err) }
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if err := create(path); err != nil {
		return nil, fmt.Errorf("create %s: %w", path, classify(err))
	}
	file, head, err := restore(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: journal: %w", path, classify(err))
	}
	if err := verify(path, o.Logger); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, classify(err))
	}
	db := &DB{
		noSync:   o.NoSync,
		fatal:    o.Fatal,
		log:      o.Logger,
		maxBatch: o.MaxBatch,
		ahead:    ahead{size: o.Ahead},
		wake:     make(chan struct{}, 1),
		done:     make(chan struct{}),
	}
	b, err := openBolt(path, o, db.ahead.open)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, classify(err))
	}
	db.bolt = b
	db.settled = sync.NewCond(&db.settledMu)
	if err := db.catchUp(path, file, &head, &o); err != nil {
		b.Close()
		return nil, fmt.Errorf("open %s: %w", path, classify(err))
	}
	go db.own()
	return db, nil
}

// catchUp applies what a journal holds in its file, if it is open, and makes it
// ready for further changes.
func (db *DB) catchUp(path, file string, head *logHeader, o *Options) error {
	switch {
	case file != "":
		if err := db.replay(path, file, head); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	case head.open:
		o.Logger.Error("journal belongs to another file and is not used", "file", path)
		if err := closeJournal(path, logHeader{}, o.Logger); err != nil {
			return err
		}
	}
	if o.Journal {
		if err := db.identify(); err != nil && !isFull(err) {
			return err
		}
	}
	if err := db.noteDurable(); err != nil || !o.Journal {
		return err
	}
	err := db.attach(path, mapSize(int64(o.MmapSize)))
	if isFull(err) { // without a journal there is still room to delete
		o.Logger.Warn("no room for a journal: changes will be slower", "file", path)
		return nil
	}
	return err
}

// openBolt opens an existing file. bbolt panics on some damaged files.
func openBolt(path string, o Options, open func(string, int, os.FileMode) (*os.File, error)) (b *bbolt.DB, err error) {
	defer guard(&err)()
	return bbolt.Open(path, 0o600, &bbolt.Options{
		OpenFile:        open,
		Timeout:         lockTimeout,
		NoFreelistSync:  true,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: o.MmapSize,
		NoStatistics:    true,
		NoSync:          o.NoSync,
	})
}

// create makes an empty database under its final name in one step.
func create(path string) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := RemoveJournal(path); err != nil {
		return err
	}
	tmp := path + ".new"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for range 2 { // the second time proves that what is on disk can be opened
		b, err := openBolt(tmp, Options{}, os.OpenFile)
		if err != nil {
			return err
		}
		if err := b.Sync(); err != nil {
			b.Close()
			return err
		}
		if err := b.Close(); err != nil {
			return err
		}
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return flush.Dir(filepath.Dir(path))
}

// noteDurable takes the state that was found on opening as durable.
func (db *DB) noteDurable() error {
	if err := db.bolt.Sync(); err != nil {
		return err
	}
	return db.bolt.View(func(tx *bbolt.Tx) error {
		db.durable.Store(uint64(tx.ID()))
		return nil
	})
}

// Unchanged marks an error (or success, with nil) of an Update function that has
// written nothing. The transaction then need not be begun anew for the others,
// nor flushed if nobody in it wrote. Update returns err itself.
func Unchanged(err error) error { return &unchanged{err} }

type unchanged struct{ err error }

func (u *unchanged) Error() string {
	if u.err == nil {
		return "nothing changed"
	}
	return u.err.Error()
}

func (u *unchanged) Unwrap() error { return u.err }

// Update runs fn in a read-write transaction together with other callers'
// functions, in order of arrival, and returns when the transaction is on disk.
//
// fn runs on another goroutine and may run several times: it must set what it
// hands to its caller anew each time. If fn returns an error, nothing of it is
// kept, and Update returns that error. If ctx ends before fn was first run,
// Update returns its error and nothing is changed; once fn is running, the
// outcome is awaited.
func (db *DB) Update(ctx context.Context, fn func(*bbolt.Tx) error) error {
	return db.ask(ctx, &request{fn: fn})
}

// ask queues a request and awaits its answer.
func (db *DB) ask(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.done = make(chan struct{})
	if err := db.enqueue(r); err != nil {
		return err
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
	}
	if r.state.CompareAndSwap(waiting, withdrawn) {
		return ctx.Err()
	}
	<-r.done
	return r.err
}

func (db *DB) enqueue(r *request) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.broken != nil {
		return db.broken
	}
	if db.closed {
		return ErrClosed
	}
	db.queue = append(db.queue, r)
	select {
	case db.wake <- struct{}{}:
	default:
	}
	return nil
}

// View runs fn in a read-only transaction. A long fn keeps old pages from being
// reused; it must do no network I/O. What fn has seen is durable when View returns.
func (db *DB) View(fn func(*bbolt.Tx) error) (err error) {
	if err := db.show(); err != nil {
		return err
	}
	var id uint64
	err = db.view(fn, &id)
	if errors.Is(err, bbolt.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	if id > db.durable.Load() {
		if broken := db.awaitDurable(id); broken != nil {
			return broken
		}
	}
	return err
}

func (db *DB) view(fn func(*bbolt.Tx) error, id *uint64) (err error) {
	defer guard(&err)()
	return db.bolt.View(func(tx *bbolt.Tx) error {
		*id = uint64(tx.ID())
		return fn(tx)
	})
}

// awaitDurable waits for the flush of a transaction that readers already see.
func (db *DB) awaitDurable(id uint64) error {
	db.settledMu.Lock()
	defer db.settledMu.Unlock()
	for db.durable.Load() < id {
		if err := db.brokenErr(); err != nil {
			return err
		}
		db.settled.Wait()
	}
	return nil
}

func (db *DB) brokenErr() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.broken
}

// Snapshot is a read-only transaction that lasts until End: for a consistent
// view over several databases.
type Snapshot struct{ tx *bbolt.Tx }

// Snapshot begins a Snapshot. The caller must call End.
func (db *DB) Snapshot() (*Snapshot, error) {
	if err := db.show(); err != nil {
		return nil, err
	}
	tx, err := db.bolt.Begin(false)
	if errors.Is(err, bbolt.ErrDatabaseNotOpen) {
		err = ErrClosed
	}
	if err != nil {
		return nil, err
	}
	return &Snapshot{tx}, nil
}

// Read runs fn on the snapshot.
func (s *Snapshot) Read(fn func(*bbolt.Tx) error) error { return call(fn, s.tx) }

// End lets the snapshot go.
func (s *Snapshot) End() { _ = s.tx.Rollback() }

// Close lets what is queued finish, waits for readers and closes the file.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		<-db.done
		return nil
	}
	db.closed = true
	db.mu.Unlock()
	close(db.wake)
	<-db.done
	var err error
	if db.j != nil {
		err = db.j.end()
	}
	return errors.Join(err, db.bolt.Close())
}

// own is the single writer.
func (db *DB) own() {
	defer close(db.done)
	for range db.wake {
		db.drain()
	}
	db.drain()
}

func (db *DB) drain() {
	for {
		db.mu.Lock()
		n := min(len(db.queue), db.maxBatch)
		batch := db.queue[:n:n]
		db.queue = db.queue[n:]
		broken := db.broken
		db.mu.Unlock()
		if n == 0 {
			return
		}
		batch = start(batch)
		if broken != nil {
			answer(batch, broken)
			continue
		}
		db.runAll(batch)
	}
}

func (db *DB) runAll(batch []*request) {
	if db.j == nil {
		db.run(batch)
		return
	}
	for len(batch) > 0 {
		n := db.j.run(batch)
		batch = batch[n:]
		if err := db.brokenErr(); err != nil {
			answer(batch, err)
			return
		}
	}
}

// start drops the requests whose callers have gone.
func start(batch []*request) []*request {
	kept := batch[:0]
	for _, r := range batch {
		if r.state.CompareAndSwap(waiting, started) {
			kept = append(kept, r)
		}
	}
	return kept
}

// run commits the batch in one transaction if it can, in several if some
// functions fail after having written.
func (db *DB) run(batch []*request) {
	for reruns := 0; len(batch) > 0; reruns++ {
		n := len(batch)
		if reruns > maxReruns {
			n = 1
		}
		failed := db.attempt(batch[:n])
		if failed < 0 {
			batch = batch[n:]
			continue
		}
		close(batch[failed].done)
		batch = append(batch[:failed], batch[failed+1:]...)
	}
}

// attempt runs the functions and commits. If one fails after writing, nothing
// is kept, its request's error is set, and its index returned; -1 means that
// all were answered.
func (db *DB) attempt(batch []*request) (failed int) {
	tx, err := db.bolt.Begin(true)
	if err != nil {
		answer(batch, fmt.Errorf("begin: %w", err))
		return -1
	}
	id := uint64(tx.ID())
	wrote := false
	for i, r := range batch {
		r.err = call(r.fn, tx)
		if r.err == nil {
			wrote = true
			continue
		}
		if u, ok := r.err.(*unchanged); ok {
			r.err = u.err
			continue
		}
		_ = tx.Rollback()
		return i
	}
	if !wrote {
		_ = tx.Rollback()
		answerEach(batch)
		return -1
	}
	db.ahead.extend(tx)
	crashpoint.Here(BeforeCommit)
	if err := commit(tx); err != nil {
		db.commitFailed(batch, err)
		return -1
	}
	crashpoint.Here(AfterCommit)
	db.noteCommitted(id)
	answerEach(batch)
	return -1
}

// noteCommitted lets readers go on that have seen the transaction.
func (db *DB) noteCommitted(id uint64) {
	db.settledMu.Lock()
	defer db.settledMu.Unlock()
	db.durable.Store(id)
	db.settled.Broadcast()
}

// commitFailed answers after a commit that did not succeed. A full disk was
// met while writing pages that nothing refers to yet: the old state stands.
// Anything else leaves it open whether the change is on disk.
func (db *DB) commitFailed(batch []*request, err error) {
	if isFull(err) {
		answer(batch, fmt.Errorf("commit: %w", classify(err)))
		return
	}
	answer(batch, db.fail(err))
}

// fail takes the database out of service after an error that leaves it open what
// is on disk, and returns what callers are told.
func (db *DB) fail(err error) error {
	err = fmt.Errorf("commit: %w: %w", ErrUnknown, err)
	db.mu.Lock()
	first := db.broken == nil
	db.broken = err
	db.mu.Unlock()
	if first {
		db.fatal(err)
	}
	db.settledMu.Lock()
	db.settled.Broadcast()
	db.settledMu.Unlock()
	return err
}

// isFull tells a full disk or a file size limit, met in a write, from a failed flush.
func isFull(err error) bool {
	var pe *os.PathError
	if !errors.As(err, &pe) || (pe.Op != "write" && pe.Op != "truncate") {
		return false
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// classify adds this package's kind to an error of bbolt or the file system.
func classify(err error) error {
	switch {
	case errors.Is(err, bbolt.ErrTimeout), errors.Is(err, filelock.ErrHeld):
		return fmt.Errorf("%w: %w", ErrLocked, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

func call(fn func(*bbolt.Tx) error, tx *bbolt.Tx) (err error) {
	defer guard(&err)()
	return fn(tx)
}

// commit never leaves bbolt's writer lock held, so that Close ends in any case.
func commit(tx *bbolt.Tx) (err error) {
	defer func() {
		if errors.Is(err, ErrPanic) {
			_ = call(func(tx *bbolt.Tx) error { return tx.Rollback() }, tx)
		}
	}()
	defer guard(&err)()
	return tx.Commit()
}

// guard turns a panic, and a fault in the memory map, into an error when the
// function it returns is deferred: bbolt meets both on damaged pages, and one
// damaged file must not stop the service of the others.
func guard(err *error) func() {
	was := debug.SetPanicOnFault(true) // of this goroutine
	return func() {
		debug.SetPanicOnFault(was)
		if p := recover(); p != nil {
			*err = fmt.Errorf("%w: %v\n%s", ErrPanic, p, debug.Stack())
		}
	}
}

func answer(batch []*request, err error) {
	for _, r := range batch {
		r.err = err
		close(r.done)
	}
}

func answerEach(batch []*request) {
	for _, r := range batch {
		close(r.done)
	}
}
