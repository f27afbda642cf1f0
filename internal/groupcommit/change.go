package groupcommit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/internal/crashpoint"
)

// A database with a journal does not flush its transactions. It keeps one open
// for many batches of changes; a batch is appended to the journal and flushed
// there, in one piece, and its callers are answered. Of the dozen pages that a
// small change touches, and that a transaction of its own would write and flush
// in two steps, nothing is written until somebody wants to read.
//
// What makes that safe:
//
//   - A reader never sees what is not in the journal: batches are applied,
//     flushed, and only then committed to be seen. A View that comes after an
//     answer has the open transaction committed first.
//   - bbolt never overwrites a page that a reader may need. A read transaction
//     is held open on the state of the last checkpoint, so that all of its pages
//     stay as they were flushed, whatever is committed after it.
//   - The journal holds the meta page of the checkpoint. After a crash, that page
//     is put back, and the batches are applied to that state again.
//   - A checkpoint flushes the database file before the journal's new header
//     names the new state, and the old one is let go only after that.
const (
	pendingLimit = 1 << 20   // bytes of changes after which the open transaction is committed
	keptBatch    = 256 << 10 // bytes of a buffer that is kept
	// Upper bounds of what committing a change may take from the file: it touches
	// a page of each level of the tree, and their neighbours when they merge.
	pagesPerChange = 8
	mapMargin      = 32 << 20
)

// Tx is a transaction whose changes are recorded.
type Tx struct {
	*bbolt.Tx
	j *journaled // nil: nothing is recorded
}

// Put stores a row in a top-level bucket, which is b. Neither slice may be
// changed before the transaction has ended.
func (t *Tx) Put(b *bbolt.Bucket, bucket string, key, value []byte) error {
	if err := b.Put(key, value); err != nil || t.j == nil {
		return err
	}
	t.j.batch = appendPut(t.j.batch, bucket, key, value)
	t.j.batched++
	return nil
}

// Delete removes a row from a top-level bucket, which is b.
func (t *Tx) Delete(b *bbolt.Bucket, bucket string, key []byte) error {
	if err := b.Delete(key); err != nil || t.j == nil {
		return err
	}
	t.j.batch = appendDelete(t.j.batch, bucket, key)
	t.j.batched++
	return nil
}

// Change is Update for functions that write by Tx.Put and Tx.Delete only, which
// is what a journal can hold. Without a journal it is the same.
func (db *DB) Change(ctx context.Context, fn func(*Tx) error) error {
	if db.j == nil {
		return db.Update(ctx, func(tx *bbolt.Tx) error { return fn(&Tx{Tx: tx}) })
	}
	return db.ask(ctx, &request{change: fn})
}

// Look is View for a short read of a few rows. Rather than have the open
// transaction committed, fn reads from it, on the writer's goroutine; what it
// sees is durable. It may run before changes that were asked for later.
func (db *DB) Look(ctx context.Context, fn func(*bbolt.Tx) error) error {
	if db.shown() {
		return db.View(fn)
	}
	return db.ask(ctx, &request{look: fn})
}

// journaled is what the owner of a database with a journal knows. All but the
// two counters is the owner's own.
type journaled struct {
	db   *DB
	log  *journal
	hold *bbolt.Tx // on the state of the last checkpoint
	tx   *bbolt.Tx // the open transaction, or nil
	// pending are the batches that are flushed to the journal and not committed.
	pending [][]byte
	size    int // of pending, bytes
	changes int // in pending
	batch   []byte
	batched int
	mapped  int64 // of the file when it was opened, bytes

	answered atomic.Uint64 // batches that are in the journal
	shown    atomic.Uint64 // of these, how many a View sees
}

// attach turns the journal of an open database on.
func (db *DB) attach(path string, mapped int64) error {
	log, err := openJournal(path, db.noSync, true, db.log)
	if err != nil {
		return err
	}
	j := &journaled{db: db, log: log, mapped: mapped}
	if err := j.resume(); err != nil {
		return errors.Join(err, log.close())
	}
	db.j = j
	return nil
}

const identityBucket = "identity"

