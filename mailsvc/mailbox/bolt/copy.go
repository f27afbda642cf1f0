package bolt

import (
	"context"
	"fmt"
	"math/bits"
	"slices"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// taken is a message as found in a folder.
type taken struct {
	uid   uint32
	entry entry
	marks []uint32 // people whose \Seen differs from fBorn
	seen  bool     // by the viewer
}

// read returns the messages of the ranges with everyone's \Seen, ascending.
func (f *folder) read(v viewer, ranges []span) ([]taken, error) {
	people, err := f.people()
	if err != nil {
		return nil, err
	}
	var out []taken
	var c chunk
	marks := make([]uint64, len(people))
	for _, ref := range f.chunksIn(ranges) {
		if err := c.decode(f.chunkKey(ref.no), ref.row); err != nil {
			return nil, err
		}
		for i, p := range people {
			if marks[i], err = f.seenBits(p.person, ref.no); err != nil {
				return nil, err
			}
		}
		for m := c.present & mask(ref.no, from(ranges, uidOf(ref.no, 0))); m != 0; m &= m - 1 {
			out = append(out, takeOne(v, ref.no, bits.TrailingZeros64(m), &c, people, marks))
		}
	}
	return out, nil
}

func takeOne(v viewer, no uint32, place int, c *chunk, people []seenCount, marks []uint64) taken {
	t := taken{uid: uidOf(no, place), entry: c.entries[place]}
	mine := false
	for i, p := range people {
		if marks[i]&(1<<place) != 0 {
			t.marks = append(t.marks, p.person)
			mine = mine || p.person == v.id
		}
	}
	t.seen = seenBy(v, &t.entry, mine)
	return t
}

func uidsOf(all []taken) []uint32 {
	out := make([]uint32, len(all))
	for i := range all {
		out[i] = all[i].uid
	}
	return out
}

// moveTo moves messages to another folder of the account (or to new UIDs of the same).
func (f *folder) moveTo(target *folder, ranges []span) (src []uint32, first uint32, err error) {
	all, err := f.read(viewer{own: true}, ranges)
	if err != nil || len(all) == 0 {
		return nil, 0, err
	}
	src = uidsOf(all)
	if first, err = target.add(itemsOf(all)); err != nil {
		return nil, 0, err
	}
	_, err = f.remove(collect(src), func(*entry) bool { return true }, false)
	return src, first, err
}

func itemsOf(all []taken) []item {
	items := make([]item, len(all))
	for i := range all {
		items[i] = item{all[i].entry, all[i].marks}
	}
	return items
}

// copyTo copies messages to another folder of the account.
func (f *folder) copyTo(target *folder, ranges []span) (src []uint32, first uint32, err error) {
	all, err := f.read(viewer{own: true}, ranges)
	if err != nil || len(all) == 0 {
		return nil, 0, err
	}
	var more int64
	for i := range all {
		more += all[i].entry.size
	}
	if err := f.a.checkQuota(more); err != nil {
		return nil, 0, err
	}
	for i := range all {
		if err := f.a.retain(&all[i].entry); err != nil {
			return nil, 0, err
		}
	}
	first, err = target.add(itemsOf(all))
	return uidsOf(all), first, err
}

// Copy implements mailsvc.Store. Flags go along. Within an account everyone's
// \Seen does; into another account only that of the person who copies.
func (s *Store) Copy(ctx context.Context, person, name string, id mailsvc.FolderID, ranges []mailsvc.Range, toAccount string, to mailsvc.FolderID) (src, dst []mailsvc.UID, err error) {
	if name != toAccount {
		s.across.RLock()
		defer s.across.RUnlock()
		return s.copyAcross(ctx, "copy", person, name, id, spans(ranges), toAccount, to)
	}
	return s.within(ctx, "copy", name, id, to, spans(ranges), (*folder).copyTo)
}

// Move implements mailsvc.Store.
func (s *Store) Move(ctx context.Context, person, name string, id mailsvc.FolderID, ranges []mailsvc.Range, toAccount string, to mailsvc.FolderID) (src, dst []mailsvc.UID, err error) {
	if name == toAccount {
		return s.within(ctx, "move", name, id, to, spans(ranges), (*folder).moveTo)
	}
	s.across.RLock()
	defer s.across.RUnlock()
	src, dst, err = s.copyAcross(ctx, "move", person, name, id, spans(ranges), toAccount, to)
	if err != nil || len(src) == 0 {
		return nil, nil, err
	}
	// The copy stands: giving up now would leave the message in both places.
	ctx = context.WithoutCancel(ctx)
	gone, err := s.withdraw(ctx, name, id, src)
	if err != nil {
		return src, dst, err
	}
	if len(gone) == len(src) {
		return src, dst, nil
	}
	return s.takeBack(ctx, gone, src, dst, toAccount, to)
}

// withdraw removes messages from a folder and returns those that were still there.
func (s *Store) withdraw(ctx context.Context, name string, id mailsvc.FolderID, uids []mailsvc.UID) ([]uint32, error) {
	plain := make([]uint32, len(uids))
	for i := range uids {
		plain[i] = uint32(uids[i])
	}
	var gone []uint32
	err := s.update(ctx, "move", name, func(a *account) error {
		f, err := a.folder(id)
		if err != nil {
			return err
		}
		gone, err = f.remove(collect(plain), func(*entry) bool { return true }, true)
		return err
	})
	return gone, err
}

// takeBack removes the copies of messages that somebody else had taken away
// between the copy and the removal: theirs is the move that counts.
func (s *Store) takeBack(ctx context.Context, gone []uint32, src, dst []mailsvc.UID, toAccount string, to mailsvc.FolderID) (moved, became []mailsvc.UID, err error) {
	var extra []mailsvc.UID
	for i := range src {
		if _, ok := slices.BinarySearch(gone, uint32(src[i])); ok {
			moved, became = append(moved, src[i]), append(became, dst[i])
		} else {
			extra = append(extra, dst[i])
		}
	}
	_, err = s.withdraw(ctx, toAccount, to, extra)
	return moved, became, err
}

// within copies or moves inside one account.
func (s *Store) within(ctx context.Context, op, name string, id, to mailsvc.FolderID, ranges []span, how func(f, target *folder, ranges []span) ([]uint32, uint32, error)) (src, dst []mailsvc.UID, err error) {
	err = s.update(ctx, op, name, func(a *account) error {
		f, err := a.folder(id)
		if err != nil {
			return err
		}
		target, err := a.folder(to)
		if err != nil {
			return err
		}
		uids, first, err := how(f, target, ranges)
		src, dst = pairs(uids, first)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return src, dst, nil
}

// pairs lists source UIDs and the consecutive ones they became.
func pairs(uids []uint32, first uint32) (src, dst []mailsvc.UID) {
	src, dst = make([]mailsvc.UID, len(uids)), make([]mailsvc.UID, len(uids))
	for i, u := range uids {
		src[i] = mailsvc.UID(u)
		dst[i] = mailsvc.UID(first) + mailsvc.UID(i)
	}
	return src, dst
}

// maxAcross is how many bytes of rows go from one account to another at a time:
// they are all in memory at once. It is some ten thousands of messages.
const maxAcross = 64 << 20

// foreign is a message on its way to another account.
type foreign struct {
	taken
	row      messageRow
	keywords []string
}

// copyAcross reads from one account and then writes to another.
func (s *Store) copyAcross(ctx context.Context, op, person, name string, id mailsvc.FolderID, ranges []span, toAccount string, to mailsvc.FolderID) (src, dst []mailsvc.UID, err error) {
	var all []foreign
	err = s.view(ctx, op, name, func(a *account) error {
		all, err = a.export(person, id, ranges)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	err = s.update(ctx, op, toAccount, func(a *account) error {
		f, err := a.folder(to)
		if err != nil || len(all) == 0 {
			src, dst = nil, nil
			return err
		}
		items, err := a.adoptAll(person, all)
		if err != nil {
			return err
		}
		first, err := f.add(items)
		uids := make([]uint32, len(all))
		for i := range all {
			uids[i] = all[i].uid
		}
		src, dst = pairs(uids, first)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return src, dst, nil
}

// export reads messages with all that another account needs of them.
func (a *account) export(person string, id mailsvc.FolderID, ranges []span) ([]foreign, error) {
	f, err := a.folder(id)
	if err != nil {
		return nil, err
	}
	v, err := a.viewer(person)
	if err != nil {
		return nil, err
	}
	table, err := a.keywordTable()
	if err != nil {
		return nil, err
	}
	found, err := f.read(v, ranges)
	if err != nil {
		return nil, err
	}
	out := make([]foreign, len(found))
	size := 0
	for i := range found {
		row, err := a.message(found[i].entry.message, true)
		if err != nil {
			return nil, err
		}
		if size += len(row.prefix) + len(row.index); size > maxAcross {
			return nil, fmt.Errorf("%w: messages for another account at a time, %d of %d fit", mailsvc.ErrTooMany, i, len(found))
		}
		out[i] = foreign{taken: found[i], row: row.clone()}
		for _, k := range found[i].entry.keywords {
			if int(k) < len(table.names) {
				out[i].keywords = append(out[i].keywords, table.names[k])
			}
		}
	}
	return out, nil
}

// adoptAll stores another account's messages here.
func (a *account) adoptAll(person string, all []foreign) ([]item, error) {
	v, err := a.knownViewer(person)
	if err != nil {
		return nil, err
	}
	items := make([]item, len(all))
	for i := range all {
		set, err := a.flags(all[i].keywords, true)
		if err != nil {
			return nil, err
		}
		row := all[i].row
		row.thread = 0
		row.where = indexInline // chosen anew
		n, err := a.newMessage(&row)
		if err != nil {
			return nil, err
		}
		e := entry{bits: all[i].entry.bits & systemBits, keywords: set.keywords, message: n, size: row.size()}
		items[i].entry = e
		switch {
		case all[i].seen && v.own:
			items[i].bits |= fSeen | fBorn
		case all[i].seen:
			items[i].marks = []uint32{v.id}
		}
	}
	return items, nil
}
