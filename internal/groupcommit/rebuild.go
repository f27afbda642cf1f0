package groupcommit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"go.etcd.io/bbolt"
)

// ErrNoHistory is for errors.Is: the history of a database is missing, or does not
// lead to the state that its journal goes out from.
var ErrNoHistory = errors.New("no whole history of the database")

// KeepHistory writes the history of a database with a journal anew, if there is
// none that is whole or if it has grown to more than twice its rows, unless the
// database uses more than largest bytes. No change is made meanwhile. Without a
// journal it does nothing.
func (db *DB) KeepHistory(ctx context.Context, largest int64) error {
	if db.j == nil {
		return nil
	}
	return db.ask(ctx, &request{history: max(largest, 1)})
}

// runHistory does the first request of a batch, one of KeepHistory.
func (j *journaled) runHistory(batch []*request) int {
	r := batch[0]
	r.err = j.keepHistory(r.history)
	if errors.Is(r.err, errFlush) {
		r.err = j.db.fail(r.err)
	}
	close(r.done)
	return 1
}

func (j *journaled) keepHistory(largest int64) error {
	if !j.log.hist.isDue() || j.hold.Size() > largest {
		return nil
	}
	if err := j.checkpoint(); err != nil {
		if isFull(err) {
			return fmt.Errorf("write history: %w", classify(err))
		}
		return fmt.Errorf("%w: %w", errFlush, err)
	}
	var h *history
	err := call(func(tx *bbolt.Tx) (err error) {
		h, err = writeHistory(j.log.path, tx, j.log.head.state(), j.db.noSync, j.db.log)
		return err
	}, j.hold)
	if err != nil {
		return fmt.Errorf("write history: %w", classify(err))
	}
	old := j.log.hist
	j.log.hist = h
	return old.close()
}

// Rebuild makes the database that was at path anew, at tmp, from its history and
// its journal alone: exactly what was acknowledged. Neither is changed. Of the
// database file nothing is read, it may be missing. The kind of error is
// [ErrNoHistory] if that cannot be, and nothing is then at tmp.
func Rebuild(ctx context.Context, path, tmp string) (err error) {
	return remake(path, tmp, func(f *os.File, db *DB) error { return rebuild(ctx, path, f, db) })
}

// RebuildOld is Rebuild from whatever of the history is sound: the database as it was
// at some time before, which nothing proves to be the last. For one that is lost.
func RebuildOld(ctx context.Context, path, tmp string) (err error) {
	return remake(path, tmp, func(f *os.File, db *DB) error {
		var at dbState
		err := walkHistory(f, func(r record) error {
			at = r.after
			return addRecord(ctx, f, db, &r)
		})
		if err == nil && at == (dbState{}) {
			err = ErrNoHistory // not even its rows are whole
		}
		return err
	})
}

// remake lets from fill a new database at tmp, which is removed if that fails.
func remake(path, tmp string, from func(*os.File, *DB) error) error {
	f, err := os.Open(HistoryPath(path))
	if err != nil {
		return fmt.Errorf("rebuild %s: %w: %w", path, ErrNoHistory, err)
	}
	defer f.Close()
	var broken error
	db, err := Open(tmp, Options{Fatal: func(err error) { broken = err }})
	if err != nil {
		return err
	}
	err = from(f, db)
	if err = errors.Join(err, db.Close(), broken); err != nil {
		return errors.Join(fmt.Errorf("rebuild %s: %w", path, err), os.Remove(tmp))
	}
	return nil
}

func addRecord(ctx context.Context, f *os.File, db *DB, r *record) error {
	changes := make([]byte, r.size)
	if _, err := f.ReadAt(changes, r.off); err != nil {
		return err
	}
	return db.Update(ctx, func(tx *bbolt.Tx) error { return applyHistory(tx, changes) })
}

func rebuild(ctx context.Context, path string, f *os.File, db *DB) error {
	logs, err := readLogs(path)
	if err != nil {
		return err
	}
	older, newest := logs.older.state(), logs.newest.state()
	// One header alone may be the older one, whose generation is not the end.
	if !logs.pair || newest == (dbState{}) {
		return fmt.Errorf("%w: its journal is damaged or missing", ErrNoHistory)
	}
	add := func(changes []byte) error {
		return db.Update(ctx, func(tx *bbolt.Tx) error { return applyHistory(tx, changes) })
	}
	var at dbState
	err = walkHistory(f, func(r record) error {
		at = r.after
		return addRecord(ctx, f, db, &r)
	})
	if err != nil {
		return err
	}
	if at != newest && at == older && at != (dbState{}) && logs.older.open {
		at = newest
		if err := readBatches(logPath(path, int(logs.older.generation%2)), &logs.older, add); err != nil {
			return err
		}
	}
	if at != newest {
		return fmt.Errorf("%w: it ends before the journal begins, or is damaged", ErrNoHistory)
	}
	if !logs.newest.open {
		return nil
	}
	return readBatches(logPath(path, int(logs.newest.generation%2)), &logs.newest, add)
}

// applyHistory is apply for a record, which may also name buckets.
func applyHistory(tx *bbolt.Tx, changes []byte) error {
	return eachChange(changes, func(c change) error {
		if c.kind == changeBucket {
			_, err := tx.CreateBucketIfNotExists(c.bucket)
			return err
		}
		return applyOne(tx, &c)
	})
}

// CheckHistory proves that the history and the journal of a database that is not
// open lead to the rows that it has: it makes it anew beside it, compares, and
// removes that. Without a history it does nothing. Kinds of error: [ErrNoHistory],
// [ErrDamaged], [ErrFull].
func CheckHistory(ctx context.Context, path string) (err error) {
	if _, err := os.Stat(HistoryPath(path)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := settle(path); err != nil {
		return err
	}
	tmp := path + ".hist.check"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := Rebuild(ctx, path, tmp); err != nil {
		return classify(err)
	}
	defer func() { err = errors.Join(err, os.Remove(tmp)) }()
	a, err := openReadOnly(path)
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := openReadOnly(tmp)
	if err != nil {
		return err
	}
	defer b.Close()
	return a.View(func(a *bbolt.Tx) error {
		return b.View(func(b *bbolt.Tx) error { return errors.Join(sameRows(ctx, a, b), sameRows(ctx, b, a)) })
	})
}

// sameRows proves that all rows of a are in b.
func sameRows(ctx context.Context, a, b *bbolt.Tx) (err error) {
	defer guard(&err)()
	return a.ForEach(func(name []byte, rows *bbolt.Bucket) error {
		if string(name) == identityBucket {
			return nil
		}
		other := b.Bucket(name)
		if other == nil {
			return fmt.Errorf("%w: bucket %s differs from its history", ErrDamaged, name)
		}
		c := other.Cursor()
		ok, ov := c.First()
		return rows.ForEach(func(k, v []byte) error {
			if !bytes.Equal(k, ok) || !bytes.Equal(v, ov) {
				return fmt.Errorf("%w: row %x of %s differs from its history", ErrDamaged, k, name)
			}
			ok, ov = c.Next()
			return ctx.Err()
		})
	})
}
