package bolt

import (
	"encoding/binary"
	"math/bits"
)

// A chunk holds the changing state of chunkSize consecutive UIDs.
const (
	chunkBits = 6
	chunkSize = 1 << chunkBits
)

// Bits of an entry, as stored.
const (
	fSeen byte = 1 << iota
	fAnswered
	fFlagged
	fDeleted
	fDraft
	fBorn // had \Seen when it was stored
	fKeywords
)

// systemBits are the flags of an entry that clients see, \Seen apart.
const systemBits = fAnswered | fFlagged | fDeleted | fDraft

// entry is the changing state of one message in one folder.
type entry struct {
	bits     byte
	mod      uint64
	message  uint64 // its number within the account
	size     int64
	saved    int64    // seconds since 1970
	keywords []uint16 // ids, ascending
}

// chunk is a decoded row of bucket chunks. It is large: reuse it.
type chunk struct {
	present uint64
	entries [chunkSize]entry
}

// uid returns the UID at a place of a chunk.
func uidOf(chunkNo uint32, place int) uint32 { return chunkNo<<chunkBits | uint32(place) }

func placeOf(uid uint32) (chunkNo uint32, place int) {
	return uid >> chunkBits, int(uid & (chunkSize - 1))
}

func (c *chunk) encode(key []byte) []byte {
	e := newEncoder(16 + 12*bits.OnesCount64(c.present))
	e.fixed64(c.present)
	var top uint64
	for m := c.present; m != 0; m &= m - 1 {
		top = max(top, c.entries[bits.TrailingZeros64(m)].mod)
	}
	e.uint(top)
	var message, saved int64
	for m := c.present; m != 0; m &= m - 1 {
		t := &c.entries[bits.TrailingZeros64(m)]
		b := t.bits &^ fKeywords
		if len(t.keywords) > 0 {
			b |= fKeywords
		}
		e.byte(b)
		e.uint(top - t.mod)
		e.int(int64(t.message) - message)
		e.uint(uint64(t.size))
		e.int(t.saved - saved)
		message, saved = int64(t.message), t.saved
		if len(t.keywords) > 0 {
			e.uint(uint64(len(t.keywords)))
			for _, k := range t.keywords {
				e.uint(uint64(k))
			}
		}
	}
	return seal(key, e.b)
}

// chunkHead returns which places are taken, and the highest MODSEQ, of a
// payload whose checksum was verified.
func chunkHead(payload []byte) (present, top uint64) {
	d := decoder{b: payload}
	return d.fixed64(), d.uint()
}

// decode fills c from a row, after verifying it.
func (c *chunk) decode(key, row []byte) error {
	p, err := unseal(bChunks, key, row)
	if err != nil {
		return err
	}
	if !c.parse(p) {
		return damaged(bChunks, key, "does not parse")
	}
	return nil
}

// parse fills c from a payload and reports whether it is well-formed.
func (c *chunk) parse(payload []byte) bool {
	d := decoder{b: payload}
	c.present = d.fixed64()
	top := d.uint()
	var message, saved int64
	for m := c.present; m != 0 && !d.bad; m &= m - 1 {
		t := &c.entries[bits.TrailingZeros64(m)]
		t.bits = d.byte()
		t.mod = top - d.uint()
		message += d.int()
		t.message = uint64(message)
		t.size = int64(d.uint())
		saved += d.int()
		t.saved = saved
		t.keywords = nil
		if t.bits&fKeywords != 0 {
			t.keywords = decodeKeywordIDs(&d)
		}
	}
	return d.err() == nil
}

func decodeKeywordIDs(d *decoder) []uint16 {
	n := d.uint()
	if n > maxKeywords {
		d.bad = true
		return nil
	}
	ids := make([]uint16, n)
	for i := range ids {
		ids[i] = uint16(d.uint())
	}
	return ids
}

// bitmap rows hold 8 bytes after the checksum.
func sealBitmap(key []byte, v uint64) []byte {
	e := newEncoder(8)
	e.fixed64(v)
	return seal(key, e.b)
}

func unsealBitmap(key, row []byte) (uint64, error) {
	p, err := unseal(bSeen, key, row)
	if err != nil {
		return 0, err
	}
	if len(p) != 8 {
		return 0, damaged(bSeen, key, "does not parse")
	}
	return binary.LittleEndian.Uint64(p), nil
}

// mask returns the places of a chunk that lie in the ranges, which are in
// ascending order and do not overlap.
func mask(chunkNo uint32, ranges []span) uint64 {
	first, last := uidOf(chunkNo, 0), uidOf(chunkNo, chunkSize-1)
	var m uint64
	for _, r := range ranges {
		if r.to < first {
			continue
		}
		if r.from > last {
			break
		}
		lo, hi := max(r.from, first)-first, min(r.to, last)-first
		m |= (^uint64(0) << lo) & (^uint64(0) >> (chunkSize - 1 - hi))
	}
	return m
}
