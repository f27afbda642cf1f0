package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// What a counter is raised by when its row may be an older one: more than anybody
// can have used since.
const (
	modMargin     = 1 << 20
	messageMargin = 1 << 16
	folderMargin  = 256
)

// restore makes one sound shard of the rows that were collected.
func (v *salvage) restore(ctx context.Context, o *RepairOptions, out *Repaired) error {
	all, err := v.accounts()
	if err != nil {
		return err
	}
	if all, err = v.adopt(ctx, all, o); err != nil {
		return err
	}
	if err := v.clear(ctx, all); err != nil {
		return err
	}
	highest := uint32(0)
	for _, a := range all {
		highest = max(highest, a.row.id)
		if err := ctx.Err(); err != nil {
			return err
		}
		var part Repaired
		err := v.s.transact(ctx, v.sh, func(t *txn) error {
			part = Repaired{}
			return v.restoreAccount(t, a, o, &part)
		})
		if err != nil {
			return fmt.Errorf("account %s: %w", a.name, err)
		}
		out.Messages += part.Messages
		out.Rescued += part.Rescued
		out.Lost += part.Lost
		out.Renewed = append(out.Renewed, part.Renewed...)
	}
	return v.s.transact(ctx, v.sh, func(t *txn) error {
		self := shardRow{no: uint32(v.no), of: uint32(v.of), accounts: highest}
		return errors.Join(t.put(bShard, []byte(selfKey), self.encode()), recountShared(t))
	})
}

