package blob

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A pack is a file of small bodies, one after the other, so that many of them
// share one flush:
//
//	"vanthu pack 1\n" salt(8)
//	records: salt(8) size(4) stored(8) name(32) sum of body(4) sum of header(4) body
//
// Numbers are little-endian, sums CRC-32C, stored is seconds since 1970. The
// salt is random for each pack: after a torn write, the start of the next record
// is found by it, and nobody can plant a false one in a mail.

const (
	packMagic  = "vanthu pack 1\n"
	saltSize   = 8
	packHeader = len(packMagic) + saltSize
	headerSize = saltSize + 4 + 8 + sha256.Size + 4 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// name is a body's name in binary.
type name [sha256.Size]byte

// place says where in the packs a body stands.
type place struct {
	pack   uint32
	off    int64 // of the header
	size   uint32
	stored int64
}

func (p place) encode() []byte {
	b := make([]byte, 0, 24)
	b = binary.LittleEndian.AppendUint32(b, p.pack)
	b = binary.LittleEndian.AppendUint64(b, uint64(p.off))
	b = binary.LittleEndian.AppendUint32(b, p.size)
	return binary.LittleEndian.AppendUint64(b, uint64(p.stored))
}

func decodePlace(b []byte) (place, error) {
	if len(b) != 24 {
		return place{}, fmt.Errorf("%w: index of packs", ErrDamaged)
	}
	return place{
		pack:   binary.LittleEndian.Uint32(b),
		off:    int64(binary.LittleEndian.Uint64(b[4:])),
		size:   binary.LittleEndian.Uint32(b[12:]),
		stored: int64(binary.LittleEndian.Uint64(b[16:])),
	}, nil
}

// appendRecord appends a record to b.
func appendRecord(b []byte, salt [saltSize]byte, n name, stored int64, body []byte) []byte {
	start := len(b)
	b = append(b, salt[:]...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	b = binary.LittleEndian.AppendUint64(b, uint64(stored))
	b = append(b, n[:]...)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(body, castagnoli))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
	return append(b, body...)
}

// header is a record's header, decoded.
type header struct {
	size   uint32
	stored int64
	name   name
	sum    uint32
}

// decodeHeader parses the header of a record. Without the salt anything that looks
// like one is taken for one; what it then names must have that SHA-256 all the same.
func (p *pack) decodeHeader(b []byte) (header, bool) {
	if len(b) < headerSize || !p.bare && !bytes.Equal(b[:saltSize], p.salt[:]) ||
		crc32.Checksum(b[:headerSize-4], castagnoli) != binary.LittleEndian.Uint32(b[headerSize-4:]) {
		return header{}, false
	}
	h := header{
		size:   binary.LittleEndian.Uint32(b[saltSize:]),
		stored: int64(binary.LittleEndian.Uint64(b[saltSize+4:])),
		sum:    binary.LittleEndian.Uint32(b[headerSize-8:]),
	}
	copy(h.name[:], b[saltSize+12:])
	return h, true
}

// pack is an open pack file.
type pack struct {
	no   uint32
	file *os.File
	salt [saltSize]byte
	bare bool // its own header is damaged, so that the salt is not known
}

func packPath(dir string, no uint32) string {
	return filepath.Join(dir, fmt.Sprintf("%08d.pack", no))
}

// createPack makes an empty pack, durable once the directory is flushed.
func createPack(dir string, no uint32) (*pack, error) {
	f, err := os.OpenFile(packPath(dir, no), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	p := &pack{no: no, file: f}
	_, _ = rand.Read(p.salt[:]) // never fails
	if _, err := f.Write(append([]byte(packMagic), p.salt[:]...)); err != nil {
		f.Close()
		return nil, errors.Join(err, os.Remove(f.Name()))
	}
	return p, nil
}

// openPack opens a pack. One whose own header is damaged is bare: its records can
// be read all the same.
func openPack(dir string, no uint32, flag int) (*pack, error) {
	f, err := os.OpenFile(packPath(dir, no), flag, 0)
	if err != nil {
		return nil, err
	}
	p := &pack{no: no, file: f}
	b := make([]byte, packHeader)
	if _, err := f.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		f.Close()
		return nil, err
	}
	copy(p.salt[:], b[len(packMagic):])
	p.bare = string(b[:len(packMagic)]) != packMagic || !p.knowsSalt()
	return p, nil
}

// knowsSalt reports whether the first record bears the salt of the pack, or there
// is none.
func (p *pack) knowsSalt() bool {
	var b [headerSize]byte
	n, _ := p.file.ReadAt(b[:], int64(packHeader))
	_, ok := (&pack{bare: true}).decodeHeader(b[:n])
	return !ok || bytes.Equal(b[:saltSize], p.salt[:])
}

// read returns a body after checking its record.
func (p *pack) read(n name, at place) ([]byte, error) {
	b := make([]byte, headerSize+int(at.size))
	if _, err := p.file.ReadAt(b, at.off); err != nil {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w: beyond the end of pack %d", ErrDamaged, p.no)
		}
		return nil, err
	}
	h, ok := p.decodeHeader(b)
	body := b[headerSize:]
	if !ok || h.name != n || h.size != at.size || crc32.Checksum(body, castagnoli) != h.sum {
		return nil, fmt.Errorf("%w: pack %d at %d", ErrDamaged, p.no, at.off)
	}
	return body, nil
}

