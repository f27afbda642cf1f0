package bolt

import (
	"context"
	"slices"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// Expunge implements mailsvc.Store.
func (s *Store) Expunge(ctx context.Context, name string, id mailsvc.FolderID, ranges []mailsvc.Range) ([]mailsvc.UID, error) {
	sp := everything
	if ranges != nil {
		sp = spans(ranges)
	}
	var gone []uint32
	err := s.update(ctx, "expunge", name, func(a *account) error {
		gone = nil
		f, err := a.folder(id)
		if err != nil || f.row.deleted == 0 {
			return err
		}
		gone, err = f.remove(sp, func(e *entry) bool { return e.bits&fDeleted != 0 }, true)
		return err
	})
	if err != nil {
		return nil, err
	}
	uids, _ := pairs(gone, 0)
	return uids, nil
}

// ChangesSince implements mailsvc.Store. Index, Prefix, Blob, Internal and
// ThreadID of the messages are left empty.
func (s *Store) ChangesSince(ctx context.Context, person, name string, id mailsvc.FolderID, since mailsvc.ModSeq) (mailsvc.Changes, error) {
	const op = "read changes"
	var snap *snapshot
	var vanished []mailsvc.UID
	err := s.view(ctx, op, name, func(a *account) error {
		v, err := a.viewer(person)
		if err != nil {
			return err
		}
		f, err := a.folder(id)
		if err != nil {
			return err
		}
		if snap, err = f.snapshot(v, everything); err != nil {
			return err
		}
		vanished, err = f.vanishedSince(uint64(since))
		return err
	})
	if err != nil {
		return mailsvc.Changes{}, err
	}
	snap.chunks = slices.DeleteFunc(snap.chunks, func(c chunkCopy) bool {
		_, top := chunkHead(c.payload)
		return top <= uint64(since)
	})
	out := mailsvc.Changes{Folder: snap.folder, Vanished: vanished}
	err = snap.each(func(uid uint32, e *entry, names []string) bool {
		if e.mod > uint64(since) {
			var m mailsvc.Message
			snap.brief(&m, uid, e, names)
			out.Changed = append(out.Changed, m)
		}
		return true
	})
	if err != nil {
		return mailsvc.Changes{}, s.fail(op, name, err)
	}
	return out, nil
}

// vanishedSince returns the UIDs expunged after a MODSEQ, ascending.
func (f *folder) vanishedSince(since uint64) ([]mailsvc.UID, error) {
	if since >= f.row.highest {
		return nil, nil
	}
	var out []mailsvc.UID
	own := key44(f.a.row.id, f.id)
	c := f.a.bucket(bVanished).Cursor()
	for k, row := c.Seek(key448(f.a.row.id, f.id, since+1)); k != nil; k, row = c.Next() {
		if len(k) != len(own)+8 || string(k[:len(own)]) != string(own) {
			break
		}
		uids, err := decodeVanished(k, row)
		if err != nil {
			return nil, err
		}
		for _, u := range uids {
			out = append(out, mailsvc.UID(u))
		}
	}
	slices.Sort(out)
	return out, nil
}
