package bolt

import (
	"encoding/binary"
	"errors"
)

// sharing is what the rows of a message have in common that goes to several
// accounts of a shard in one transaction; it is stored once.
type sharing struct {
	id       uint64 // 0 until there is a user
	users    uint64
	blob     [32]byte
	blobSize int64
	prefix   []byte // of the first user; the others' are much alike
	index    []byte
}

// choosePlace decides how the row of a new message is stored.
func (a *account) choosePlace(row *messageRow) {
	switch {
	case a.share != nil:
		row.where = indexShared
		row.shared = a.share.use(a.txn, row)
	case len(row.index) > maxInlineIndex:
		row.where = indexApart
	default:
		row.where = indexInline
	}
}

// use counts one more user and says how its row refers to what is shared.
func (s *sharing) use(t *txn, row *messageRow) sharedRef {
	if s.id == 0 {
		s.id = 1
		if k, _ := t.bucket(bShared).Cursor().Last(); k != nil {
			s.id = last8(k) + 1
		}
		s.blob, s.blobSize, s.prefix, s.index = row.blob, row.blobSize, row.prefix, row.index
	}
	s.users++
	head := 0
	most := min(len(s.prefix), len(row.prefix))
	for head < most && s.prefix[head] == row.prefix[head] {
		head++
	}
	tail := 0
	for tail < most-head && s.prefix[len(s.prefix)-1-tail] == row.prefix[len(row.prefix)-1-tail] {
		tail++
	}
	return sharedRef{s.id, uint64(head), uint64(tail), row.prefix[head : len(row.prefix)-tail]}
}

func (s *sharing) flush(t *txn) error {
	if s == nil || s.users == 0 {
		return nil
	}
	return t.putShared(s)
}

func (t *txn) putShared(s *sharing) error {
	key := key8(s.id)
	e := newEncoder(48 + len(s.prefix) + len(s.index))
	e.uint(s.users)
	e.raw(s.blob[:])
	e.uint(uint64(s.blobSize))
	e.bytes(s.prefix)
	e.raw(s.index)
	return t.put(bShared, key, seal(key, e.b))
}

// getShared returns a shared row, pointing into the transaction.
func (t *txn) getShared(id uint64) (*sharing, error) {
	key := key8(id)
	p, err := unseal(bShared, key, t.get(bShared, key))
	if err != nil {
		return nil, err
	}
	d := decoder{b: p}
	s := &sharing{id: id, users: d.uint()}
	copy(s.blob[:], d.raw(32))
	s.blobSize = int64(d.uint())
	s.prefix = d.bytes()
	s.index = d.b
	if d.bad {
		return nil, damaged(bShared, key, "does not parse")
	}
	return s, nil
}

// complete fills in what of a message's row stands elsewhere.
func (t *txn) complete(key []byte, m *messageRow, index bool) error {
	switch {
	case m.where == indexShared:
		s, err := t.getShared(m.shared.id)
		if err != nil {
			return err
		}
		ref, n := m.shared, uint64(len(s.prefix))
		if ref.head > n || ref.tail > n-ref.head {
			return damaged(bMessages, key, "prefix")
		}
		m.blob, m.blobSize = s.blob, s.blobSize
		m.prefix = make([]byte, 0, ref.head+uint64(len(ref.middle))+ref.tail)
		m.prefix = append(m.prefix, s.prefix[:ref.head]...)
		m.prefix = append(m.prefix, ref.middle...)
		m.prefix = append(m.prefix, s.prefix[n-ref.tail:]...)
		if index {
			m.index = s.index
		}
	case m.where == indexApart && index:
		var err error
		m.index, err = unseal(bIndexes, key, t.get(bIndexes, key))
		return err
	}
	return nil
}

// dropParts gives up what a message's row holds outside itself.
func (t *txn) dropParts(key []byte, m *messageRow) error {
	switch m.where {
	case indexApart:
		return t.delete(bIndexes, key)
	case indexShared:
		s, err := t.getShared(m.shared.id)
		if err != nil {
			return err
		}
		if s.users <= 1 {
			return t.delete(bShared, key8(s.id))
		}
		s.users--
		return t.putShared(s)
	}
	return nil
}

// dropShared gives up the shared rows of all messages of an account that is
// being deleted. A damaged row does not keep the account alive.
func (a *account) dropShared() error {
	var rows []messageRow
	err := a.scan(bMessages, key4(a.row.id), func(k, raw []byte) error {
		if m, err := decodeMessage(k, raw, false); err == nil && m.where == indexShared {
			rows = append(rows, messageRow{where: m.where, shared: sharedRef{id: m.shared.id}})
		}
		return nil
	})
	for i := range rows {
		if err := a.dropParts(nil, &rows[i]); err != nil && !errors.Is(err, errDamaged) {
			return err
		}
	}
	return err
}

func key8(a uint64) []byte { return binary.BigEndian.AppendUint64(nil, a) }
