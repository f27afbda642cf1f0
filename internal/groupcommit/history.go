package groupcommit

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"

	"quangtri.gov.vn/vanthu/internal/crashpoint"
	"quangtri.gov.vn/vanthu/internal/flush"
)

// The history of a database with a journal is a file beside it, path.hist, from
// which the database can be made again: all rows as of some checkpoint, and all
// changes since.
//
//	header   "vanthu history 1\n"
//	records  before(12) after(12) size(4) sum of changes, before, after and size(4)
//	         changes, as in the journal; here also 3 bucket, for one that is there
//
// before and after are states of the database file: number of the transaction(8)
// and sum of the root page(4), as in the header of the journal, which has them
// also when it is closed. Numbers are little-endian, sums CRC-32C.
//
// The records are a chain: each goes out from the state that the one before has
// led to, the first from zero. Those of the rows stay at zero up to the last.
// What a generation of the journal holds is appended when the next has begun, and
// flushed before the one after that goes over it. So the history is whole if, and
// only if, its sound records lead to the state that one of the two generations
// goes out from: nothing else need be remembered. What cannot be written (a full
// disk) or was changed without the journal breaks the chain, and the file is
// written anew some time later.
const (
	historyMagic   = "vanthu history 1\n"
	historyHead    = 12 + 12 + 4 + 4
	historyLargest = logLargest + logLimit // bytes of one record that are believed
	historyChunk   = 1 << 20               // bytes of rows in a record, about
	historySlack   = 4 << 20               // bytes a history may always grow by
)

// Crash points of the history.
const (
	BeforeHistory     = "groupcommit.before-history"      // a generation has ended
	AfterHistory      = "groupcommit.after-history"       // its changes are appended, not flushed
	BeforeHistorySwap = "groupcommit.before-history-swap" // a new history is flushed
)

// HistoryPath is the file with the history of the database at path.
func HistoryPath(path string) string { return path + ".hist" }

// dbState is a state of a database file that was flushed; zero: none.
type dbState struct {
	txid uint64
	root uint32
}

func (h *logHeader) state() dbState { return dbState{h.txid(), h.rootSum} }

func (s dbState) append(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint64(b, s.txid), s.root)
}

func decodeState(b []byte) dbState {
	return dbState{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:])}
}

// record is one of a history: where its changes stand and what they do.
type record struct {
	before, after dbState
	off, size     int64
}

func (r *record) head(changes uint32) []byte {
	b := r.after.append(r.before.append(make([]byte, 0, historyHead)))
	b = binary.LittleEndian.AppendUint32(b, uint32(r.size))
	return binary.LittleEndian.AppendUint32(b, crc32.Update(changes, castagnoli, b))
}

// walkHistory calls fn with the sound records of a history in order, as far as
// they are a chain. An error is one of fn or of the file system.
func walkHistory(f *os.File, fn func(record) error) error {
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	magic := make([]byte, len(historyMagic))
	if _, err := f.ReadAt(magic, 0); err != nil || string(magic) != historyMagic {
		return notEOF(err)
	}
	var at dbState
	for off := int64(len(historyMagic)); off+historyHead <= fi.Size(); {
		var b [historyHead]byte
		if _, err := f.ReadAt(b[:], off); err != nil {
			return notEOF(err)
		}
		r := record{decodeState(b[:]), decodeState(b[12:]), off + historyHead, int64(binary.LittleEndian.Uint32(b[24:]))}
		if r.before != at || r.size > historyLargest || r.size > fi.Size()-r.off {
			return nil
		}
		sum := crc32.New(castagnoli)
		if _, err := io.Copy(sum, io.NewSectionReader(f, r.off, r.size)); err != nil {
			return err
		}
		if [historyHead]byte(r.head(sum.Sum32())) != b {
			return nil
		}
		if err := fn(r); err != nil {
			return err
		}
		at, off = r.after, r.off+r.size
	}
	return nil
}

// history appends to the file. After lost is set it does nothing more.
type history struct {
	file   *os.File
	at     dbState // that the records lead to
	rows   int64   // where the rows end and the changes begin
	end    int64
	sure   int64 // up to where it is flushed
	noSync bool
	lost   bool
	log    *slog.Logger
}

