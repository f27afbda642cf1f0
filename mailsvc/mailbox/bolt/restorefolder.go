package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// foldersBack restores every folder of which anything is left. Those that the
// tree led to have the first right to their names.
func (r *restoring) foldersBack() error {
	ids := countOf(r.rows)
	for _, more := range []map[uint32]uint64{countOf(r.chunks), countOf(r.vanished)} {
		for id := range more {
			ids[id] = 1
		}
	}
	for id := range r.named {
		if r.rowMayBeLost(id) {
			ids[id] = 1
		}
	}
	for _, live := range []bool{true, false} {
		for _, id := range sortedKeys(ids) {
			if r.v.live[bFolders][string(key44(r.row.id, id))] != live || id == 0 {
				continue
			}
			if err := r.folderBack(id, live); err != nil {
				return fmt.Errorf("folder %d: %w", id, err)
			}
		}
	}
	_, err := r.account.named(inbox)
	if isNotFound(err) {
		_, err = r.makeFolder(inbox, "")
	}
	if err != nil {
		return err
	}
	return r.subscriptionsBack()
}

// subscriptionsBack restores the subscribed names that no folder bears.
func (r *restoring) subscriptionsBack() error {
	for _, name := range r.gone {
		if n, err := folderName(name); err != nil || n != name || r.taken[name] {
			continue
		}
		key := key4s(r.row.id, name)
		if err := r.put(bNames, key, sealUint(key, noFolder)); err != nil {
			return err
		}
	}
	return nil
}

func (r *restoring) rowMayBeLost(id uint32) bool {
	return !r.sure || r.v.isLost(bFolders, key44(r.row.id, id))
}

// existed reports whether a folder that the tree does not lead to was there in the
// end: it may have been deleted, and what was found be left over from before.
func (r *restoring) existed(id uint32) bool {
	_, found := r.rows[id]
	_, named := r.named[id]
	switch {
	case found && r.v.unsure && !r.v.isLost(bFolders, key44(r.row.id, id)):
		return id > r.v.most[r.row.id] // of the last commit, which the tree does not know
	case !found && !r.rowMayBeLost(id):
		return false
	}
	return named || !r.sure || r.v.lostBelow(bNames, key4(r.row.id))
}

func (r *restoring) folderBack(id uint32, live bool) error {
	own := key44(r.row.id, id)
	if !live && !r.existed(id) {
		var err error
		for _, b := range []bucket{bFolders, bChunks, bSeen, bSeenCount, bVanished} {
			err = errors.Join(err, r.deleteAll(b, own))
		}
		return err
	}
	row, found := r.rows[id]
	if !found {
		row = folderRow{name: r.named[id], subscribed: true}
	}
	f := &folder{a: r.account, id: id, row: row, dirty: true, loaded: true}
	r.account.folders = append(r.account.folders, f)
	changed := r.giveName(f) || !live
	f.row.messages, f.row.seen, f.row.born, f.row.deleted, f.row.size = 0, 0, 0, 0, 0
	f.row.uidNext = max(f.row.uidNext, 1)
	present, lost, err := r.chunksBack(f)
	if err != nil {
		return err
	}
	r.out.Lost += lost
	holes, err := r.fillHoles(f, present)
	if err != nil {
		return err
	}
	f.row.highest = min(max(f.row.highest, 1), r.row.mod)
	if f.row.highest == 0 {
		f.touched()
	}
	if err := r.seenBack(f, present); err != nil {
		return err
	}
	if changed || holes || lost > 0 || !r.sure || f.row.validity == 0 || r.v.lostBelow(bChunks, own) || r.v.lostBelow(bVanished, own) {
		r.renew(f)
	}
	return f.putName()
}

// renew gives the folder a UIDVALIDITY that it never had.
func (r *restoring) renew(f *folder) {
	r.row.validity = max(r.row.validity+1, uint32(max(r.now.Unix(), 1)))
	f.row.validity = r.row.validity
	f.touched()
	r.out.Renewed = append(r.out.Renewed, r.name+": "+f.row.name)
}

// giveName makes sure that the folder has a name of its own, and reports whether
// it had to make one.
func (r *restoring) giveName(f *folder) (made bool) {
	name, err := folderName(f.row.name)
	switch {
	case err == nil && !r.taken[name]:
	case name == "" && f.id == inboxID && !r.taken[inbox] && !r.hasInbox():
		name, made = inbox, true
	default:
		name, made = fmt.Sprintf("%s/%d", RescueFolder, f.id), true
		for r.taken[name] {
			name += "+"
		}
	}
	r.taken[name] = true
	f.row.name = name
	if made || f.row.specialUse != "" || f.row.validity != 0 {
		return made
	}
	for _, spec := range r.o.Folders {
		if n, err := folderName(spec.Name); err == nil && n == name {
			f.row.specialUse = spec.SpecialUse
		}
	}
	return made
}

