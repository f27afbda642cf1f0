package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// chunkRef is a row of bucket chunks as found. The row is valid within the transaction.
type chunkRef struct {
	no  uint32
	row []byte
}

func (f *folder) chunkKey(no uint32) []byte { return key444(f.a.row.id, f.id, no) }

// chunksIn returns the chunks that may hold UIDs of the ranges, ascending.
func (f *folder) chunksIn(ranges []span) []chunkRef {
	var out []chunkRef
	own := key44(f.a.row.id, f.id)
	cursor := f.a.bucket(bChunks).Cursor()
	next := uint32(0)
	for _, r := range ranges {
		from, to := max(r.from>>chunkBits, next), r.to>>chunkBits
		for k, v := cursor.Seek(f.chunkKey(from)); k != nil && len(k) == len(own)+4; k, v = cursor.Next() {
			no := last4(k)
			if string(k[:len(own)]) != string(own) || no > to {
				break
			}
			out = append(out, chunkRef{no, v})
			next = no + 1
		}
	}
	return out
}

// load fills c with a chunk, empty if there is none.
func (f *folder) load(no uint32, c *chunk) error {
	key := f.chunkKey(no)
	if row := f.a.get(bChunks, key); row != nil {
		return c.decode(key, row)
	}
	c.present = 0
	return nil
}

// store writes a chunk, or removes an empty one.
func (f *folder) store(no uint32, c *chunk) error {
	key := f.chunkKey(no)
	if c.present == 0 {
		return f.a.delete(bChunks, key)
	}
	return f.a.put(bChunks, key, c.encode(key))
}

// item is a message that is to be added to a folder.
type item struct {
	entry
	marks []uint32 // people whose \Seen differs from fBorn
}

// add appends messages to the folder and returns the UID of the first. Their
// MODSEQ and saved date are those of the transaction. It counts their sizes to
// the folder, not to the account.
func (f *folder) add(items []item) (first uint32, err error) {
	if uint64(f.row.uidNext)+uint64(len(items)) > math.MaxUint32 {
		return 0, fmt.Errorf("%w: out of UIDs", mailsvc.ErrTooMany)
	}
	f.touched()
	first = f.row.uidNext
	for len(items) > 0 {
		no, place := placeOf(f.row.uidNext)
		n := min(len(items), chunkSize-place)
		if err := f.addToChunk(no, place, items[:n]); err != nil {
			return 0, err
		}
		f.row.uidNext += uint32(n)
		items = items[n:]
	}
	return first, nil
}

func (f *folder) addToChunk(no uint32, place int, items []item) error {
	var c chunk
	if err := f.load(no, &c); err != nil {
		return err
	}
	marks := map[uint32]uint64{}
	for i := range items {
		e := items[i].entry
		e.mod = f.a.nextMod()
		e.saved = f.a.now.Unix()
		c.present |= 1 << (place + i)
		c.entries[place+i] = e
		f.count(&e, 1)
		for _, p := range items[i].marks {
			marks[p] |= 1 << (place + i)
		}
	}
	for person, set := range marks {
		if err := f.mark(person, no, &c, set, set); err != nil {
			return err
		}
	}
	return f.store(no, &c)
}

// count adds an entry to the folder's counters, or with -1 takes it off.
func (f *folder) count(e *entry, by int) {
	f.row.messages += uint32(by)
	f.row.size += int64(by) * e.size
	if e.bits&fSeen != 0 {
		f.row.seen += uint32(by)
	}
	if e.bits&fBorn != 0 {
		f.row.born += uint32(by)
	}
	if e.bits&fDeleted != 0 {
		f.row.deleted += uint32(by)
	}
	f.dirty = true
}

// mark sets a person's bits of a chunk, within which, to value, and keeps the count.
func (f *folder) mark(person, chunkNo uint32, c *chunk, within, value uint64) error {
	was, err := f.seenBits(person, chunkNo)
	if err != nil {
		return err
	}
	now := was&^within | value&within
	if now == was {
		return nil
	}
	more := 0
	for m := was ^ now; m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(m)
		if (c.entries[i].bits&fBorn != 0) == (now&(1<<i) != 0) {
			more-- // seen at birth and now differs, or unseen and no longer differs
		} else {
			more++
		}
	}
	if err := f.putSeenBits(person, chunkNo, now); err != nil {
		return err
	}
	return f.addSeen(person, int64(more))
}

// remove takes messages of the ranges that want accepts out of the folder and
// logs their UIDs. With release, the account gives up its copies too.
func (f *folder) remove(ranges []span, want func(*entry) bool, release bool) ([]uint32, error) {
	var gone []uint32
	var c chunk
	for _, ref := range f.chunksIn(ranges) {
		if err := c.decode(f.chunkKey(ref.no), ref.row); err != nil {
			return nil, err
		}
		going := uint64(0)
		for m := c.present & mask(ref.no, from(ranges, uidOf(ref.no, 0))); m != 0; m &= m - 1 {
			if i := bits.TrailingZeros64(m); want(&c.entries[i]) {
				going |= 1 << i
				gone = append(gone, uidOf(ref.no, i))
			}
		}
		if going == 0 {
			continue
		}
		if err := f.removeFromChunk(ref.no, &c, going, release); err != nil {
			return nil, err
		}
	}
	if len(gone) == 0 {
		return nil, nil
	}
	f.touched()
	return gone, f.logVanished(gone)
}