// scan calls found for every whole record from off on, and returns the offset
// after the last one, and whether nothing but zeros follows it. Torn or damaged
// stretches are stepped over: a record after one may have been acknowledged.
func (p *pack) scan(off int64, found func(name, place)) (end int64, clean bool, err error) {
	fi, err := p.file.Stat()
	if err != nil {
		return 0, false, err
	}
	end, clean = off, true
	for off < fi.Size() {
		size, ok, err := p.record(off, fi.Size(), found)
		if err != nil {
			return 0, false, err
		}
		if ok {
			off += size
			end = off
			continue
		}
		zeros, err := p.onlyZeros(off, fi.Size())
		if err != nil || zeros {
			return end, clean, err
		}
		clean = false
		if off, err = p.findNext(off+1, fi.Size()); err != nil {
			return 0, false, err
		}
	}
	return end, clean, nil
}

// record reads the record at off, if there is a whole one.
func (p *pack) record(off, limit int64, found func(name, place)) (size int64, ok bool, err error) {
	var b [headerSize]byte
	if limit-off < headerSize {
		return 0, false, nil
	}
	if _, err := p.file.ReadAt(b[:], off); err != nil {
		return 0, false, err
	}
	h, ok := p.decodeHeader(b[:])
	if !ok || int64(h.size) > limit-off-headerSize {
		return 0, false, nil
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(p.file, off+headerSize, int64(h.size))); err != nil {
		return 0, false, err
	}
	if name(sum.Sum(nil)) != h.name {
		return 0, false, nil
	}
	found(h.name, place{p.no, off, h.size, h.stored})
	return headerSize + int64(h.size), true, nil
}

// onlyZeros reports whether there is nothing else from off on.
func (p *pack) onlyZeros(off, limit int64) (bool, error) {
	b := make([]byte, 4<<10)
	for off < limit {
		n, err := p.file.ReadAt(b[:min(int64(len(b)), limit-off)], off)
		if err != nil {
			return false, err
		}
		if len(bytes.TrimLeft(b[:n], "\x00")) > 0 {
			return false, nil
		}
		off += int64(n)
	}
	return true, nil
}

// findNext returns the next place at or after off where a record may begin, or limit.
func (p *pack) findNext(off, limit int64) (int64, error) {
	const window = 64 << 10
	b := make([]byte, window)
	for off < limit {
		n, err := p.file.ReadAt(b, off)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if i := p.mayBegin(b[:n]); i >= 0 {
			return off + int64(i), nil
		}
		if n < window {
			break
		}
		off += window - (headerSize - 1)
	}
	return limit, nil
}

// mayBegin returns the first index at which a record may begin, or -1.
func (p *pack) mayBegin(b []byte) int {
	if !p.bare {
		return bytes.Index(b, p.salt[:])
	}
	for i := 0; i+headerSize <= len(b); i++ {
		if _, ok := p.decodeHeader(b[i:]); ok {
			return i
		}
	}
	return -1
}

// packNumbers lists the packs of a directory, ascending.
func packNumbers(dir string) ([]uint32, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []uint32
	for _, e := range entries {
		stem, ok := strings.CutSuffix(e.Name(), ".pack")
		if n, err := strconv.ParseUint(stem, 10, 32); ok && err == nil && n > 0 {
			out = append(out, uint32(n))
		}
	}
	slices.Sort(out)
	return out, nil
}