// openHistory opens the history of a database, if there is one that is whole, to
// go on from the newer generation of its journal. Else it returns nil.
func openHistory(path string, noSync bool, log *slog.Logger) (*history, error) {
	f, err := os.OpenFile(HistoryPath(path), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h := &history{file: f, noSync: noSync, log: log}
	if err := h.resume(path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if h.lost {
		return nil, f.Close()
	}
	return h, nil
}

// resume finds the end of the chain and adds what a crash has left out.
func (h *history) resume(path string) error {
	err := walkHistory(h.file, func(r record) error {
		h.at, h.end = r.after, r.off+r.size
		if r.before == (dbState{}) {
			h.rows = h.end
		}
		return nil
	})
	if err != nil {
		return err
	}
	logs, err := readLogs(path)
	if err != nil {
		return err
	}
	newest := logs.newest.state()
	behind := logs.pair && logs.older.open && h.at == logs.older.state()
	if h.at == (dbState{}) || h.at != newest && !behind {
		h.drop("it does not lead to the state of the database", nil)
		return nil
	}
	if err := h.file.Truncate(h.end); err != nil {
		return err
	}
	if h.at == newest {
		return nil
	}
	return h.follow(&logs.older, newest, logPath(path, int(logs.older.generation%2)))
}

// drop gives the history up: it stays as it is until it is written anew.
func (h *history) drop(why string, err error) {
	h.lost = true
	h.log.Warn("history of changes is not whole and will be written anew", "file", h.file.Name(), "why", why, "err", err)
}

// follow appends what the generation old of the journal holds, in file, after
// which the database is in the state next. An error is one of reading; what
// cannot be written is given up.
func (h *history) follow(old *logHeader, next dbState, file string) error {
	switch {
	case h == nil || h.lost || h.at == next && !old.open:
		return nil
	case h.at != old.state() || !old.open || next == (dbState{}):
		h.drop("the database was changed without the journal", nil)
		return nil
	}
	crashpoint.Here(BeforeHistory)
	r := record{before: h.at, after: next, off: h.end + historyHead}
	sum := uint32(0)
	var failed error
	err := readBatches(file, old, func(changes []byte) error {
		if failed != nil {
			return nil
		}
		_, failed = h.file.WriteAt(changes, r.off+r.size)
		sum = crc32.Update(sum, castagnoli, changes)
		r.size += int64(len(changes))
		return nil
	})
	if err != nil {
		return err
	}
	if failed == nil && r.size <= historyLargest && (r.size > 0 || r.before != r.after) {
		_, failed = h.file.WriteAt(r.head(sum), h.end)
	}
	switch {
	case failed != nil:
		h.drop("it cannot be written", failed)
		return nil
	case r.size > historyLargest:
		h.drop("too many changes at once", nil)
		return nil
	case r.size == 0 && r.before == r.after:
		return nil
	}
	crashpoint.Here(AfterHistory)
	h.at, h.end = r.after, r.off+r.size
	if !h.noSync { // only begun, so that the flush has less to wait for
		_ = unix.SyncFileRange(int(h.file.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE)
	}
	return nil
}

// flush makes sure that what was appended is on disk.
func (h *history) flush() error {
	if h == nil || h.sure == h.end {
		return nil
	}
	h.sure = h.end
	if h.noSync {
		return nil
	}
	return unix.Fdatasync(int(h.file.Fd()))
}

func (h *history) close() error {
	if h == nil {
		return nil
	}
	return h.file.Close()
}

// isDue reports whether the history should be written anew: there is none that is
// whole, or what has changed takes more than the rows did.
func (h *history) isDue() bool {
	return h == nil || h.lost || h.end-h.rows > h.rows+historySlack
}

// errFlush is a failed flush, which is not survivable.
var errFlush = errors.New("flush")

// writeHistory writes a new history from the rows that tx sees, which is in the
// flushed state at, in the place of the one before.
func writeHistory(path string, tx *bbolt.Tx, at dbState, noSync bool, log *slog.Logger) (_ *history, err error) {
	written := false
	tmp := HistoryPath(path) + ".new"
	f, err := os.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() {
		if !written { // also after a panic over a damaged page
			err = errors.Join(err, f.Close())
			_ = os.Remove(tmp) // what is left of it is truncated by the next
		}
	}()
	h := &history{file: f, at: at, noSync: noSync, log: log}
	if h.end, err = writeRows(f, tx, at); err != nil {
		return nil, err
	}
	h.rows, h.sure = h.end, h.end
	if !noSync {
		if err := f.Sync(); err != nil {
			return nil, fmt.Errorf("%w: %w", errFlush, err)
		}
	}
	crashpoint.Here(BeforeHistorySwap)
	if err := os.Rename(tmp, HistoryPath(path)); err != nil {
		return nil, err
	}
	if err := flush.Dir(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("%w: %w", errFlush, err)
	}
	written = true
	return h, nil
}

// writeRows writes the header and the records of all rows. The bucket with the
// database's identity is no part of them: what is made from them is another file.
func writeRows(f *os.File, tx *bbolt.Tx, at dbState) (end int64, err error) {
	w := bufio.NewWriterSize(f, 1<<16)
	n, err := w.WriteString(historyMagic)
	end = int64(n)
	if err != nil {
		return end, err
	}
	var rows []byte
	put := func(after dbState) error {
		r := record{after: after, size: int64(len(rows))}
		_, err := w.Write(r.head(crc32.Checksum(rows, castagnoli)))
		if err == nil {
			_, err = w.Write(rows)
		}
		end += historyHead + r.size
		rows = rows[:0]
		return err
	}
	err = tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
		if string(name) == identityBucket {
			return nil
		}
		rows = appendBucket(rows, string(name))
		return b.ForEach(func(k, v []byte) error {
			if rows = appendPut(rows, string(name), k, v); len(rows) < historyChunk {
				return nil
			}
			return put(dbState{})
		})
	})
	if err == nil {
		err = put(at)
	}
	return end, errors.Join(err, w.Flush())
}
