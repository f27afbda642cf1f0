package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// errDamaged is what a row that fails its checksum, or does not parse, becomes.
var errDamaged = mailsvc.ErrDamaged

func damaged(bucket bucket, key []byte, why string) error {
	return fmt.Errorf("%w: row %x of %s: %s", errDamaged, key, bucket, why)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumSize is the length of the checksum at the start of every row.
const sumSize = 4

// checksum covers the key too: a row that was moved to another place is damaged.
func checksum(key, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, payload)
}

// seal fills in the checksum of a row built by an encoder.
func seal(key, row []byte) []byte {
	binary.LittleEndian.PutUint32(row, checksum(key, row[sumSize:]))
	return row
}

// unseal returns the payload of a row after checking it.
func unseal(bucket bucket, key, row []byte) ([]byte, error) {
	if len(row) < sumSize {
		return nil, damaged(bucket, key, "too short")
	}
	if checksum(key, row[sumSize:]) != binary.LittleEndian.Uint32(row) {
		return nil, damaged(bucket, key, "checksum")
	}
	return row[sumSize:], nil
}

// encoder appends fields to a row, after room for the checksum.
type encoder struct{ b []byte }

func newEncoder(room int) *encoder {
	return &encoder{make([]byte, sumSize, sumSize+room)}
}

func (e *encoder) byte(v byte)      { e.b = append(e.b, v) }
func (e *encoder) uint(v uint64)    { e.b = binary.AppendUvarint(e.b, v) }
func (e *encoder) int(v int64)      { e.b = binary.AppendVarint(e.b, v) }
func (e *encoder) fixed64(v uint64) { e.b = binary.LittleEndian.AppendUint64(e.b, v) }
func (e *encoder) raw(v []byte)     { e.b = append(e.b, v...) }
func (e *encoder) bytes(v []byte)   { e.uint(uint64(len(v))); e.b = append(e.b, v...) }
func (e *encoder) string(v string)  { e.uint(uint64(len(v))); e.b = append(e.b, v...) }
func (e *encoder) bool(v bool) {
	if v {
		e.byte(1)
	} else {
		e.byte(0)
	}
}

// time keeps seconds and the zone's offset: what IMAP can express.
func (e *encoder) time(t time.Time) {
	_, offset := t.Zone()
	e.int(t.Unix())
	e.int(int64(offset))
}

// decoder takes fields off a payload. After a failure all further fields are zero.
type decoder struct {
	b   []byte
	bad bool
}

