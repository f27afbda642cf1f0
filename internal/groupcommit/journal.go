package groupcommit

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"

	"quangtri.gov.vn/vanthu/internal/filelock"
	"quangtri.gov.vn/vanthu/internal/flush"
)

// The journal of a database is two files beside it, path.log0 and path.log1, of
// which the one with the higher generation counts:
//
//	header   "vanthu log 1\n" open(1 byte) generation(8) salt(8) pagesize(4)
//	         sum of the root page(4) meta(80) sum of all before(4)
//	batches  from byte 512 on: salt(8) size(4) sum of salt, size and changes(4) changes
//	change   1 bucket key value, or 2 bucket key for a deletion; each string is
//	         its length (unsigned varint) and its bytes
//
// Numbers are little-endian, sums CRC-32C. An open journal says: the database is
// in the state of this meta page, which is flushed together with all that it
// leads to, plus these batches. Whatever the database file's own meta pages say
// is then of no account, for what they lead to may not be flushed. A journal
// that is not open says nothing: the database file stands for itself. Its meta page
// is then only for the history, see there.
//
// A batch counts if its sums are right and those of all before it; the salt is
// random for each generation, so that what an earlier one left in the file, or
// somebody put into a value, is never taken for one.
const (
	logMagic    = "vanthu log 1\n"
	metaSize    = pageHeader + metaSum + 8
	logHead     = len(logMagic) + 1 + 8 + 8 + 4 + 4 + metaSize + 4
	logStart    = 512
	batchHead   = 8 + 4 + 4
	logLimit    = 4 << 20   // bytes of batches after which a checkpoint is made
	logReserved = 5 << 20   // bytes that are kept written, so that a flush seldom allocates
	logRoom     = 1 << 30   // bytes that must be free for that
	logLargest  = 256 << 20 // bytes of one batch that are believed
)

const (
	changePut byte = iota + 1
	changeDelete
	changeBucket // in a history only
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// logHeader is the header of a journal file, decoded.
type logHeader struct {
	open       bool
	generation uint64
	salt       [8]byte
	pageSize   uint32
	rootSum    uint32
	meta       [metaSize]byte
}

func (h *logHeader) encode() []byte {
	b := make([]byte, 0, logHead)
	b = append(b, logMagic...)
	if h.open {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	b = binary.LittleEndian.AppendUint64(b, h.generation)
	b = append(b, h.salt[:]...)
	b = binary.LittleEndian.AppendUint32(b, h.pageSize)
	b = binary.LittleEndian.AppendUint32(b, h.rootSum)
	b = append(b, h.meta[:]...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decodeLogHeader(b []byte) (h logHeader, ok bool) {
	if len(b) < logHead || !bytes.HasPrefix(b, []byte(logMagic)) {
		return h, false
	}
	if crc32.Checksum(b[:logHead-4], castagnoli) != binary.LittleEndian.Uint32(b[logHead-4:]) {
		return h, false
	}
	b = b[len(logMagic):]
	h.open = b[0] == 1
	h.generation = binary.LittleEndian.Uint64(b[1:])
	copy(h.salt[:], b[9:])
	h.pageSize = binary.LittleEndian.Uint32(b[17:])
	h.rootSum = binary.LittleEndian.Uint32(b[21:])
	copy(h.meta[:], b[25:])
	return h, true
}

// root and txid are fields of the meta page.
func (h *logHeader) root() uint64 { return binary.NativeEndian.Uint64(h.meta[pageHeader+16:]) }
func (h *logHeader) txid() uint64 { return binary.NativeEndian.Uint64(h.meta[pageHeader+48:]) }

// rootSum is the checksum of a database's root page. By it a journal is known
// to belong to a file; see identify.
func rootSum(f io.ReaderAt, root uint64, pageSize int) (uint32, error) {
	b := make([]byte, pageSize)
	if _, err := f.ReadAt(b, int64(root)*int64(pageSize)); err != nil {
		return 0, err
	}
	return crc32.Checksum(b, castagnoli), nil
}

// journal writes the two files.
type journal struct {
	files  [2]*os.File
	noSync bool
	path   string    // of the database
	head   logHeader // of the newer file
	end    int64     // of the batches in it
	buf    []byte
	hist   *history // nil: there is none that is whole
}

func logPath(path string, i int) string { return fmt.Sprintf("%s.log%d", path, i) }

// openJournal opens the files, creating those that are missing, and reads the
// newer header. A file without a sound header counts as generation 0. With ahead,
// room is reserved.
func openJournal(path string, noSync, ahead bool, log *slog.Logger) (*journal, error) {
	j := &journal{path: path, noSync: noSync}
	made := false
	for i := range j.files {
		f, err := os.OpenFile(logPath(path, i), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, errors.Join(err, j.close())
		}
		j.files[i] = f
		fi, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, j.close())
		}
		made = made || fi.Size() == 0
		if ahead {
			err = reserve(f, fi.Size())
		}
		if err != nil {
			return nil, errors.Join(err, j.close())
		}
	}
	if made {
		if err := flush.Dir(filepath.Dir(path)); err != nil {
			return nil, errors.Join(err, j.close())
		}
	}
	head, _, err := readLogHeaders(path)
	if err != nil {
		return nil, errors.Join(err, j.close())
	}
	j.head = head
	if j.hist, err = openHistory(path, noSync, log); err != nil {
		return nil, errors.Join(err, j.close())
	}
	return j, nil
}

// reserve writes zeros behind what a file has, if the disk has plenty of room.
// That they cannot be written is no failure; that they cannot be flushed is.
func reserve(f *os.File, size int64) error {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &fs); err != nil {
		return err
	}
	if size >= logReserved || int64(fs.Bavail)*fs.Bsize < logRoom {
		return nil
	}
	zeros := make([]byte, 64<<10)
	for at := size; at < logReserved; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros, at); err != nil {
			break
		}
	}
	return f.Sync()
}

