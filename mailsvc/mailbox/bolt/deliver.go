package bolt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"

	"quangtri.gov.vn/vanthu/internal/blob"
	"quangtri.gov.vn/vanthu/internal/crashpoint"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// Bounds of a message's row.
const (
	maxPrefix = 64 << 10
	maxIndex  = 1 << 20
	maxRefs   = 20
)

// ShardDelivered is the crash point after one of a delivery's shards has committed.
const ShardDelivered = "mailbox.shard-delivered"

// rowOf checks a new message and makes its row.
func rowOf(m *mailsvc.NewMessage, prefix []byte) (messageRow, error) {
	row := messageRow{blobSize: m.BlobSize, prefix: prefix, internal: m.Internal, index: m.Index}
	if !blob.Valid(string(m.Blob)) || m.BlobSize < 0 {
		return row, fmt.Errorf("%w: body name or size", mailsvc.ErrInvalid)
	}
	if _, err := hex.Decode(row.blob[:], []byte(m.Blob)); err != nil {
		return row, fmt.Errorf("%w: body name", mailsvc.ErrInvalid)
	}
	if len(prefix) > maxPrefix || len(m.Index) > maxIndex {
		return row, fmt.Errorf("%w: headers or index of the message", mailsvc.ErrTooLarge)
	}
	return row, nil
}

// insert stores a new message and returns it as an item of a folder.
func (a *account) insert(m *mailsvc.NewMessage, prefix []byte, flags []string) (item, error) {
	row, err := rowOf(m, prefix)
	if err != nil {
		return item{}, err
	}
	if row.internal.IsZero() {
		row.internal = a.now
	}
	set, err := a.flags(flags, true)
	if err != nil {
		return item{}, err
	}
	if row.thread, err = a.thread(m.Refs); err != nil {
		return item{}, err
	}
	n, err := a.newMessage(&row)
	if err != nil {
		return item{}, err
	}
	if err := a.joinThread(m.Refs, row.thread); err != nil {
		return item{}, err
	}
	e := entry{bits: set.bits, keywords: set.keywords, message: n, size: row.size()}
	if set.bits&fSeen != 0 {
		e.bits |= fBorn
	}
	return item{entry: e}, nil
}

func threadKey(account uint32, ref string) []byte {
	sum := sha256.Sum256([]byte(ref))
	return append(key4(account), sum[:12]...)
}

// thread returns the thread that one of the references belongs to, 0 if none.
func (a *account) thread(refs []string) (uint64, error) {
	for i, ref := range refs {
		if i == maxRefs {
			break
		}
		key := threadKey(a.row.id, ref)
		if raw := a.get(bThreads, key); raw != nil {
			return unsealUint(bThreads, key, raw)
		}
	}
	return 0, nil
}

// joinThread puts the references that are in no thread yet into this one, so
// that answers to a message that never came still find each other.
func (a *account) joinThread(refs []string, thread uint64) error {
	for i, ref := range refs {
		if i == maxRefs {
			break
		}
		key := threadKey(a.row.id, ref)
		if a.get(bThreads, key) != nil {
			continue
		}
		if err := a.put(bThreads, key, sealUint(key, thread)); err != nil {
			return err
		}
	}
	return nil
}