var errRow = errors.New("row does not parse")

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.bad = true
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) uint() uint64 {
	if len(d.b) > 0 && d.b[0] < 0x80 { // most are small
		v := d.b[0]
		d.b = d.b[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad = true
		d.b = nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int() int64 {
	u := d.uint()
	v := int64(u >> 1)
	if u&1 != 0 {
		v = ^v
	}
	return v
}

func (d *decoder) fixed64() uint64 {
	if len(d.b) < 8 {
		d.bad = true
		d.b = nil
		return 0
	}
	v := binary.LittleEndian.Uint64(d.b)
	d.b = d.b[8:]
	return v
}

// raw returns n bytes without copying.
func (d *decoder) raw(n uint64) []byte {
	if uint64(len(d.b)) < n {
		d.bad = true
		d.b = nil
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) bytes() []byte  { return d.raw(d.uint()) }
func (d *decoder) string() string { return string(d.bytes()) }
func (d *decoder) bool() bool     { return d.byte() != 0 }

// Nearly all rows share one zone; it is not made anew for each.
const indochinaOffset = 7 * 3600

var indochina = time.FixedZone("", indochinaOffset)

func (d *decoder) time() time.Time {
	sec, offset := d.int(), d.int()
	switch offset {
	case 0:
		return time.Unix(sec, 0).UTC()
	case indochinaOffset:
		return time.Unix(sec, 0).In(indochina)
	}
	return time.Unix(sec, 0).In(time.FixedZone("", int(offset)))
}

// err reports whether anything failed, or was left over.
func (d *decoder) err() error {
	if d.bad || len(d.b) != 0 {
		return errRow
	}
	return nil
}

// accountRow is the row of an account; bucket accounts, key: the address.
type accountRow struct {
	deleted  bool
	id       uint32 // within the shard
	folders  uint32 // last folder id given
	validity uint32 // last UIDVALIDITY given
	mod      uint64 // last MODSEQ given
	messages uint64 // last message number given
	people   uint32 // last person id given
	usage    int64  // sum of message sizes, bytes
}

func (a *accountRow) encode(key []byte) []byte {
	e := newEncoder(48)
	e.bool(a.deleted)
	e.uint(uint64(a.id))
	e.uint(uint64(a.folders))
	e.uint(uint64(a.validity))
	e.uint(a.mod)
	e.uint(a.messages)
	e.uint(uint64(a.people))
	e.int(a.usage)
	return seal(key, e.b)
}

func decodeAccount(key, row []byte) (accountRow, error) {
	p, err := unseal(bAccounts, key, row)
	if err != nil {
		return accountRow{}, err
	}
	d := decoder{b: p}
	a := accountRow{
		deleted:  d.bool(),
		id:       uint32(d.uint()),
		folders:  uint32(d.uint()),
		validity: uint32(d.uint()),
		mod:      d.uint(),
		messages: d.uint(),
		people:   uint32(d.uint()),
		usage:    d.int(),
	}
	if d.err() != nil {
		return a, damaged(bAccounts, key, "does not parse")
	}
	return a, nil
}

// folderRow is the row of a folder; bucket folders, key: account, folder.
type folderRow struct {
	name       string
	validity   uint32
	uidNext    uint32
	highest    uint64
	messages   uint32
	seen       uint32 // with \Seen as the account's owner sees it
	born       uint32 // stored with \Seen: seen by others until they say otherwise
	deleted    uint32
	size       int64
	specialUse string
	subscribed bool
}

func (f *folderRow) encode(key []byte) []byte {
	e := newEncoder(64 + len(f.name))
	e.string(f.name)
	e.uint(uint64(f.validity))
	e.uint(uint64(f.uidNext))
	e.uint(f.highest)
	e.uint(uint64(f.messages))
	e.uint(uint64(f.seen))
	e.uint(uint64(f.born))
	e.uint(uint64(f.deleted))
	e.int(f.size)
	e.string(f.specialUse)
	e.bool(f.subscribed)
	return seal(key, e.b)
}

func decodeFolder(key, row []byte) (folderRow, error) {
	p, err := unseal(bFolders, key, row)
	if err != nil {
		return folderRow{}, err
	}
	d := decoder{b: p}
	f := folderRow{
		name:       d.string(),
		validity:   uint32(d.uint()),
		uidNext:    uint32(d.uint()),
		highest:    d.uint(),
		messages:   uint32(d.uint()),
		seen:       uint32(d.uint()),
		born:       uint32(d.uint()),
		deleted:    uint32(d.uint()),
		size:       d.int(),
		specialUse: d.string(),
		subscribed: d.bool(),
	}
	if d.err() != nil {
		return f, damaged(bFolders, key, "does not parse")
	}
	return f, nil
}

// messageRow is what never changes of a message; bucket messages, key: account,
// message number. All its copies within the account share it.
type messageRow struct {
	blob     [32]byte
	blobSize int64
	prefix   []byte
	internal time.Time
	thread   uint64
	index    []byte
	where    byte // one of the index* values
	shared   sharedRef
}

// sharedRef is what a row of a shared message says instead of body and prefix.
type sharedRef struct {
	id         uint64
	head, tail uint64 // how much of the shared prefix is the row's, at both ends
	middle     []byte
}

// Where the index of a message stands.
const (
	indexInline byte = iota
	indexApart
	indexShared
)

// maxInlineIndex keeps rows well below a page, so that a change next to a large
// one does not rewrite it.
const maxInlineIndex = 1200

// The row has two parts, each with its checksum, so that the index need not be
// read when it is not wanted.
func (m *messageRow) encode(key []byte) []byte {
	e := newEncoder(96 + len(m.prefix))
	e.byte(m.where)
	e.time(m.internal)
	e.uint(m.thread)
	if m.where == indexShared {
		e.uint(m.shared.id)
		e.uint(m.shared.head)
		e.uint(m.shared.tail)
		e.bytes(m.shared.middle)
	} else {
		e.raw(m.blob[:])
		e.uint(uint64(m.blobSize))
		e.bytes(m.prefix)
	}
	head := seal(key, e.b)
	out := make([]byte, 0, binary.MaxVarintLen32+len(head)+sumSize+len(m.index))
	out = append(binary.AppendUvarint(out, uint64(len(head))), head...)
	if m.where != indexInline {
		return out
	}
	start := len(out)
	out = append(append(out, make([]byte, sumSize)...), m.index...)
	seal(key, out[start:])
	return out
}

// decodeMessage parses a row; the slices of the result point into it. A row that
// is not complete in itself is completed by txn.complete.
func decodeMessage(key, row []byte, index bool) (messageRow, error) {
	n, k := binary.Uvarint(row)
	if k <= 0 || n > uint64(len(row)-k) {
		return messageRow{}, damaged(bMessages, key, "too short")
	}
	p, err := unseal(bMessages, key, row[k:k+int(n)])
	if err != nil {
		return messageRow{}, err
	}
	d := decoder{b: p}
	var m messageRow
	m.where = d.byte()
	m.internal = d.time()
	m.thread = d.uint()
	if m.where == indexShared {
		m.shared = sharedRef{d.uint(), d.uint(), d.uint(), d.bytes()}
	} else {
		copy(m.blob[:], d.raw(32))
		m.blobSize = int64(d.uint())
		m.prefix = d.bytes()
	}
	if d.err() != nil {
		return m, damaged(bMessages, key, "does not parse")
	}
	if index && m.where == indexInline {
		if m.index, err = unseal(bMessages, key, row[k+int(n):]); err != nil {
			return m, err
		}
	}
	return m, nil
}

func (m *messageRow) size() int64 { return m.blobSize + int64(len(m.prefix)) }

// sealBytes and unsealBytes are rows that hold one value only.
func sealBytes(key, value []byte) []byte {
	e := newEncoder(len(value))
	e.raw(value)
	return seal(key, e.b)
}

func sealUint(key []byte, v uint64) []byte {
	e := newEncoder(binary.MaxVarintLen64)
	e.uint(v)
	return seal(key, e.b)
}

func unsealUint(bucket bucket, key, row []byte) (uint64, error) {
	p, err := unseal(bucket, key, row)
	if err != nil {
		return 0, err
	}
	d := decoder{b: p}
	v := d.uint()
	if d.err() != nil {
		return 0, damaged(bucket, key, "does not parse")
	}
	return v, nil
}

// clone makes a row independent of the transaction it was read in.
func (m messageRow) clone() messageRow {
	m.prefix = bytes.Clone(m.prefix)
	m.index = bytes.Clone(m.index)
	return m
}
