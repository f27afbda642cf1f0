package groupcommit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// A Wreck is a database file that may be damaged, open for reading what is left
// of it. It never uses the memory map and trusts no number that it reads: what a
// page says is believed only as far as the caller finds the rows on it sound.
//
// bbolt never overwrites a page in place, so that older versions of rows lie
// about on pages that the tree no longer leads to. [Wreck.Live] therefore follows
// the tree as far as it holds, and [Wreck.Adrift] shows what lies elsewhere: the
// pages below a damaged one, and the leftovers of the past, which only the caller
// can tell apart.
type Wreck struct {
	file     *os.File
	size     int64
	pageSize int
	pages    uint64
	met      []uint64 // bitmap of pages that Live has read rows from
	behind   []uint64 // bitmap of the overflow of such pages
	root     uint64   // 0: no meta page is valid
	// newer is what an open journal has on top of the tree: bucket, key, value; a
	// nil value is a deletion.
	newer map[string]map[string][]byte
	// Sure says that both meta pages are valid, or the journal names the tree: it
	// is that of the last commit.
	Sure bool
}

// WreckRow is a row as found; its slices are the caller's to keep.
type WreckRow struct{ Key, Value []byte }

// maxWreckPage bounds what one page with its overflow may be: the largest row
// that anybody stores is far below.
const maxWreckPage = 16 << 20

// OpenWreck opens the file at path, which no process may have open for writing.
func OpenWreck(path string) (*Wreck, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	w := &Wreck{file: f, size: fi.Size()}
	w.readMetas()
	if err := w.readJournal(path); err != nil {
		f.Close()
		return nil, err
	}
	w.pages = uint64((w.size + int64(w.pageSize) - 1) / int64(w.pageSize))
	w.met, w.behind = make([]uint64, w.pages/64+1), make([]uint64, w.pages/64+1)
	return w, nil
}

// Close closes the file.
func (w *Wreck) Close() error { return w.file.Close() }

// readMetas takes root and page size from the newer valid meta page.
func (w *Wreck) readMetas() {
	w.pageSize = os.Getpagesize()
	var newest uint64
	valid := 0
	for id := range int64(2) {
		root, txid, pageSize, ok := w.metaAt(id * int64(w.pageSize))
		if !ok || pageSize != w.pageSize {
			continue
		}
		valid++
		if w.root == 0 || txid > newest {
			w.root, newest = root, txid
		}
	}
	w.Sure = valid == 2
}

// readJournal takes the root from an open journal, if there is one that belongs
// to the file, and what it has to add.
func (w *Wreck) readJournal(path string) error {
	h, file, err := readLogHeaders(path)
	if err != nil || !h.open || int(h.pageSize) != w.pageSize {
		return err
	}
	if sum, err := rootSum(w.file, h.root(), w.pageSize); err != nil || sum != h.rootSum {
		return notEOF(err)
	}
	w.root, w.Sure = h.root(), true
	w.newer = make(map[string]map[string][]byte)
	return readBatches(file, &h, func(changes []byte) error {
		return eachChange(changes, func(c change) error {
			rows := w.newer[string(c.bucket)]
			if rows == nil {
				rows = make(map[string][]byte)
				w.newer[string(c.bucket)] = rows
			}
			rows[string(c.key)] = c.value
			return nil
		})
	})
}

// metaAt reads a meta page: magic(4) version(4) pagesize(4) flags(4) root(8)
// sequence(8) freelist(8) high-water mark(8) transaction(8) sum(8).
func (w *Wreck) metaAt(off int64) (root, txid uint64, pageSize int, ok bool) {
	var b [pageHeader + metaSum + 8]byte
	if _, err := w.file.ReadAt(b[:], off); err != nil {
		return 0, 0, 0, false
	}
	m := b[pageHeader:]
	sum := fnv.New64a()
	sum.Write(m[:metaSum])
	ok = binary.NativeEndian.Uint16(b[8:]) == flagMeta && binary.NativeEndian.Uint32(m) == metaMagic &&
		binary.NativeEndian.Uint64(m[metaSum:]) == sum.Sum64()
	return binary.NativeEndian.Uint64(m[16:]), binary.NativeEndian.Uint64(m[48:]), int(binary.NativeEndian.Uint32(m[8:])), ok
}

// LiveWalk says what the walk of the tree tells its caller.
type LiveWalk struct {
	// Known reports whether a bucket of the name belongs into the file.
	Known func(bucket string) bool
	// Row takes a row and reports whether it is sound.
	Row func(bucket string, key, value []byte) (sound bool, err error)
	// Lost is told of keys, from <= key < to (nil: no bound), whose rows are not
	// where the tree says, all or some of them.
	Lost func(bucket string, from, to []byte)
}