// Append implements mailsvc.Store. ErrNotFound, ErrOverQuota, ErrTooLarge, ErrTooMany, ErrInvalid.
func (s *Store) Append(ctx context.Context, name string, id mailsvc.FolderID, msgs []mailsvc.NewMessage) ([]mailsvc.UID, error) {
	var uids []mailsvc.UID
	err := s.update(ctx, "append", name, func(a *account) error {
		uids = nil
		f, err := a.folder(id)
		if err != nil || len(msgs) == 0 {
			return err
		}
		fresh, err := a.unseen(msgs)
		if err != nil {
			return err
		}
		items := make([]item, len(fresh))
		for i, k := range fresh {
			if items[i], err = a.insert(&msgs[k], msgs[k].Prefix, msgs[k].Flags); err != nil {
				return err
			}
		}
		uids = make([]mailsvc.UID, len(msgs))
		if len(items) == 0 {
			return nil
		}
		first, err := f.add(items)
		if err != nil {
			return err
		}
		for i, k := range fresh {
			uids[k] = mailsvc.UID(first) + mailsvc.UID(i)
			if id := msgs[k].ID; id != "" {
				if err := a.noteDelivered(id, f.id, uint32(uids[k])); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return uids, nil
}

// Replace implements mailsvc.Store.
func (s *Store) Replace(ctx context.Context, name string, id mailsvc.FolderID, old mailsvc.UID, to mailsvc.FolderID, m mailsvc.NewMessage) (mailsvc.UID, error) {
	var uid uint32
	err := s.update(ctx, "replace", name, func(a *account) error {
		if m.ID != "" {
			return fmt.Errorf("%w: a replacement has no id", mailsvc.ErrInvalid)
		}
		f, err := a.folder(id)
		if err != nil {
			return err
		}
		target, err := a.folder(to)
		if err != nil {
			return err
		}
		a.mayKeep()
		gone, err := f.remove([]span{{uint32(old), uint32(old)}}, func(*entry) bool { return true }, true)
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			return fmt.Errorf("%w: the message to be replaced", mailsvc.ErrNotFound)
		}
		it, err := a.insert(&m, m.Prefix, m.Flags)
		if err != nil {
			return err
		}
		uid, err = target.add([]item{it})
		return err
	})
	if err != nil {
		return 0, err
	}
	return mailsvc.UID(uid), nil
}

// unseen returns the places of the messages whose id, if they have one, is new
// to the account.
func (a *account) unseen(msgs []mailsvc.NewMessage) ([]int, error) {
	fresh := make([]int, 0, len(msgs))
	taken := make(map[string]bool)
	for i := range msgs {
		if id := msgs[i].ID; id != "" {
			done, err := a.delivered(id)
			if err != nil {
				return nil, err
			}
			if done || taken[id] {
				continue
			}
			taken[id] = true
		}
		fresh = append(fresh, i)
	}
	return fresh, nil
}

// Deliver implements mailsvc.Store: one commit a shard, all shards at once.
func (s *Store) Deliver(ctx context.Context, d mailsvc.Delivery) []error {
	errs := make([]error, len(d.Targets))
	byShard := make(map[*shard][]int)
	for i := range d.Targets {
		sh := s.shardOf(d.Targets[i].Account)
		byShard[sh] = append(byShard[sh], i)
	}
	var wait sync.WaitGroup
	for sh, targets := range byShard {
		wait.Go(func() { s.deliverShard(ctx, sh, &d, targets, errs) })
	}
	wait.Wait()
	for i, err := range errs {
		account := d.Targets[i].Account
		if err != nil {
			errs[i] = s.fail("deliver", account, err)
			continue
		}
		s.hubs.tell(account)
	}
	return errs
}

// deliverShard fills in the errors of the given targets, all of one shard. A
// target that fails after it has written is left out, and the rest begun anew.
func (s *Store) deliverShard(ctx context.Context, sh *shard, d *mailsvc.Delivery, targets []int, errs []error) {
	for len(targets) > 0 {
		err := s.transact(ctx, sh, func(t *txn) error { return t.deliverAll(d, targets, errs) })
		var failed targetError
		if errors.As(err, &failed) {
			errs[failed.target] = failed.err
			targets = slices.DeleteFunc(targets, func(i int) bool { return i == failed.target })
		} else {
			for _, i := range targets {
				if err != nil {
					errs[i] = err
				}
			}
			break
		}
	}
	crashpoint.Here(ShardDelivered)
}

// targetError is the failure of one target of a delivery.
type targetError struct {
	target int
	err    error
}

func (e targetError) Error() string { return e.err.Error() }

// refusal is a failure that changed nothing, and so leaves the other targets of
// its transaction alone.
type refusal struct{ error }

func (t *txn) deliverAll(d *mailsvc.Delivery, targets []int, errs []error) error {
	if len(targets) > 1 {
		t.share = new(sharing)
	}
	for _, i := range targets {
		err := t.deliver(d, &d.Targets[i])
		var refused refusal
		switch {
		case err == nil:
			errs[i] = nil
		case errors.As(err, &refused):
			errs[i] = refused.error
		default:
			return targetError{i, err}
		}
	}
	return nil
}

// deliver puts the message into one target's folder, unless it is there.
func (t *txn) deliver(d *mailsvc.Delivery, target *mailsvc.Target) error {
	a, err := t.account(target.Account)
	if err != nil {
		return refusal{err}
	}
	name := inbox
	if target.Folder != "" {
		if name, err = folderName(target.Folder); err != nil {
			return refusal{err}
		}
	}
	if d.ID != "" {
		done, err := a.delivered(d.ID)
		if err != nil {
			return refusal{err}
		}
		if done {
			return nil
		}
	}
	if d.Always {
		a.limit, a.limited = 0, true
	}
	if err := a.acceptable(&d.Message, target); err != nil {
		return refusal{err}
	}
	f, err := a.named(name)
	if isNotFound(err) {
		f, err = a.makeFolder(name, "")
	}
	if err != nil {
		return err
	}
	it, err := a.insert(&d.Message, target.Prefix, target.Flags)
	if err != nil {
		return err
	}
	uid, err := f.add([]item{it})
	if err != nil || d.ID == "" {
		return err
	}
	return a.noteDelivered(d.ID, f.id, uid)
}

// acceptable finds reasons of the target's own before anything is written.
func (a *account) acceptable(m *mailsvc.NewMessage, target *mailsvc.Target) error {
	row, err := rowOf(m, target.Prefix)
	if err != nil {
		return err
	}
	if _, err := a.flags(target.Flags, false); err != nil {
		return err
	}
	return a.checkQuota(row.size())
}

func deliveredKey(account uint32, id string) []byte {
	sum := sha256.Sum256([]byte(id))
	return append(key4(account), sum[:16]...)
}

func (a *account) delivered(id string) (bool, error) {
	key := deliveredKey(a.row.id, id)
	raw := a.get(bDelivered, key)
	if raw == nil {
		return false, nil
	}
	_, err := unseal(bDelivered, key, raw)
	return err == nil, err
}

// noteDelivered is kept for ever: also when the message is gone, a repeated
// delivery must not bring it back.
func (a *account) noteDelivered(id string, folder, uid uint32) error {
	key := deliveredKey(a.row.id, id)
	e := newEncoder(10)
	e.uint(uint64(folder))
	e.uint(uint64(uid))
	return a.put(bDelivered, key, seal(key, e.b))
}
