package bolt

import (
	"bytes"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/internal/groupcommit"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// txn is one transaction of a shard. It remembers what it loaded, so that rows
// that several steps change are written once.
type txn struct {
	tx       *bbolt.Tx
	log      *groupcommit.Tx // what writes go through; nil in a view
	s        *Store
	sh       *shard
	now      time.Time
	wrote    bool
	open     [buckets]*bbolt.Bucket
	accounts []*account // loaded, in order of first use
	share    *sharing   // of the delivery under way, if it is to several accounts
}

func (t *txn) bucket(b bucket) *bbolt.Bucket {
	if t.open[b] == nil {
		t.open[b] = t.tx.Bucket([]byte(b.String()))
		t.open[b].FillPercent = fillPercent
	}
	return t.open[b]
}

func (t *txn) get(b bucket, key []byte) []byte { return t.bucket(b).Get(key) }

func (t *txn) put(b bucket, key, row []byte) error {
	t.wrote = true
	return t.log.Put(t.bucket(b), b.String(), key, row)
}

func (t *txn) delete(b bucket, key []byte) error {
	t.wrote = true
	return t.log.Delete(t.bucket(b), b.String(), key)
}

// scan calls fn for every row whose key begins with prefix, ascending. fn must
// not change the bucket.
func (t *txn) scan(b bucket, prefix []byte, fn func(key, row []byte) error) error {
	c := t.bucket(b).Cursor()
	for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if err := fn(k, v); err != nil {
			return err
		}
	}
	return nil
}

// deleteAll removes every row whose key begins with prefix.
func (t *txn) deleteAll(b bucket, prefix []byte) error {
	var keys [][]byte
	err := t.scan(b, prefix, func(k, _ []byte) error {
		keys = append(keys, bytes.Clone(k))
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := t.delete(b, k); err != nil {
			return err
		}
	}
	return nil
}

// flush writes the rows that were changed.
func (t *txn) flush() error {
	for _, a := range t.accounts {
		if err := a.flush(); err != nil {
			return err
		}
	}
	return t.share.flush(t)
}

// account loads an account. ErrNotFound.
func (t *txn) account(name string) (*account, error) {
	for _, a := range t.accounts {
		if a.name == name {
			return a, nil
		}
	}
	key := []byte(name)
	var raw []byte
	if len(key) > 0 {
		raw = t.get(bAccounts, key)
	}
	if raw == nil {
		return nil, mailsvc.ErrNotFound
	}
	row, err := decodeAccount(key, raw)
	if err != nil {
		return nil, err
	}
	if row.deleted {
		return nil, mailsvc.ErrNotFound
	}
	return t.adopt(name, row), nil
}

func (t *txn) adopt(name string, row accountRow) *account {
	a := &account{txn: t, name: name, row: row}
	t.accounts = append(t.accounts, a)
	return a
}

// account is an account within a transaction.
type account struct {
	*txn
	name     string
	row      accountRow
	dirty    bool
	mod      uint64 // this transaction's MODSEQ, 0 until one is needed
	folders  []*folder
	keywords *keywords
	limit    int64 // the quota, bytes, 0 for none; one for the whole transaction
	limited  bool  // limit has been asked for
}

// nextMod is the MODSEQ of this transaction in the account.
func (a *account) nextMod() uint64 {
	if a.mod == 0 {
		a.row.mod++
		a.mod = a.row.mod
		a.dirty = true
	}
	return a.mod
}

func (a *account) flush() error {
	for _, f := range a.folders {
		if !f.dirty || f.gone {
			continue
		}
		key := key44(a.row.id, f.id)
		if err := a.put(bFolders, key, f.row.encode(key)); err != nil {
			return err
		}
	}
	if a.keywords != nil && a.keywords.dirty {
		key := key4(a.row.id)
		if err := a.put(bKeywords, key, a.keywords.encode(key)); err != nil {
			return err
		}
	}
	if !a.dirty {
		return nil
	}
	key := []byte(a.name)
	return a.put(bAccounts, key, a.row.encode(key))
}

// emailID makes a message's number unique over all accounts.
func (a *account) emailID(message uint64) uint64 {
	return uint64(a.sh.no)<<56 | uint64(a.row.id)<<32 | message
}

// folder is a folder within a transaction.
type folder struct {
	a      *account
	id     uint32
	row    folderRow
	dirty  bool
	gone   bool
	counts []seenCount // people who have seen something here; nil until loaded
	loaded bool        // counts
}

// touched marks the folder's row as changed and gives it this transaction's MODSEQ.
func (f *folder) touched() {
	f.row.highest = f.a.nextMod()
	f.dirty = true
}

// folder loads a folder. ErrNotFound.
func (a *account) folder(id mailsvc.FolderID) (*folder, error) {
	for _, f := range a.folders {
		if mailsvc.FolderID(f.id) == id {
			if f.gone {
				return nil, mailsvc.ErrNotFound
			}
			return f, nil
		}
	}
	if id == 0 || id > 1<<32-1 {
		return nil, mailsvc.ErrNotFound
	}
	key := key44(a.row.id, uint32(id))
	raw := a.get(bFolders, key)
	if raw == nil {
		return nil, fmt.Errorf("%w: no such folder", mailsvc.ErrNotFound)
	}
	row, err := decodeFolder(key, raw)
	if err != nil {
		return nil, err
	}
	f := &folder{a: a, id: uint32(id), row: row}
	a.folders = append(a.folders, f)
	return f, nil
}

// named loads a folder by its normalised name. ErrNotFound.
func (a *account) named(name string) (*folder, error) {
	key := key4s(a.row.id, name)
	raw := a.get(bNames, key)
	if raw == nil {
		return nil, fmt.Errorf("%w: no such folder", mailsvc.ErrNotFound)
	}
	id, err := unsealUint(bNames, key, raw)
	if err != nil {
		return nil, err
	}
	return a.folder(mailsvc.FolderID(id))
}

// shardRow is the only row of bucket shard.
type shardRow struct{ no, of, accounts uint32 }

func (r *shardRow) encode() []byte {
	e := newEncoder(16)
	e.uint(uint64(r.no))
	e.uint(uint64(r.of))
	e.uint(uint64(r.accounts))
	return seal([]byte(selfKey), e.b)
}

func decodeShard(row []byte) (shardRow, error) {
	key := []byte(selfKey)
	p, err := unseal(bShard, key, row)
	if err != nil {
		return shardRow{}, err
	}
	d := decoder{b: p}
	r := shardRow{no: uint32(d.uint()), of: uint32(d.uint()), accounts: uint32(d.uint())}
	if d.err() != nil {
		return r, damaged(bShard, key, "does not parse")
	}
	return r, nil
}