// Live follows the tree. An error is one of Row or of the file system.
func (w *Wreck) Live(v LiveWalk) error {
	if w.root == 0 {
		return nil
	}
	l := &liveWalk{w, v}
	if _, err := l.page("", w.root, nil, nil, 0); err != nil {
		return err
	}
	for bucket, rows := range w.newer {
		if !v.Known(bucket) {
			continue
		}
		for key, value := range rows {
			if value == nil {
				continue
			}
			if _, err := v.Row(bucket, []byte(key), value); err != nil {
				return err
			}
		}
	}
	return nil
}

// row hands a row of the tree on, unless the journal has a newer one.
func (l *liveWalk) row(bucket string, key, value []byte) (sound bool, err error) {
	if _, newer := l.newer[bucket][string(key)]; newer {
		return true, nil
	}
	return l.Row(bucket, key, value)
}

type liveWalk struct {
	*Wreck
	LiveWalk
}

// raw reads a page with its overflow, as far as there is one.
func (w *Wreck) raw(id uint64, n uint64) ([]byte, error) {
	off := int64(id) * int64(w.pageSize)
	length := min(int64(n)*int64(w.pageSize), w.size-off, maxWreckPage)
	if length < pageHeader {
		return nil, nil
	}
	b := make([]byte, length)
	got, err := w.file.ReadAt(b, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return b[:got], err
}

// read returns a page and whether its header can be believed. Of one that cannot
// be, it returns a good length with guess, else nothing.
func (w *Wreck) read(id uint64, guess bool) (b []byte, sound bool, err error) {
	if id < 2 || id >= w.pages {
		return nil, false, nil
	}
	b, err = w.raw(id, 1)
	if err != nil || len(b) < pageHeader {
		return nil, false, err
	}
	flags := binary.NativeEndian.Uint16(b[8:])
	sound = binary.NativeEndian.Uint64(b) == id && (flags == flagBranch || flags == flagLeaf)
	n := 1 + uint64(binary.NativeEndian.Uint32(b[12:]))
	if !sound && !guess {
		return nil, false, nil
	}
	if !sound {
		n = 1 + maxGuess/uint64(w.pageSize) // the length is not known: the rows will say
	}
	n = min(n, w.pages-id)
	b, err = w.raw(id, n)
	return b, sound, err
}

// maxGuess is how much behind a page with a damaged header is looked at.
const maxGuess = 2 << 20

func mark(set []uint64, from, to uint64) {
	for i := from; i < to; i++ {
		set[i/64] |= 1 << (i % 64)
	}
}

func isMarked(set []uint64, id uint64) bool { return set[id/64]&(1<<(id%64)) != 0 }

// page reads what is at and below a page. It reports whether everything there is
// as it should be; what is not has been told to Lost.
func (l *liveWalk) page(bucket string, id uint64, low, high []byte, depth int) (whole bool, err error) {
	b, sound, err := l.read(id, true)
	if err != nil {
		return false, err
	}
	if depth > maxDepth || b == nil || id < l.pages && isMarked(l.met, id) {
		l.Lost(bucket, low, high)
		return false, nil
	}
	if sound && binary.NativeEndian.Uint16(b[8:]) == flagBranch {
		return l.branch(bucket, id, b, low, high, depth)
	}
	return l.leaf(bucket, id, b, sound, low, high, depth)
}

// branch follows each child. If anything is wrong, all of its keys may be
// elsewhere: the bounds of the children come from here.
func (l *liveWalk) branch(bucket string, id uint64, b, low, high []byte, depth int) (whole bool, err error) {
	count := min(int(binary.NativeEndian.Uint16(b[10:])), (len(b)-pageHeader)/elementSize)
	whole = count > 0
	mark(l.met, id, id+1)
	last := low
	for i := range count {
		e, ok := parseElement(b, i, flagBranch)
		if !ok || last != nil && bytes.Compare(last, e.key) > 0 || high != nil && bytes.Compare(e.key, high) >= 0 {
			whole = false
			continue
		}
		last = e.key
		to := high
		if next, ok := e, i+1 < count; ok {
			if next, ok = parseElement(b, i+1, flagBranch); ok && bytes.Compare(next.key, e.key) > 0 {
				to = next.key
			}
		}
		below, err := l.page(bucket, e.child, e.key, to, depth+1)
		if err != nil {
			return false, err
		}
		whole = whole && below
	}
	if !whole {
		l.Lost(bucket, low, high)
	}
	return whole, nil
}

// leaf takes the rows of a leaf. With an unsound header every place where an
// element could be is tried.
func (l *liveWalk) leaf(bucket string, id uint64, b []byte, sound bool, low, high []byte, depth int) (whole bool, err error) {
	count := (min(len(b), l.pageSize) - pageHeader) / elementSize
	if sound {
		count = min(int(binary.NativeEndian.Uint16(b[10:])), (len(b)-pageHeader)/elementSize)
	}
	behind := uint64(binary.NativeEndian.Uint32(b[12:]))
	whole = sound && count == int(binary.NativeEndian.Uint16(b[10:])) && uint64(len(b)) == (1+behind)*uint64(l.pageSize)
	found := 0
	last, gap := low, false
	for i := range count {
		e, ok := parseElement(b, i, flagLeaf)
		inOrder := ok && len(e.key) > 0 && (last == nil || bytes.Compare(last, e.key) < 0 || i == 0 && bytes.Equal(last, e.key)) &&
			(high == nil || bytes.Compare(e.key, high) < 0)
		if inOrder {
			if ok, err = l.element(bucket, &e, depth); err != nil {
				return false, err
			}
		}
		if !inOrder || !ok {
			gap = true
			continue
		}
		found++
		if gap {
			l.Lost(bucket, last, e.key)
			whole, gap = false, false
		}
		last = bytes.Clone(e.key)
	}
	if gap || !whole {
		l.Lost(bucket, last, high)
		whole = false
	}
	if !sound {
		l.Lost(bucket, low, high)
	}
	if found > 0 || sound && count == 0 {
		mark(l.met, id, id+1)
	}
	if whole { // else the number of pages behind it may be wrong
		mark(l.behind, id+1, id+1+behind)
	}
	return whole, nil
}

// element takes one row, or the bucket that it stands for.
func (l *liveWalk) element(bucket string, e *element, depth int) (sound bool, err error) {
	if bucket != "" {
		if e.bucket {
			return false, nil
		}
		return l.row(bucket, e.key, e.value)
	}
	name := string(e.key)
	if !e.bucket || len(e.value) < bucketSize || !l.Known(name) {
		return false, nil
	}
	if root := binary.NativeEndian.Uint64(e.value); root != 0 {
		_, err = l.page(name, root, nil, nil, depth+1)
		return true, err
	}
	return true, l.inline(name, e.value[bucketSize:])
}

// inline takes the rows of a bucket that stands within its parent.
func (l *liveWalk) inline(bucket string, b []byte) error {
	rows, whole := inlineRows(b)
	for _, r := range rows {
		ok, err := l.row(bucket, r.Key, r.Value)
		if err != nil {
			return err
		}
		whole = whole && ok
	}
	if !whole {
		l.Lost(bucket, nil, nil)
	}
	return nil
}

func inlineRows(b []byte) (rows []WreckRow, whole bool) {
	if len(b) < pageHeader {
		return nil, false
	}
	count := int(binary.NativeEndian.Uint16(b[10:]))
	whole = binary.NativeEndian.Uint16(b[8:]) == flagLeaf && count <= (len(b)-pageHeader)/elementSize
	for i := range min(count, (len(b)-pageHeader)/elementSize) {
		if e, ok := parseElement(b, i, flagLeaf); ok && !e.bucket && len(e.key) > 0 {
			rows = append(rows, WreckRow{bytes.Clone(e.key), bytes.Clone(e.value)})
		} else {
			whole = false
		}
	}
	return rows, whole
}

// Adrift calls page with the rows of each leaf page that Live has not read from:
// the bucket's name if the page says it, else "". Rows are not proven to be sound.
func (w *Wreck) Adrift(known func(bucket string) bool, page func(bucket string, rows []WreckRow) error) error {
	for id := uint64(2); id < w.pages; id++ {
		if isMarked(w.met, id) || isMarked(w.behind, id) {
			continue
		}
		b, sound, err := w.read(id, false)
		if err != nil {
			return fmt.Errorf("page %d: %w", id, err)
		}
		if !sound || binary.NativeEndian.Uint16(b[8:]) == flagBranch {
			continue
		}
		if err := w.adrift(b, known, page); err != nil {
			return err
		}
	}
	return nil
}

func (w *Wreck) adrift(b []byte, known func(string) bool, page func(string, []WreckRow) error) error {
	count := min(int(binary.NativeEndian.Uint16(b[10:])), (len(b)-pageHeader)/elementSize)
	var plain []WreckRow
	for i := range count {
		e, ok := parseElement(b, i, flagLeaf)
		if !ok || len(e.key) == 0 || len(e.key)+len(e.value) > maxGuess {
			continue
		}
		if !e.bucket {
			plain = append(plain, WreckRow{bytes.Clone(e.key), bytes.Clone(e.value)})
			continue
		}
		if name := string(e.key); known(name) && len(e.value) > bucketSize && binary.NativeEndian.Uint64(e.value) == 0 {
			rows, _ := inlineRows(e.value[bucketSize:])
			if err := page(name, rows); err != nil {
				return err
			}
		}
	}
	if len(plain) == 0 {
		return nil
	}
	return page("", plain)
}
