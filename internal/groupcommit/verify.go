package groupcommit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"os"

	"go.etcd.io/bbolt"
)

// Layout of bbolt's pages (format version 2). Numbers are in the byte order of
// the machine.
const (
	pageHeader  = 16 // id(8) flags(2) count(2) overflow(4)
	elementSize = 16 // branch: pos(4) ksize(4) pgid(8); leaf: flags(4) pos(4) ksize(4) vsize(4)
	bucketSize  = 16 // root(8) sequence(8); root 0: an inline page follows
	flagBranch  = 0x01
	flagLeaf    = 0x02
	flagBucket  = 0x01 // of a leaf element
	maxDepth    = 64
)

// verifier walks the tree of a file, page by page, without the memory map.
//
// bbolt walks it too when it opens a file whose freelist is not written out, but
// on a goroutine of its own, where its panic over a damaged page ends the
// process; this walk finds all that bbolt would stumble over and is an error.
type verifier struct {
	file     io.ReaderAt
	pageSize int
	pages    uint64 // high-water mark
	met      []uint64
}

// verify checks the structure of the file: every page is reached once, knows its
// own number, and holds ascending keys within the bounds of its parent.
//
// One of the two meta pages may be invalid, as bbolt allows for: a write of it was
// torn. It may also have been damaged after it was valid; then the last commit is
// missing. That cannot be told apart, so log is warned.
func verify(path string, log *slog.Logger) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || fi.Size() == 0 { // bbolt would write to it
		return errors.Join(err, fmt.Errorf("%w: file is empty", ErrDamaged))
	}
	b, err := openReadOnly(path)
	if err != nil {
		return err
	}
	defer b.Close()
	v := &verifier{file: f, pageSize: b.Info().PageSize}
	for i := range uint64(2) {
		if err := v.meta(i); err != nil {
			log.Warn("the last commit before may be missing", "file", path, "err", err)
		}
	}
	var root uint64
	err = b.View(func(tx *bbolt.Tx) error {
		root = uint64(tx.Cursor().Bucket().RootPage())
		v.pages = uint64(tx.Size()) / uint64(v.pageSize)
		return nil
	})
	if err != nil {
		return err
	}
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	if uint64(fi.Size()) < v.pages*uint64(v.pageSize) {
		return fmt.Errorf("%w: file of %d bytes should hold %d pages", ErrDamaged, fi.Size(), v.pages)
	}
	v.met = make([]uint64, v.pages/64+1)
	_, err = v.page(root, nil, nil, 0)
	return err
}

// Layout of a meta page, after the page header.
const (
	flagMeta  = 0x04
	metaMagic = 0xED0CDAED
	metaSum   = 56 // place of the FNV-64a of what is before it
)

// meta checks a meta page.
func (v *verifier) meta(id uint64) error {
	var b [pageHeader + metaSum + 8]byte
	if _, err := v.file.ReadAt(b[:], int64(id)*int64(v.pageSize)); err != nil {
		return err
	}
	m := b[pageHeader:]
	sum := fnv.New64a()
	sum.Write(m[:metaSum])
	ok := binary.NativeEndian.Uint64(b[:]) == id &&
		binary.NativeEndian.Uint16(b[8:]) == flagMeta &&
		binary.NativeEndian.Uint32(m) == metaMagic &&
		binary.NativeEndian.Uint64(m[metaSum:]) == sum.Sum64()
	if !ok {
		return v.damaged(id, "not a valid meta page")
	}
	return nil
}

func openReadOnly(path string) (b *bbolt.DB, err error) {
	defer guard(&err)()
	return bbolt.Open(path, 0, &bbolt.Options{ReadOnly: true, Timeout: lockTimeout, NoStatistics: true})
}

func (v *verifier) damaged(id uint64, format string, args ...any) error {
	return fmt.Errorf("%w: page %d: %s", ErrDamaged, id, fmt.Sprintf(format, args...))
}

// reach notes that pages are in use.
func (v *verifier) reach(id, n uint64) error {
	if id < 2 || id >= v.pages || n > v.pages-id {
		return v.damaged(id, "beyond the file's %d pages", v.pages)
	}
	for i := id; i < id+n; i++ {
		if v.met[i/64]&(1<<(i%64)) != 0 {
			return v.damaged(i, "reached twice")
		}
		v.met[i/64] |= 1 << (i % 64)
	}
	return nil
}

