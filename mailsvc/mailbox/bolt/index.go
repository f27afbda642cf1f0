package bolt

import (
	"encoding/binary"
	"errors"
)

// sharing is the index of a message that goes to several accounts of a shard in
// one transaction, and so is stored once.
type sharing struct {
	index []byte
	users uint64 // so far
	id    uint64 // 0 until there is a user
}

// minShared is the length below which an index is not worth sharing.
const minShared = 64

// placeIndex chooses where the index of a new message will stand.
func (a *account) placeIndex(row *messageRow) {
	switch s := a.share; {
	case s != nil && len(row.index) >= minShared && &row.index[0] == &s.index[0]:
		row.where, row.shared = indexShared, s.use(a.txn)
	case len(row.index) > maxInlineIndex:
		row.where = indexApart
	default:
		row.where = indexInline
	}
}

// use counts one more user.
func (s *sharing) use(t *txn) uint64 {
	if s.id == 0 {
		s.id = 1
		if k, _ := t.bucket(bShared).Cursor().Last(); k != nil {
			s.id = last8(k) + 1
		}
	}
	s.users++
	return s.id
}

func (s *sharing) flush(t *txn) error {
	if s == nil || s.users == 0 {
		return nil
	}
	return t.putShared(s.id, s.users, s.index)
}

func (t *txn) putShared(id, users uint64, index []byte) error {
	key := key8(id)
	e := newEncoder(binary.MaxVarintLen64 + len(index))
	e.uint(users)
	e.raw(index)
	return t.put(bShared, key, seal(key, e.b))
}

// getShared returns a shared index, pointing into the transaction.
func (t *txn) getShared(id uint64) (users uint64, index []byte, err error) {
	key := key8(id)
	p, err := unseal(bShared, key, t.get(bShared, key))
	if err != nil {
		return 0, nil, err
	}
	d := decoder{b: p}
	users = d.uint()
	if d.bad {
		return 0, nil, damaged(bShared, key, "does not parse")
	}
	return users, d.b, nil
}

// fetchIndex completes a row whose index does not stand in it.
func (a *account) fetchIndex(key []byte, m *messageRow) error {
	var err error
	switch m.where {
	case indexApart:
		m.index, err = unseal(bIndexes, key, a.get(bIndexes, key))
	case indexShared:
		_, m.index, err = a.getShared(m.shared)
	}
	return err
}

// dropIndex gives up what a message's row holds outside itself.
func (a *account) dropIndex(key []byte, m *messageRow) error {
	switch m.where {
	case indexApart:
		return a.delete(bIndexes, key)
	case indexShared:
		users, index, err := a.getShared(m.shared)
		if err != nil {
			return err
		}
		if users <= 1 {
			return a.delete(bShared, key8(m.shared))
		}
		return a.putShared(m.shared, users-1, index)
	}
	return nil
}

// dropShared gives up the shared indexes of all messages of an account that is
// being deleted. A damaged row does not keep the account alive.
func (a *account) dropShared() error {
	var rows []messageRow
	err := a.scan(bMessages, key4(a.row.id), func(k, raw []byte) error {
		if m, err := decodeMessage(k, raw, false); err == nil && m.where == indexShared {
			rows = append(rows, messageRow{where: m.where, shared: m.shared})
		}
		return nil
	})
	for i := range rows {
		if err := a.dropIndex(nil, &rows[i]); err != nil && !errors.Is(err, errDamaged) {
			return err
		}
	}
	return err
}