func (f *folder) removeFromChunk(no uint32, c *chunk, going uint64, release bool) error {
	if err := f.forget(no, c, going); err != nil {
		return err
	}
	for m := going; m != 0; m &= m - 1 {
		e := &c.entries[bits.TrailingZeros64(m)]
		f.count(e, -1)
		if !release {
			continue
		}
		if err := f.a.release(e); err != nil {
			return err
		}
	}
	c.present &^= going
	return f.store(no, c)
}

// logVanished records expunged UIDs, ascending, for ChangesSince.
func (f *folder) logVanished(uids []uint32) error {
	key := key448(f.a.row.id, f.id, f.a.nextMod())
	e := newEncoder(16)
	if raw := f.a.get(bVanished, key); raw != nil { // twice in one transaction
		old, err := decodeVanished(key, raw)
		if err != nil {
			return err
		}
		uids = merge(old, uids)
	}
	last := uint32(0)
	for _, s := range collect(uids) {
		e.uint(uint64(s.from - last))
		e.uint(uint64(s.to - s.from))
		last = s.to
	}
	return f.a.put(bVanished, key, seal(key, e.b))
}

func decodeVanished(key, row []byte) ([]uint32, error) {
	p, err := unseal(bVanished, key, row)
	if err != nil {
		return nil, err
	}
	var uids []uint32
	d := decoder{b: p}
	last := uint64(0)
	for len(d.b) > 0 && !d.bad {
		from := last + d.uint()
		to := from + d.uint()
		if to > math.MaxUint32 {
			return nil, damaged(bVanished, key, "UID too large")
		}
		for u := from; u <= to; u++ {
			uids = append(uids, uint32(u))
		}
		last = to
	}
	if d.err() != nil {
		return nil, damaged(bVanished, key, "does not parse")
	}
	return uids, nil
}

// merge joins two ascending lists.
func merge(a, b []uint32) []uint32 {
	out := make([]uint32, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0] < b[0] {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// extraCopies returns how many copies beyond the first a message has.
func (a *account) extraCopies(message uint64) (uint64, error) {
	key := key48(a.row.id, message)
	raw := a.get(bRefs, key)
	if raw == nil {
		return 0, nil
	}
	return unsealUint(bRefs, key, raw)
}

func (a *account) setExtraCopies(message, n uint64) error {
	key := key48(a.row.id, message)
	if n == 0 {
		return a.delete(bRefs, key)
	}
	return a.put(bRefs, key, sealUint(key, n))
}

// retain counts one more copy of a message that the account holds.
func (a *account) retain(e *entry) error {
	n, err := a.extraCopies(e.message)
	if err != nil {
		return err
	}
	a.row.usage += e.size
	a.dirty = true
	return a.setExtraCopies(e.message, n+1)
}

// release gives up one copy of a message, and its row with the last.
func (a *account) release(e *entry) error {
	a.row.usage -= e.size
	a.dirty = true
	n, err := a.extraCopies(e.message)
	if err != nil {
		return err
	}
	if n > 0 {
		return a.setExtraCopies(e.message, n-1)
	}
	key := key48(a.row.id, e.message)
	if raw := a.get(bMessages, key); raw != nil {
		m, err := decodeMessage(key, raw, false)
		if err == nil {
			err = a.dropParts(key, &m)
		}
		if err != nil && !errors.Is(err, errDamaged) { // a damaged message can be deleted
			return err
		}
	}
	return a.delete(bMessages, key)
}

// newMessage stores a message's row under a new number. It counts its size to
// the account.
func (a *account) newMessage(row *messageRow) (uint64, error) {
	if a.row.messages >= math.MaxUint32 {
		return 0, fmt.Errorf("%w: out of message numbers", mailsvc.ErrTooMany)
	}
	if err := a.checkQuota(row.size()); err != nil {
		return 0, err
	}
	a.row.messages++
	a.row.usage += row.size()
	a.dirty = true
	n := a.row.messages
	if row.thread == 0 {
		row.thread = a.emailID(n)
	}
	key := key48(a.row.id, n)
	a.choosePlace(row)
	if err := a.put(bMessages, key, row.encode(key)); err != nil {
		return 0, err
	}
	if row.where != indexApart {
		return n, nil
	}
	return n, a.put(bIndexes, key, sealBytes(key, row.index))
}

// quota is how many bytes the account may hold, 0 for any: one answer for the
// whole transaction.
func (a *account) quota() int64 {
	if !a.limited && a.s.o.Quota != nil {
		a.limited, a.limit = true, a.s.o.Quota(a.name)
	}
	return a.limit
}

// checkQuota reports ErrOverQuota if that many bytes more are too many.
func (a *account) checkQuota(more int64) error {
	if limit := a.quota(); limit > 0 && more > 0 && more > limit-a.row.usage {
		return mailsvc.ErrOverQuota
	}
	return nil
}

// mayKeep lets the account hold what it holds now, also beyond its quota, when
// the transaction takes away and adds.
func (a *account) mayKeep() {
	if limit := a.quota(); limit > 0 {
		a.limit = max(limit, a.row.usage)
	}
}

// message reads a message's row. The slices of the result point into the transaction.
func (a *account) message(n uint64, index bool) (messageRow, error) {
	key := binary.BigEndian.AppendUint64(key4(a.row.id), n)
	raw := a.get(bMessages, key)
	if raw == nil {
		return messageRow{}, mailsvc.ErrNotFound
	}
	m, err := decodeMessage(key, raw, index)
	if err == nil {
		err = a.complete(key, &m, index)
	}
	return m, err
}