func (j *journal) close() error {
	err := j.hist.close()
	for _, f := range j.files {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

// current is the file that batches go to: generations alternate.
func (j *journal) current() *os.File { return j.files[j.head.generation%2] }

func (j *journal) sync(f *os.File) error {
	if j.noSync {
		return nil
	}
	return unix.Fdatasync(int(f.Fd()))
}

// turn begins the next generation in the other file and flushes that. The old
// one counts until then, and the history takes it after that.
func (j *journal) turn(next logHeader) error {
	if err := j.hist.flush(); err != nil { // of what the other file has held
		return err
	}
	old := j.head
	next.generation = j.head.generation + 1
	if _, err := rand.Read(next.salt[:]); err != nil {
		return err
	}
	f := j.files[next.generation%2]
	if _, err := f.WriteAt(next.encode(), 0); err != nil {
		return err
	}
	if err := j.sync(f); err != nil {
		return err
	}
	j.head, j.end = next, logStart
	return j.hist.follow(&old, next.state(), logPath(j.path, int(old.generation%2)))
}

// append writes a batch of changes and flushes it. After a failed write nothing
// of it counts: the next batch goes over it.
func (j *journal) append(changes []byte) error {
	b := j.buf[:0]
	b = append(b, j.head.salt[:]...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(changes)))
	sum := crc32.Update(crc32.Checksum(b, castagnoli), castagnoli, changes)
	b = binary.LittleEndian.AppendUint32(b, sum)
	b = append(b, changes...)
	if j.buf = b; cap(b) > keptBatch {
		j.buf = nil
	}
	if _, err := j.current().WriteAt(b, j.end); err != nil {
		return errors.Join(err, j.spoil())
	}
	if err := j.sync(j.current()); err != nil {
		return err
	}
	j.end += int64(len(b))
	return nil
}

// spoil makes sure that a batch of which a part was written, perhaps all but its
// end, is never found whole by chance of the write having gone on.
func (j *journal) spoil() error {
	_, err := j.current().WriteAt(make([]byte, batchHead), j.end)
	return err
}

// readLogHeaders returns the header that counts and the file that it stands in;
// generation 0 if there is none.
func readLogHeaders(path string) (newest logHeader, file string, err error) {
	l, err := readLogs(path)
	if err != nil || l.newest.generation == 0 {
		return logHeader{}, "", err
	}
	return l.newest, logPath(path, int(l.newest.generation%2)), nil
}

// JournalState tells how far the journal beside the file at path has come: its
// generation, 0 if there is none, which rises while a database with a journal is
// open; and whether it belongs to the file, as far as that is there. It is for
// databases that are not open.
func JournalState(path string) (generation uint64, fits bool, err error) {
	h, _, err := readLogHeaders(path)
	if err != nil || !h.open {
		return h.generation, true, err
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return h.generation, true, nil
	}
	if err != nil {
		return 0, false, err
	}
	defer f.Close()
	sum, err := rootSum(f, h.root(), int(h.pageSize))
	return h.generation, err == nil && sum == h.rootSum, notEOF(err)
}

// logHeaders are those of both files.
type logHeaders struct {
	newest, older logHeader // generation 0: there is none
	pair          bool      // both are sound, and one follows the other
}

func readLogs(path string) (l logHeaders, err error) {
	for i := range 2 {
		f, err := os.Open(logPath(path, i))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return l, err
		}
		b := make([]byte, logHead)
		_, err = f.ReadAt(b, 0)
		f.Close()
		if err != nil && !errors.Is(err, io.EOF) {
			return l, err
		}
		h, ok := decodeLogHeader(b)
		switch {
		case !ok || h.generation%2 != uint64(i):
		case h.generation > l.newest.generation:
			l.newest, l.older = h, l.newest
		default:
			l.older = h
		}
	}
	l.pair = l.older.generation > 0 && l.newest.generation == l.older.generation+1
	return l, nil
}