// identify gives the file a random number of its own, unless it has one. It
// stands in the root page, so that two files' root pages are never the same.
func (db *DB) identify() error {
	name, known := []byte(identityBucket), false
	err := db.bolt.View(func(tx *bbolt.Tx) error {
		known = tx.Bucket(name) != nil
		return nil
	})
	if err != nil || known { // an Update that changes nothing is a new state all the same
		return err
	}
	return db.bolt.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket(name)
		if err != nil {
			return err
		}
		var number [16]byte
		if _, err := rand.Read(number[:]); err != nil {
			return err
		}
		return b.Put([]byte("number"), number[:])
	})
}

// resume opens the journal on the state of the database, which must be flushed.
func (j *journaled) resume() error {
	if err := j.turn(); err != nil {
		return err
	}
	j.db.bolt.NoSync, j.db.bolt.NoGrowSync = true, true
	return nil
}

// turn opens the next generation of the journal on the state of the database,
// which must be flushed, and holds that state.
func (j *journaled) turn() error {
	hold, err := j.db.bolt.Begin(false)
	if err != nil {
		return err
	}
	head, err := j.db.header(hold)
	if err == nil {
		err = j.log.turn(head)
	}
	if err != nil {
		_ = hold.Rollback()
		return err
	}
	j.release()
	j.hold = hold
	return nil
}

func (j *journaled) release() {
	if j.hold != nil {
		_ = j.hold.Rollback()
		j.hold = nil
	}
}

// header describes the state that a read transaction sees.
func (db *DB) header(tx *bbolt.Tx) (h logHeader, err error) {
	file := db.ahead.file
	h.open = true
	h.pageSize = uint32(db.bolt.Info().PageSize)
	if _, err := file.ReadAt(h.meta[:], int64(tx.ID()%2)*int64(h.pageSize)); err != nil {
		return h, err
	}
	if h.txid() != uint64(tx.ID()) {
		return h, fmt.Errorf("%w: meta page of transaction %d says %d", ErrDamaged, tx.ID(), h.txid())
	}
	h.rootSum, err = rootSum(file, h.root(), int(h.pageSize))
	return h, err
}

// suspend closes the journal: the database file stands for itself.
func (j *journaled) suspend() error {
	if err := j.commit(); err != nil {
		return err
	}
	if err := j.flush(); err != nil {
		return err
	}
	h, err := j.secondMeta()
	if err != nil {
		return err
	}
	h.open = false
	if err := j.log.turn(h); err != nil {
		return err
	}
	j.release()
	j.db.bolt.NoSync, j.db.bolt.NoGrowSync = j.db.noSync, false
	return nil
}

// secondMeta writes the other meta page for the same state, which is flushed, so
// that one of the two is enough: the state before may be a thousand changes back.
// It returns that state.
func (j *journaled) secondMeta() (logHeader, error) {
	h, err := j.db.now()
	if err != nil {
		return h, err
	}
	id := h.txid() - 1
	if _, err := j.db.ahead.file.WriteAt(metaPage(h.meta, id), int64(id%2)*int64(h.pageSize)); err != nil {
		return h, err
	}
	return h, j.flush()
}

// now describes the state that was committed last.
func (db *DB) now() (h logHeader, err error) {
	tx, err := db.bolt.Begin(false)
	if err != nil {
		return h, err
	}
	defer func() { _ = tx.Rollback() }()
	return db.header(tx)
}

func (j *journaled) flush() error {
	if j.db.noSync {
		return nil
	}
	return j.db.bolt.Sync()
}

// checkpoint makes the journal start anew.
func (j *journaled) checkpoint() error {
	if err := j.commit(); err != nil {
		return err
	}
	if err := j.flush(); err != nil {
		return err
	}
	return j.turn()
}

// begin makes sure that a transaction is open that has all that is pending.
func (j *journaled) begin() error {
	if j.tx != nil {
		return nil
	}
	tx, err := j.db.bolt.Begin(true)
	if err != nil {
		return err
	}
	for _, changes := range j.pending {
		changes := changes
		if err := call(func(tx *bbolt.Tx) error { return apply(tx, changes) }, tx); err != nil {
			_ = tx.Rollback()
			return err
		}
	}
	j.tx = tx
	return nil
}