// page checks a page and what is below it. Its keys must not be less than low
// and must be less than high, where those are given. It returns its last key.
func (v *verifier) page(id uint64, low, high []byte, depth int) (last []byte, err error) {
	if depth > maxDepth {
		return nil, v.damaged(id, "too deep")
	}
	if id < 2 || id >= v.pages {
		return nil, v.damaged(id, "beyond the file's %d pages", v.pages)
	}
	var head [pageHeader]byte
	off := int64(id) * int64(v.pageSize)
	if _, err := v.file.ReadAt(head[:], off); err != nil {
		return nil, err
	}
	n := 1 + uint64(binary.NativeEndian.Uint32(head[12:]))
	if err := v.reach(id, n); err != nil {
		return nil, err
	}
	if own := binary.NativeEndian.Uint64(head[:]); own != id {
		return nil, v.damaged(id, "says it is %d", own)
	}
	b := make([]byte, n*uint64(v.pageSize))
	if _, err := v.file.ReadAt(b, off); err != nil {
		return nil, err
	}
	return v.elements(id, b, low, high, depth)
}

// element is one entry of a page.
type element struct {
	key, value []byte
	child      uint64 // of a branch
	bucket     bool
}

// elements checks the content of a page, which may be inline.
func (v *verifier) elements(id uint64, b, low, high []byte, depth int) (last []byte, err error) {
	flags := binary.NativeEndian.Uint16(b[8:])
	if flags != flagBranch && flags != flagLeaf {
		return nil, v.damaged(id, "is neither branch nor leaf: %#x", flags)
	}
	count := int(binary.NativeEndian.Uint16(b[10:]))
	if pageHeader+count*elementSize > len(b) || flags == flagBranch && count == 0 {
		return nil, v.damaged(id, "cannot hold %d elements", count)
	}
	last = low
	for i := range count {
		e, ok := parseElement(b, i, flags)
		if !ok {
			return nil, v.damaged(id, "element %d lies outside", i)
		}
		if cmp := bytes.Compare(last, e.key); last != nil && (cmp > 0 || cmp == 0 && i > 0 && flags == flagLeaf) || high != nil && bytes.Compare(e.key, high) >= 0 {
			return nil, v.damaged(id, "key %d is out of order", i)
		}
		last = e.key
		switch {
		case flags == flagBranch:
			last, err = v.branch(id, b, i, count, &e, high, depth)
		case e.bucket:
			err = v.bucket(id, e.value, depth)
		}
		if err != nil {
			return nil, err
		}
	}
	return last, nil
}

// branch checks the page that an element leads to.
func (v *verifier) branch(id uint64, b []byte, i, count int, e *element, high []byte, depth int) (last []byte, err error) {
	if i+1 < count {
		next, ok := parseElement(b, i+1, flagBranch)
		if !ok {
			return nil, v.damaged(id, "element %d lies outside", i+1)
		}
		high = next.key
	}
	return v.page(e.child, e.key, high, depth+1)
}

func (v *verifier) bucket(id uint64, value []byte, depth int) error {
	if len(value) < bucketSize {
		return v.damaged(id, "bucket of %d bytes", len(value))
	}
	root := binary.NativeEndian.Uint64(value)
	var err error
	switch {
	case root != 0:
		_, err = v.page(root, nil, nil, depth+1)
	case len(value) < bucketSize+pageHeader:
		err = v.damaged(id, "inline bucket of %d bytes", len(value))
	case depth > maxDepth:
		err = v.damaged(id, "too deep")
	default:
		_, err = v.elements(id, value[bucketSize:], nil, nil, depth+1)
	}
	return err
}

func parseElement(b []byte, i int, flags uint16) (e element, ok bool) {
	at := pageHeader + i*elementSize
	h := b[at : at+elementSize]
	if flags == flagBranch {
		pos, ksize := uint64(binary.NativeEndian.Uint32(h)), uint64(binary.NativeEndian.Uint32(h[4:]))
		e.child = binary.NativeEndian.Uint64(h[8:])
		e.key, ok = cut(b, uint64(at)+pos, ksize)
		return e, ok
	}
	e.bucket = binary.NativeEndian.Uint32(h)&flagBucket != 0
	pos := uint64(at) + uint64(binary.NativeEndian.Uint32(h[4:]))
	ksize, vsize := uint64(binary.NativeEndian.Uint32(h[8:])), uint64(binary.NativeEndian.Uint32(h[12:]))
	if e.key, ok = cut(b, pos, ksize); !ok {
		return e, false
	}
	e.value, ok = cut(b, pos+ksize, vsize)
	return e, ok
}

func cut(b []byte, from, n uint64) ([]byte, bool) {
	if from > uint64(len(b)) || n > uint64(len(b))-from {
		return nil, false
	}
	return b[from : from+n], true
}
