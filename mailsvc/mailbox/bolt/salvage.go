package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/bits"
	"os"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/internal/groupcommit"
)

// salvage copies the sound rows of a damaged file into a new one, where each key
// holds the best version found so far.
type salvage struct {
	s     *Store
	sh    *shard
	no    int
	of    int
	names map[string]bucket
	rows  int

	behind bool                     // see remains
	sound  bool                     // see remains
	unsure bool                     // the tree that was followed may not be the last commit's
	lost   [buckets][]keyRange      // where rows are missing from the tree
	adrift map[rowKey]bool          // messages that only a page outside of the tree has
	loose  map[uint64]bool          // shared rows that only such a page has
	most   map[uint32]uint32        // account -> the last folder id given, as the tree says
	rivals map[uint64]struct{}      // shared rows of which there are several, none known to be the right one
	live   [buckets]map[string]bool // keys of accounts and folders that the tree leads to

	batch []salvaged
	size  int
}

type keyRange struct{ from, to []byte }

type rowKey struct {
	account uint32
	number  uint64
}

type salvaged struct {
	bucket     bucket
	key, value []byte
	live       bool
}

// Rows are written in transactions of about this many bytes.
const salvageBatch = 8 << 20

func newSalvage(s *Store, from remains) *salvage {
	v := &salvage{s: s, sh: s.shards[from.no], no: from.no, of: from.of, behind: from.behind, sound: from.sound, names: make(map[string]bucket), adrift: make(map[rowKey]bool),
		loose: make(map[uint64]bool), most: make(map[uint32]uint32), rivals: make(map[uint64]struct{})}
	for b := range buckets {
		v.names[b.String()] = b
	}
	v.live[bAccounts], v.live[bFolders] = make(map[string]bool), make(map[string]bool)
	return v
}

// collect reads the file at path, or, if that is missing or empty, what its history
// says of some time before. Rows of the two are never mixed: a file that was put in
// the place of another may have given the same numbers to others.
func (v *salvage) collect(ctx context.Context, path string) error {
	fi, err := os.Stat(path)
	if err == nil && fi.Size() > 0 {
		return v.collectFrom(ctx, path)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	old := path + ".old"
	err = os.Remove(old)
	if err == nil || errors.Is(err, os.ErrNotExist) {
		err = groupcommit.RebuildOld(ctx, path, old)
	}
	if err == nil {
		err = errors.Join(v.collectFrom(ctx, old), os.Remove(old))
	}
	v.unsure = true
	if errors.Is(err, groupcommit.ErrNoHistory) {
		return nil
	}
	return err
}

func (v *salvage) collectFrom(ctx context.Context, path string) error {
	w, err := groupcommit.OpenWreck(path)
	if err != nil {
		return err
	}
	defer w.Close()
	v.unsure = !w.Sure || v.behind
	met := make(map[string]bool)
	err = w.Live(groupcommit.LiveWalk{
		Known: func(name string) bool {
			_, ok := v.names[name]
			met[name] = met[name] || ok
			return ok
		},
		Row: func(name string, key, value []byte) (bool, error) {
			b := v.names[name]
			if !soundRow(b, key, value) {
				return false, nil
			}
			return true, v.add(ctx, salvaged{b, bytes.Clone(key), bytes.Clone(value), true})
		},
		Lost: func(name string, from, to []byte) {
			if b, ok := v.names[name]; ok {
				v.lost[b] = append(v.lost[b], keyRange{from, to})
			}
		},
	})
	if err != nil {
		return err
	}
	for name, b := range v.names {
		if !met[name] {
			v.lost[b] = append(v.lost[b], keyRange{})
		}
	}
	if err := v.write(ctx); err != nil || v.sound { // what no tree leads to was deleted
		return err
	}
	known := func(name string) bool { _, ok := v.names[name]; return ok }
	if err := w.Adrift(known, func(name string, rows []groupcommit.WreckRow) error { return v.page(ctx, name, rows) }); err != nil {
		return err
	}
	return v.write(ctx)
}

// page takes what is of use on a page outside of the tree.
func (v *salvage) page(ctx context.Context, name string, rows []groupcommit.WreckRow) error {
	b, ok := v.names[name]
	if !ok {
		if b, ok = bucketOf(rows); !ok {
			return nil
		}
	}
	for _, r := range rows {
		if !v.wanted(b, r.Key) || !soundRow(b, r.Key, r.Value) {
			continue
		}
		if err := v.add(ctx, salvaged{b, r.Key, r.Value, false}); err != nil {
			return err
		}
	}
	return nil
}

// wanted reports whether a row from outside of the tree may be one that the tree
// has lost. Where content tells old from new, or nothing ever changes, any loss in
// the bucket lets all be looked at: the bounds of the loss may be damaged too.
func (v *salvage) wanted(b bucket, key []byte) bool {
	switch b {
	case bAccounts, bChunks, bMessages, bIndexes, bShared, bVanished, bDelivered, bThreads:
		return v.unsure || len(v.lost[b]) > 0
	case bRefs, bSeenCount, bShard: // derived anew
		return false
	}
	return v.unsure || v.isLost(b, key)
}

// isLost reports whether the row of a key may be among those that were lost.
func (v *salvage) isLost(b bucket, key []byte) bool {
	for _, r := range v.lost[b] {
		if (r.from == nil || bytes.Compare(r.from, key) <= 0) && (r.to == nil || bytes.Compare(key, r.to) < 0) {
			return true
		}
	}
	return false
}

// lostBelow reports whether rows whose keys begin with prefix may have been lost.
func (v *salvage) lostBelow(b bucket, prefix []byte) bool {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		end[i]++
		if end[i] != 0 {
			break
		}
	}
	for _, r := range v.lost[b] {
		if (r.from == nil || bytes.Compare(r.from, end) < 0) && (r.to == nil || bytes.Compare(prefix, r.to) < 0) {
			return true
		}
	}
	return false
}