// undo takes back what is not in the journal.
func (j *journaled) undo() {
	if j.tx != nil {
		_ = call(func(tx *bbolt.Tx) error { return tx.Rollback() }, j.tx)
		j.tx = nil
	}
}

// commit lets readers see what is pending. It does not flush.
func (j *journaled) commit() error {
	if len(j.pending) == 0 {
		j.undo() // reads only
		return nil
	}
	if err := j.begin(); err != nil {
		return err
	}
	// bbolt waits for readers before it maps more of the file, and hold is one.
	used := j.tx.Size()
	need := used + int64(j.changes)*pagesPerChange*int64(j.db.bolt.Info().PageSize) + 2*int64(j.size) + mapMargin
	large := need >= max(j.mapped, mapSize(used))
	if large { // what it held stays as it is until the next transaction begins
		j.release()
	}
	id := uint64(j.tx.ID())
	err := commit(j.tx)
	j.tx = nil
	if err == nil {
		j.pending, j.size, j.changes = nil, 0, 0
		j.db.noteCommitted(id)
		j.shown.Store(j.answered.Load())
	}
	if !large {
		return err
	}
	// Nothing may begin before the journal names a state that is held.
	if err == nil {
		err = j.flush()
	}
	if err == nil {
		err = j.turn()
	}
	if err != nil {
		return fmt.Errorf("while the file outgrew its map: %v", err) // never survivable
	}
	return nil
}

// mapSize is how much bbolt maps at least of a file of the size: powers of two
// from 32 KiB, whole GiB from one on.
func mapSize(size int64) int64 {
	const step = 1 << 30
	for n := int64(32 << 10); n <= step; n *= 2 {
		if size <= n {
			return n
		}
	}
	return (size + step - 1) / step * step
}

// run does the first requests of a batch and returns how many.
func (j *journaled) run(batch []*request) int {
	switch {
	case batch[0].fn != nil:
		return j.runFlushed(batch)
	case batch[0].history != 0:
		return j.runHistory(batch)
	}
	j.batch, j.batched = j.batch[:0], 0
	if cap(j.batch) > keptBatch {
		j.batch = nil
	}
	n, show := 0, false
	var err error
	for n < len(batch) && batch[n].fn == nil && batch[n].history == 0 && !show && err == nil {
		r := batch[n]
		n++
		switch {
		case r.change != nil:
			show, err = j.do(r)
		case r.look == nil:
			show = true
		}
	}
	if err == nil {
		err = j.write()
	}
	if err == nil {
		err = j.look(batch[:n])
	}
	if err == nil && show {
		err = j.commit()
	}
	j.answer(batch[:n], err)
	if err == nil {
		j.tidy()
	}
	return n
}

// tidy does what must be done from time to time and nobody waits for: the callers
// have been answered. On a full disk it is tried again after the next batch; what
// was answered is in the journal.
func (j *journaled) tidy() {
	var err error
	if j.size >= pendingLimit {
		err = j.commit()
	}
	if err == nil && j.log.end >= logLimit {
		err = j.checkpoint()
	}
	switch {
	case isFull(err):
		j.db.log.Warn("disk full: changes stay in the journal", "err", err)
	case err != nil:
		_ = j.db.fail(err)
	}
}

// look lets those read who want to, now that all is in the journal.
func (j *journaled) look(batch []*request) error {
	for _, r := range batch {
		if r.look == nil {
			continue
		}
		if err := j.begin(); err != nil {
			return err
		}
		r.err = call(r.look, j.tx)
	}
	return nil
}

// do runs one function. If it fails after it has written, what it wrote is taken
// back, which it reports: the group ends there, so that many failing functions
// cost linear time. An error is one of the database.
func (j *journaled) do(r *request) (takenBack bool, err error) {
	if err := j.begin(); err != nil {
		return false, err
	}
	before, changes := len(j.batch), j.batched
	r.err = call(func(tx *bbolt.Tx) error { return r.change(&Tx{tx, j}) }, j.tx)
	if r.err == nil {
		return false, nil
	}
	u, ok := r.err.(*unchanged)
	if ok {
		r.err = u.err
	}
	if len(j.batch) == before && !errors.Is(r.err, ErrPanic) {
		return false, nil
	}
	j.undo()
	j.batch, j.batched = j.batch[:before], changes
	if err := j.begin(); err != nil {
		return true, err
	}
	kept := j.batch[:before:before]
	return true, call(func(tx *bbolt.Tx) error { return apply(tx, kept) }, j.tx)
}