func (r *restoring) hasInbox() bool {
	for _, row := range r.rows {
		if row.name == inbox {
			return true
		}
	}
	return false
}

// chunksBack keeps the entries whose message is there and which are not expunged,
// and counts them. present are the chunks as they now are.
func (r *restoring) chunksBack(f *folder) (present map[uint32]*chunk, lost int, err error) {
	table, err := r.keywordTable()
	if err != nil {
		return nil, 0, err
	}
	present = make(map[uint32]*chunk)
	for _, no := range r.chunks[f.id] {
		c := new(chunk)
		if err := f.load(no, c); err != nil {
			return nil, 0, err
		}
		was, rewrite := c.present, false
		c.present &^= r.vanished[f.id][no]
		for m := c.present; m != 0; m &= m - 1 {
			i := bits.TrailingZeros64(m)
			e, uid := &c.entries[i], uidOf(no, i)
			size, held := r.sizes[e.message]
			if !held || size != e.size || uid == 0 || uid == 1<<32-1 || e.mod == 0 {
				c.present &^= 1 << i
				lost++
				continue
			}
			kept := e.keywords[:0]
			for _, k := range e.keywords {
				if int(k) < len(table.names) {
					kept = append(kept, k)
				}
			}
			rewrite = rewrite || len(kept) != len(e.keywords)
			e.keywords = kept
			f.count(e, 1)
			r.copies[e.message]++
			f.row.highest = max(f.row.highest, e.mod)
			f.row.uidNext = max(f.row.uidNext, uid+1)
		}
		if rewrite || c.present != was {
			if err := f.store(no, c); err != nil {
				return nil, 0, err
			}
		}
		if c.present != 0 {
			present[no] = c
		}
	}
	return present, lost, nil
}

// fillHoles logs every UID that is neither there nor known to be expunged. It
// reports whether there was one, or the log had to be written anew.
func (r *restoring) fillHoles(f *folder, present map[uint32]*chunk) (changed bool, err error) {
	gone := r.vanished[f.id]
	for no, set := range gone {
		f.row.uidNext = max(f.row.uidNext, uidOf(no, 63-bits.LeadingZeros64(set))+1)
	}
	own := key44(r.row.id, f.id)
	err = r.scan(bVanished, own, func(k, _ []byte) error {
		f.row.highest = max(f.row.highest, last8(k))
		return nil
	})
	if err == nil && r.twice[f.id] {
		err = r.deleteAll(bVanished, own)
	}
	var holes []uint32
	last := (f.row.uidNext - 1) >> chunkBits
	for no := uint32(0); no <= last && f.row.uidNext > 1; no++ {
		known := gone[no]
		if r.twice[f.id] {
			known = 0
		}
		if c := present[no]; c != nil {
			known |= c.present
		}
		for m := ^known & mask(no, []span{{1, f.row.uidNext - 1}}); m != 0; m &= m - 1 {
			holes = append(holes, uidOf(no, bits.TrailingZeros64(m)))
		}
	}
	if err != nil || len(holes) == 0 {
		return r.twice[f.id], err
	}
	f.touched()
	return true, f.logVanished(holes)
}

// seenBack keeps each person's \Seen of the messages that are there.
func (r *restoring) seenBack(f *folder, present map[uint32]*chunk) error {
	own := key44(r.row.id, f.id)
	err := r.deleteAll(bSeenCount, own)
	type bitmap struct {
		key []byte
		set uint64
	}
	var changed []bitmap
	counts := make(map[uint32]int64)
	err = errors.Join(err, r.scan(bSeen, own, func(k, raw []byte) error {
		was, err := unsealBitmap(k, raw)
		person, set := binary.BigEndian.Uint32(k[8:]), uint64(0)
		if c := present[last4(k)]; c != nil && person != 0 {
			set = was & c.present
			for m := set; m != 0; m &= m - 1 {
				if c.entries[bits.TrailingZeros64(m)].bits&fBorn != 0 {
					counts[person]--
				} else {
					counts[person]++
				}
			}
		}
		if set != was || set == 0 {
			changed = append(changed, bitmap{bytes.Clone(k), set})
		}
		if set != 0 {
			counts[person] += 0
			r.people = max(r.people, person)
		}
		return err
	}))
	for _, b := range changed {
		if b.set == 0 {
			err = errors.Join(err, r.delete(bSeen, b.key))
			continue
		}
		err = errors.Join(err, r.put(bSeen, b.key, sealBitmap(b.key, b.set)))
	}
	for person, n := range counts {
		err = errors.Join(err, f.putSeen(seenCount{person, n}))
	}
	return err
}