// adopt makes rows for accounts whose own is lost, and leaves one row an id.
func (v *salvage) adopt(ctx context.Context, all []accountFound, o *RepairOptions) ([]accountFound, error) {
	slices.SortStableFunc(all, func(a, b accountFound) int { // live ones first
		if a.live == b.live {
			return 0
		} else if a.live {
			return -1
		}
		return 1
	})
	ids, named := make(map[uint32]bool), make(map[string]bool)
	all = slices.DeleteFunc(all, func(a accountFound) bool {
		twice := ids[a.row.id]
		ids[a.row.id], named[a.name] = true, true
		return twice
	})
	var missing []string
	for _, name := range o.Accounts {
		if !named[name] && v.s.shardOf(name) == v.sh {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 || len(v.lost[bAccounts]) == 0 && !v.unsure {
		return all, nil
	}
	owners, err := v.owners(ids, missing)
	for id, name := range owners {
		all = append(all, accountFound{name: name, row: accountRow{id: id}})
	}
	return all, err
}

// owners finds whose the rows of unknown account ids are: by what the headers of
// delivered messages say, or because there is only one of each.
func (v *salvage) owners(known map[uint32]bool, missing []string) (map[uint32]string, error) {
	owners := make(map[uint32]string)
	err := v.sh.db.View(func(tx *bbolt.Tx) error {
		t := &txn{tx: tx, s: v.s, sh: v.sh}
		var unknown []uint32
		for _, b := range []bucket{bFolders, bMessages} {
			for id := range idsOf(t, b) {
				if !known[id] && !slices.Contains(unknown, id) {
					unknown = append(unknown, id)
				}
			}
		}
		for _, id := range unknown {
			if name := v.addressee(t, id, missing); name != "" {
				owners[id] = name
				missing = slices.DeleteFunc(missing, func(m string) bool { return m == name })
			}
		}
		unknown = slices.DeleteFunc(unknown, func(id uint32) bool { return owners[id] != "" })
		if len(unknown) == 1 && len(missing) == 1 {
			owners[unknown[0]] = missing[0]
		}
		return nil
	})
	return owners, err
}

// idsOf yields the account ids in a bucket.
func idsOf(t *txn, b bucket) map[uint32]bool {
	ids := make(map[uint32]bool)
	c := t.bucket(b).Cursor()
	for k, _ := c.First(); len(k) >= 4; {
		id := binary.BigEndian.Uint32(k)
		ids[id] = true
		if id == 1<<32-1 {
			break
		}
		k, _ = c.Seek(key4(id + 1))
	}
	return ids
}

// addressee returns the one address that Delivered-To of an account's messages names.
func (v *salvage) addressee(t *txn, id uint32, names []string) string {
	const enough = 1000
	votes, n := make(map[string]int), 0
	_ = t.scan(bMessages, key4(id), func(k, raw []byte) error {
		m, err := decodeMessage(k, raw, false)
		if err == nil {
			err = t.complete(k, &m, false)
		}
		for _, name := range names {
			if err == nil && bytes.Contains(m.prefix, []byte("Delivered-To: "+name+"\r\n")) {
				votes[name]++
			}
		}
		if n++; n == enough {
			return errStop
		}
		return nil
	})
	if len(votes) != 1 {
		return ""
	}
	for name := range votes {
		return name
	}
	return ""
}

// clear removes shared rows of which it is not known which version is the right
// one, and the rows of accounts that are deleted or that nobody knows.
func (v *salvage) clear(ctx context.Context, all []accountFound) error {
	live := make(map[uint32]bool)
	for _, a := range all {
		live[a.row.id] = !a.row.deleted
	}
	return v.s.transact(ctx, v.sh, func(t *txn) error {
		for id := range v.rivals {
			if err := t.delete(bShared, key8(id)); err != nil {
				return err
			}
		}
		for b := bNames; b < bShared; b++ {
			for id := range idsOf(t, b) {
				if live[id] {
					continue
				}
				if err := t.deleteAll(b, key4(id)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// recountShared makes the users of each shared row those that there are.
func recountShared(t *txn) error {
	users := make(map[uint64]uint64)
	err := t.scan(bMessages, nil, func(k, raw []byte) error {
		m, err := decodeMessage(k, raw, false)
		if err == nil && m.where == indexShared {
			users[m.shared.id]++
		}
		return err
	})
	if err != nil {
		return err
	}
	var wrong []uint64
	err = t.scan(bShared, nil, func(k, _ []byte) error {
		s, err := t.getShared(last8(k))
		if err == nil && s.users != users[s.id] {
			wrong = append(wrong, s.id)
		}
		return err
	})
	for _, id := range wrong {
		if users[id] == 0 {
			err = errors.Join(err, t.delete(bShared, key8(id)))
			continue
		}
		s, getErr := t.getShared(id)
		if getErr != nil {
			return getErr
		}
		own := *s
		own.prefix, own.index, own.users = bytes.Clone(s.prefix), bytes.Clone(s.index), users[id]
		err = errors.Join(err, t.putShared(&own))
	}
	return err
}

// restoring is one account on its way back.
type restoring struct {
	*account
	v   *salvage
	o   *RepairOptions
	out *Repaired

	sure     bool // the account's row is the last commit's
	sizes    map[uint64]int64
	apart    map[uint64]bool // messages whose index stands apart
	copies   map[uint64]uint64
	rows     map[uint32]folderRow
	named    map[uint32]string
	gone     []string // subscribed names without a folder
	taken    map[string]bool
	chunks   map[uint32][]uint32 // folder -> its chunks
	vanished map[uint32]map[uint32]uint64
	twice    map[uint32]bool // folders whose expunge log names something twice
	people   uint32
}

func (v *salvage) restoreAccount(t *txn, found accountFound, o *RepairOptions, out *Repaired) error {
	if found.row.deleted {
		return nil
	}
	r := &restoring{
		account: t.adopt(found.name, found.row), v: v, o: o, out: out, sure: found.live && !v.unsure,
		sizes: make(map[uint64]int64), apart: make(map[uint64]bool), copies: make(map[uint64]uint64),
		rows: make(map[uint32]folderRow), named: make(map[uint32]string), taken: make(map[string]bool),
		chunks: make(map[uint32][]uint32), vanished: make(map[uint32]map[uint32]uint64), twice: make(map[uint32]bool),
	}
	r.dirty = true
	for _, step := range []func() error{r.messages, r.readFolders, r.counters, r.foldersBack, r.rescue, r.references} {
		if err := step(); err != nil {
			return err
		}
	}
	r.row.usage = 0
	for _, f := range r.folders {
		if !f.gone {
			r.row.usage += f.row.size
			out.Messages += int(f.row.messages)
		}
	}
	r.row.people = max(r.row.people, r.people)
	return nil
}

// messages keeps the rows that are complete, or can be completed.
func (r *restoring) messages() error {
	var drop [][]byte
	var incomplete []messageRow
	var keys [][]byte
	err := r.scan(bMessages, key4(r.row.id), func(k, raw []byte) error {
		n := last8(k)
		m, err := r.message(n, true)
		if err == nil {
			r.sizes[n], r.apart[n] = m.size(), m.where == indexApart
			return nil
		}
		if m, err = r.message(n, false); err != nil {
			drop = append(drop, bytes.Clone(k))
			return nil
		}
		incomplete, keys = append(incomplete, m.clone()), append(keys, bytes.Clone(k))
		return nil
	})
	for i := range incomplete {
		ok, putErr := r.reindex(keys[i], &incomplete[i])
		if err = errors.Join(err, putErr); !ok {
			drop = append(drop, keys[i])
		}
	}
	for _, k := range drop {
		err = errors.Join(err, r.delete(bMessages, k))
	}
	return err
}

// reindex stores a message's row with an index that is computed anew.
func (r *restoring) reindex(key []byte, m *messageRow) (ok bool, err error) {
	if r.o.Index == nil {
		return false, nil
	}
	if m.index, err = r.o.Index(mailsvc.BlobID(hex.EncodeToString(m.blob[:]))); err != nil || len(m.index) > maxIndex {
		return false, nil // a message without a body is lost in any case
	}
	n := last8(key)
	r.choosePlace(m)
	r.sizes[n], r.apart[n] = m.size(), m.where == indexApart
	if err := r.put(bMessages, key, m.encode(key)); err != nil || !r.apart[n] {
		return true, err
	}
	return true, r.put(bIndexes, key, sealBytes(key, m.index))
}

// readFolders finds what there is of folders, and takes their names off the index.
func (r *restoring) readFolders() error {
	own := key4(r.row.id)
	err := r.scan(bFolders, own, func(k, raw []byte) error {
		row, err := decodeFolder(k, raw)
		r.rows[last4(k)] = row
		return err
	})
	err = errors.Join(err, r.scan(bNames, own, func(k, raw []byte) error {
		id, err := unsealUint(bNames, k, raw)
		if id == noFolder && err == nil {
			r.gone = append(r.gone, string(k[4:]))
			return nil
		}
		r.named[uint32(id)] = string(k[4:])
		return err
	}))
	err = errors.Join(err, r.scan(bChunks, own, func(k, _ []byte) error {
		id := binary.BigEndian.Uint32(k[4:])
		r.chunks[id] = append(r.chunks[id], last4(k))
		return nil
	}))
	err = errors.Join(err, r.scan(bVanished, own, func(k, raw []byte) error {
		id := binary.BigEndian.Uint32(k[4:])
		uids, err := decodeVanished(k, raw)
		if r.vanished[id] == nil {
			r.vanished[id] = make(map[uint32]uint64)
		}
		for _, u := range uids {
			no, place := placeOf(u)
			if r.vanished[id][no]&(1<<place) != 0 || u == 0 {
				r.twice[id] = true
			}
			r.vanished[id][no] |= 1 << place
		}
		return err
	}))
	return errors.Join(err, r.deleteAll(bNames, own))
}

// counters raises what the account has given out to what is met, and beyond
// anything it can have given out if its row is an old one.
func (r *restoring) counters() error {
	row := &r.row
	for n := range r.sizes {
		row.messages = max(row.messages, n)
	}
	for id, f := range r.rows {
		row.folders, row.validity, row.mod = max(row.folders, id), max(row.validity, f.validity), max(row.mod, f.highest)
	}
	for _, ids := range []map[uint32]uint64{countOf(r.chunks), countOf(r.vanished)} {
		for id := range ids {
			row.folders = max(row.folders, id)
		}
	}
	err := r.scan(bChunks, key4(row.id), func(k, raw []byte) error {
		p, err := unseal(bChunks, k, raw)
		if err == nil {
			_, top := chunkHead(p)
			row.mod = max(row.mod, top)
		}
		return err
	})
	err = errors.Join(err, r.scan(bVanished, key4(row.id), func(k, _ []byte) error {
		row.mod = max(row.mod, last8(k))
		return nil
	}))
	if !r.sure {
		row.mod += modMargin
		row.messages += messageMargin
		row.folders += folderMargin
		row.validity++
	}
	return err
}

func countOf[T any](m map[uint32]T) map[uint32]uint64 {
	out := make(map[uint32]uint64)
	for id := range m {
		out[id] = 1
	}
	return out
}

// rescue puts messages that are in no folder into one of their own. Those that
// only a page outside of the tree had may have been deleted long ago: they are
// kept only if what would tell is lost.
func (r *restoring) rescue() error {
	tells := !r.v.unsure && !r.v.lostBelow(bChunks, key4(r.row.id))
	var items []item
	for _, n := range sortedKeys(r.sizes) {
		if r.copies[n] > 0 {
			continue
		}
		key := key48(r.row.id, n)
		keep := !r.v.adrift[rowKey{r.row.id, n}] || !tells
		if keep && r.o.Held != nil {
			m, err := r.message(n, false)
			if err != nil {
				return err
			}
			keep = r.o.Held(mailsvc.BlobID(hex.EncodeToString(m.blob[:])))
		}
		if !keep {
			delete(r.sizes, n)
			if err := r.delete(bMessages, key); err != nil {
				return err
			}
			continue
		}
		items = append(items, item{entry: entry{message: n, size: r.sizes[n]}})
		r.copies[n] = 1
	}
	if len(items) == 0 {
		return nil
	}
	f, err := r.account.named(RescueFolder)
	if isNotFound(err) {
		f, err = r.makeFolder(RescueFolder, "")
	}
	if err != nil {
		return err
	}
	r.out.Rescued += len(items)
	_, err = f.add(items)
	return err
}

func sortedKeys[K uint32 | uint64, T any](m map[K]T) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// references counts copies anew, and removes indexes of no message.
func (r *restoring) references() error {
	own := key4(r.row.id)
	if err := r.deleteAll(bRefs, own); err != nil {
		return err
	}
	for n, c := range r.copies {
		if err := r.setExtraCopies(n, c-1); err != nil {
			return err
		}
	}
	var stray [][]byte
	err := r.scan(bIndexes, own, func(k, _ []byte) error {
		if _, held := r.sizes[last8(k)]; !held || !r.apart[last8(k)] {
			stray = append(stray, bytes.Clone(k))
		}
		return nil
	})
	for _, k := range stray {
		err = errors.Join(err, r.delete(bIndexes, k))
	}
	return err
}