func (v *salvage) add(ctx context.Context, r salvaged) error {
	v.rows++
	v.batch = append(v.batch, r)
	v.size += len(r.key) + len(r.value) + 64
	if v.size < salvageBatch {
		return nil
	}
	return v.write(ctx)
}

// write puts the batch into the new file.
func (v *salvage) write(ctx context.Context) error {
	err := v.s.transact(ctx, v.sh, func(t *txn) error {
		for i := range v.batch {
			if err := v.put(t, &v.batch[i]); err != nil {
				return err
			}
		}
		return nil
	})
	v.batch, v.size = v.batch[:0], 0
	return err
}

func (v *salvage) put(t *txn, r *salvaged) error {
	switch r.bucket {
	case bRefs, bSeenCount, bShard:
		return nil
	case bAccounts, bFolders:
		v.noteLive(r)
	}
	have := t.get(r.bucket, r.key)
	if have == nil {
		switch {
		case r.bucket == bMessages && !r.live:
			v.adrift[rowKey{binary.BigEndian.Uint32(r.key), last8(r.key)}] = true
		case r.bucket == bShared && !r.live:
			v.loose[last8(r.key)] = true
		}
		return t.put(r.bucket, r.key, r.value)
	}
	if r.live && r.bucket != bMessages { // met twice: the tree itself is wrong
		return nil
	}
	if row := v.better(r.bucket, r.key, have, r.value); row != nil {
		return t.put(r.bucket, r.key, row)
	}
	return nil
}

func (v *salvage) noteLive(r *salvaged) {
	if !r.live {
		return
	}
	v.live[r.bucket][string(r.key)] = true
	if r.bucket == bAccounts {
		row, _ := decodeAccount(r.key, r.value)
		v.most[row.id] = row.folders
	}
}

// better returns the row to be kept of two sound ones, nil if it is the first.
func (v *salvage) better(b bucket, key, have, other []byte) []byte {
	switch b {
	case bAccounts:
		x, _ := decodeAccount(key, have)
		y, _ := decodeAccount(key, other)
		if y.mod > x.mod || y.mod == x.mod && (y.deleted && !x.deleted || y.messages > x.messages) {
			return other
		}
	case bFolders:
		x, _ := decodeFolder(key, have)
		y, _ := decodeFolder(key, other)
		if y.highest > x.highest || y.highest == x.highest && y.uidNext > x.uidNext {
			return other
		}
	case bKeywords:
		x, _ := decodeKeywords(key, have)
		y, _ := decodeKeywords(key, other)
		if len(y.names) > len(x.names) {
			return other
		}
	case bChunks:
		return mergeChunks(key, have, other)
	case bVanished:
		if len(other) > len(have) {
			return other
		}
	case bMessages: // one with a damaged index is completed
		if _, err := decodeMessage(key, have, true); err != nil {
			if _, err := decodeMessage(key, other, true); err == nil {
				return other
			}
		}
	case bShared:
		if id := last8(key); v.loose[id] && !sameShared(have, other) {
			v.rivals[id] = struct{}{}
		}
	}
	return nil
}