// write flushes the batch to the journal. If it cannot be written, it is undone.
func (j *journaled) write() error {
	if len(j.batch) == 0 {
		return nil
	}
	crashpoint.Here(BeforeCommit)
	if err := j.log.append(j.batch); err != nil {
		j.undo()
		j.batch = j.batch[:0]
		return err
	}
	j.pending = append(j.pending, append([]byte(nil), j.batch...))
	j.size += len(j.batch)
	j.changes += j.batched
	j.answered.Add(1)
	crashpoint.Here(AfterCommit)
	return nil
}

// answer tells the callers. What is in the journal is kept, whatever became of
// showing it: a full disk is told to those who want to see it.
func (j *journaled) answer(batch []*request, err error) {
	if err == nil {
		answerEach(batch)
		return
	}
	full := isFull(err)
	kept := len(j.batch) > 0 // it is in the journal
	if full {
		err = fmt.Errorf("commit: %w", classify(err))
	} else {
		err = j.db.fail(err)
	}
	for _, r := range batch {
		if r.err == nil && !(full && kept && r.change != nil) {
			r.err = err
		}
		close(r.done)
	}
}

// runFlushed runs functions whose changes cannot be recorded with bbolt's own
// flushes.
func (j *journaled) runFlushed(batch []*request) int {
	n := 0
	for n < len(batch) && batch[n].fn != nil {
		n++
	}
	if err := j.suspend(); err != nil {
		if isFull(err) {
			answer(batch[:n], fmt.Errorf("commit: %w", classify(err)))
		} else {
			answer(batch[:n], j.db.fail(err))
		}
		return n
	}
	j.db.run(batch[:n:n])
	if j.db.brokenErr() == nil {
		if err := j.resume(); err != nil {
			_ = j.db.fail(err)
		}
	}
	return n
}

// end is called when the owner ends. What cannot be committed now stays in the
// journal for the next Open.
func (j *journaled) end() error {
	err := j.db.brokenErr()
	if err == nil {
		err = j.suspend()
	}
	j.undo()
	j.release()
	switch {
	case isFull(err) || j.db.brokenErr() != nil:
		err = nil
	case err != nil:
		err = j.db.fail(err)
	}
	if flushErr := j.log.hist.flush(); flushErr != nil && err == nil {
		err = j.db.fail(flushErr)
	}
	return errors.Join(err, j.log.close())
}

// show makes what was answered visible to readers.
func (db *DB) show() error {
	if db.shown() {
		return nil
	}
	return db.ask(context.Background(), &request{})
}

func (db *DB) shown() bool { return db.j == nil || db.j.shown.Load() >= db.j.answered.Load() }

// replay applies what the journal of a database that was not closed holds, in
// one transaction, and closes the journal.
func (db *DB) replay(path, file string, h *logHeader) error {
	tx, err := db.bolt.Begin(true)
	if err != nil {
		return err
	}
	err = call(func(tx *bbolt.Tx) error {
		return readBatches(file, h, func(changes []byte) error { return apply(tx, changes) })
	}, tx)
	if err != nil {
		_ = tx.Rollback()
		return err
	}
	if err := commit(tx); err != nil {
		return err
	}
	now, err := db.now()
	if err != nil {
		return err
	}
	now.open = false
	return closeJournal(path, now, db.log)
}

// closeJournal makes the journal beside a database, if there is one, say nothing.
func closeJournal(path string, closed logHeader, log *slog.Logger) error {
	j, err := openJournal(path, false, false, log)
	if err != nil {
		return err
	}
	err = j.turn(closed)
	if err == nil {
		err = j.hist.flush()
	}
	return errors.Join(err, j.close())
}

// RemoveJournal removes the journal beside a database file that was replaced. No
// process may have the database open.
func RemoveJournal(path string) error {
	for i := range 2 {
		if err := os.Remove(logPath(path, i)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
