package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"unsafe"

	"go.etcd.io/bbolt"
)

// Extent is where in a shard's file what makes up one message stands.
type Extent struct {
	Account string
	Blob    string
	Prefix  []byte
	Index   []byte
	Bytes   [][2]int // the rows, and the heads of their elements: from, to
}

// Extents finds the rows of every message of a shard that is sound.
func Extents(path string) (out []Extent, err error) {
	db, err := bbolt.Open(path, 0, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	err = db.View(func(tx *bbolt.Tx) error {
		t := &txn{tx: tx}
		names := map[uint32]string{}
		err := t.scan(bAccounts, nil, func(k, raw []byte) error {
			row, err := decodeAccount(k, raw)
			names[row.id] = string(k)
			return err
		})
		if err != nil {
			return err
		}
		return t.scan(bMessages, nil, func(k, raw []byte) error {
			m, err := decodeMessage(k, raw, true)
			if err == nil {
				err = t.complete(k, &m, true)
			}
			e := Extent{names[binary.BigEndian.Uint32(k)], fmt.Sprintf("%x", m.blob), bytes.Clone(m.prefix), bytes.Clone(m.index), rowExtent(db, file, k, raw)}
			switch m.where {
			case indexShared:
				e.Bytes = append(e.Bytes, extentOf(t, file, bShared, key8(m.shared.id))...)
			case indexApart:
				e.Bytes = append(e.Bytes, extentOf(t, file, bIndexes, k)...)
			}
			out = append(out, e)
			return err
		})
	})
	return out, err
}

func extentOf(t *txn, file []byte, b bucket, key []byte) [][2]int {
	k, v := t.bucket(b).Cursor().Seek(key)
	return rowExtent(t.tx.DB(), file, k, v)
}

func rowExtent(db *bbolt.DB, file, k, v []byte) [][2]int {
	info := db.Info()
	at := int(uintptr(unsafe.Pointer(&k[0])) - info.Data)
	start := at / info.PageSize
	for ; start > 1; start-- {
		h := file[start*info.PageSize:]
		if binary.NativeEndian.Uint64(h) == uint64(start) && binary.NativeEndian.Uint16(h[8:]) == 2 && start+int(binary.NativeEndian.Uint32(h[12:])) >= at/info.PageSize {
			break
		}
	}
	head := start*info.PageSize + 16
	count := int(binary.NativeEndian.Uint16(file[head-6:]))
	return [][2]int{{at, at + len(k) + len(v)}, {head, head + 16*count}}
}