// mergeChunks takes, of each UID, the state with the highest MODSEQ. That an UID is
// gone, the expunge log says.
func mergeChunks(key, have, other []byte) []byte {
	var x, y chunk
	if x.decode(key, have) != nil || y.decode(key, other) != nil {
		return nil
	}
	changed := false
	for m := y.present; m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(m)
		if x.present&(1<<i) == 0 || x.entries[i].mod < y.entries[i].mod {
			x.entries[i] = y.entries[i]
			x.present |= 1 << i
			changed = true
		}
	}
	if !changed {
		return nil
	}
	return x.encode(key)
}

// sameShared compares shared rows but for the number of users.
func sameShared(a, b []byte) bool {
	x, y := decoder{b: a[sumSize:]}, decoder{b: b[sumSize:]}
	x.uint()
	y.uint()
	return bytes.Equal(x.b, y.b)
}

// order in which the bucket of a page that does not say it is looked for: those
// whose rows can be taken for no other's come first.
var salvageOrder = []bucket{bMessages, bFolders, bChunks, bShared, bKeywords, bDelivered, bSeen, bThreads, bVanished, bIndexes, bAccounts, bPeople, bNames}

// bucketOf finds the bucket that all sound rows of a page can be of.
func bucketOf(rows []groupcommit.WreckRow) (bucket, bool) {
	best, most := bucket(0), 0
	for _, b := range salvageOrder {
		n := 0
		for _, r := range rows {
			if soundRow(b, r.Key, r.Value) {
				n++
			}
		}
		if n > most {
			best, most = b, n
		}
	}
	return best, most > 0
}

// soundRow reports whether a row of a bucket can be believed. Where the checksum
// does not tell buckets apart, the form of key and value does.
func soundRow(b bucket, key, row []byte) bool {
	if b == bMessages {
		_, err := decodeMessage(key, row, false)
		return err == nil && len(key) == 12 && plausible(key[:8], true)
	}
	p, err := unseal(b, key, row)
	if err != nil {
		return false
	}
	switch b {
	case bAccounts:
		r, err := decodeAccount(key, row)
		return err == nil && r.id > 0
	case bNames, bPeople:
		n, err := unsealUint(b, key, row)
		return err == nil && len(key) > 4 && (n > 0 || b == bNames)
	case bFolders:
		_, err := decodeFolder(key, row)
		return err == nil && len(key) == 8 && plausible(key, false)
	case bChunks:
		return len(key) == 12 && plausible(key, false) && len(p) >= 8 && new(chunk).parse(p)
	case bIndexes:
		return len(key) == 12 && plausible(key[:8], true) && len(p) > maxInlineIndex
	case bRefs:
		_, err := unsealUint(b, key, row)
		return err == nil && len(key) == 12 && plausible(key[:8], true)
	case bKeywords:
		_, err := decodeKeywords(key, row)
		return err == nil && len(key) == 4
	case bSeen:
		return len(key) == 16 && plausible(key, false) && len(p) == 8
	case bSeenCount:
		return len(key) == 12 && plausible(key, false)
	case bVanished:
		return len(key) == 16 && plausible(key, false) && soundVanished(p)
	case bDelivered:
		d := decoder{b: p}
		d.uint()
		d.uint()
		return len(key) == 20 && d.err() == nil
	case bThreads:
		_, err := unsealUint(b, key, row)
		return err == nil && len(key) == 16
	case bShared:
		d := decoder{b: p}
		d.uint()
		d.raw(32)
		d.uint()
		d.bytes()
		return len(key) == 8 && !d.bad && binary.BigEndian.Uint32(key) == 0
	case bShard:
		_, err := decodeShard(row)
		return err == nil
	}
	return false
}

// plausible reports whether a key begins with an account and, unless the second
// number is to be 0, a folder.
func plausible(key []byte, zero bool) bool {
	account, second := binary.BigEndian.Uint32(key), binary.BigEndian.Uint32(key[4:])
	return account > 0 && account <= maxAccounts && (second == 0) == zero
}

// soundVanished bounds what a row may unfold to.
func soundVanished(p []byte) bool {
	d := decoder{b: p}
	last := uint64(0)
	for len(d.b) > 0 && !d.bad {
		from := last + d.uint()
		last = from + d.uint()
		if last > 1<<32-1 || from == 0 {
			return false
		}
	}
	return d.err() == nil && len(p) > 0
}

// accounts lists those of the new file by name.
func (v *salvage) accounts() (all []accountFound, err error) {
	err = v.sh.db.View(func(tx *bbolt.Tx) error {
		all = nil
		return tx.Bucket([]byte(bAccounts.String())).ForEach(func(k, raw []byte) error {
			row, err := decodeAccount(k, raw)
			if err == nil {
				all = append(all, accountFound{string(k), row, v.live[bAccounts][string(k)]})
			}
			return nil
		})
	})
	return all, err
}

type accountFound struct {
	name string
	row  accountRow
	live bool
}