// readBatches calls fn with each batch of the file that counts, in order.
func readBatches(file string, h *logHeader, fn func(changes []byte) error) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	for at := int64(logStart); ; {
		var head [batchHead]byte
		if _, err := f.ReadAt(head[:], at); err != nil {
			return notEOF(err)
		}
		size := int64(binary.LittleEndian.Uint32(head[8:]))
		at += batchHead
		if !bytes.Equal(head[:8], h.salt[:]) || size > logLargest || size > fi.Size()-at {
			return nil
		}
		changes := make([]byte, size)
		if _, err := f.ReadAt(changes, at); err != nil {
			return notEOF(err)
		}
		if crc32.Update(crc32.Checksum(head[:12], castagnoli), castagnoli, changes) != binary.LittleEndian.Uint32(head[12:]) {
			return nil
		}
		if err := fn(changes); err != nil {
			return err
		}
		at += size
	}
}

func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// change is one of a batch.
type change struct {
	kind               byte
	bucket, key, value []byte
}

func appendPut(b []byte, bucket string, key, value []byte) []byte {
	b = append(b, changePut, byte(len(bucket)))
	b = append(b, bucket...)
	b = binary.AppendUvarint(b, uint64(len(key)))
	b = append(b, key...)
	b = binary.AppendUvarint(b, uint64(len(value)))
	return append(b, value...)
}

func appendDelete(b []byte, bucket string, key []byte) []byte {
	b = append(b, changeDelete, byte(len(bucket)))
	b = append(b, bucket...)
	b = binary.AppendUvarint(b, uint64(len(key)))
	return append(b, key...)
}

func appendBucket(b []byte, bucket string) []byte {
	return append(append(b, changeBucket, byte(len(bucket))), bucket...)
}

// eachChange calls fn with the changes of a batch, whose slices point into it.
func eachChange(b []byte, fn func(change) error) error {
	for len(b) > 0 {
		c := change{kind: b[0]}
		b = b[1:]
		parts := []*[]byte{&c.bucket, &c.key, &c.value}
		ok := true
		switch c.kind {
		case changePut:
		case changeDelete:
			parts = parts[:2]
		case changeBucket:
			parts = parts[:1]
		default:
			ok = false
		}
		for _, part := range parts {
			n, used := binary.Uvarint(b)
			if used <= 0 || n > uint64(len(b)-used) {
				ok = false
				break
			}
			*part, b = b[used:used+int(n):used+int(n)], b[used+int(n):]
		}
		if !ok {
			return fmt.Errorf("%w: a batch of the journal does not parse", ErrDamaged)
		}
		if err := fn(c); err != nil {
			return err
		}
	}
	return nil
}

// apply makes the changes of a batch in a transaction.
func apply(tx *bbolt.Tx, changes []byte) error {
	return eachChange(changes, func(c change) error { return applyOne(tx, &c) })
}

func applyOne(tx *bbolt.Tx, c *change) error {
	b := tx.Bucket(c.bucket)
	if b == nil {
		return fmt.Errorf("%w: the journal names a bucket that is not there", ErrDamaged)
	}
	switch c.kind {
	case changePut:
		return b.Put(c.key, c.value)
	case changeDelete:
		return b.Delete(c.key)
	}
	return fmt.Errorf("%w: the journal has a change of kind %d", ErrDamaged, c.kind)
}

// restore puts the database file at path back to the state that its journal
// goes out from, if that is open: it writes both meta pages, the second with the
// number of the transaction before, and flushes. It returns the journal file
// with what is then to be applied, "" if there is none.
//
// A journal that belongs to another database file (one was put in the other's
// place) is of no account.
func restore(path string) (file string, h logHeader, err error) {
	h, file, err = readLogHeaders(path)
	if err != nil || !h.open {
		return "", h, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return "", h, err
	}
	defer f.Close()
	if err := filelock.Take(f, lockTimeout); err != nil {
		return "", h, err
	}
	if sum, err := rootSum(f, h.root(), int(h.pageSize)); err != nil || sum != h.rootSum {
		return "", h, notEOF(err)
	}
	for i := range uint64(2) {
		meta := metaPage(h.meta, h.txid()-i)
		if _, err := f.WriteAt(meta, int64((h.txid()-i)%2)*int64(h.pageSize)); err != nil {
			return "", h, err
		}
	}
	return file, h, unix.Fdatasync(int(f.Fd()))
}

// metaPage is a meta page with the number of another transaction.
func metaPage(meta [metaSize]byte, txid uint64) []byte {
	binary.NativeEndian.PutUint64(meta[:], txid%2)
	m := meta[pageHeader:]
	binary.NativeEndian.PutUint64(m[48:], txid)
	sum := fnv.New64a()
	sum.Write(m[:metaSum])
	binary.NativeEndian.PutUint64(m[metaSum:], sum.Sum64())
	return meta[:]
}
