package bolt

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"quangtri.gov.vn/vanthu/mailsvc"
)

const (
	inbox         = "INBOX"
	inboxID       = 1    // of every account
	maxNameLength = 1000 // bytes
	maxDepth      = 32
	maxFolders    = 5000 // an account
	maxAddress    = 320
	maxAccounts   = 1<<24 - 1 // a shard
)

// folderName puts a name in the form that is stored and compared: NFC, with
// INBOX in upper case. ErrInvalid.
func folderName(name string) (string, error) {
	if !utf8.ValidString(name) || len(name) > maxNameLength {
		return "", fmt.Errorf("%w: folder name", mailsvc.ErrInvalid)
	}
	name = norm.NFC.String(name)
	levels := strings.Split(name, "/")
	if len(levels) > maxDepth || len(name) > maxNameLength {
		return "", fmt.Errorf("%w: folder name too deep or too long", mailsvc.ErrInvalid)
	}
	for _, l := range levels {
		if l == "" || strings.ContainsFunc(l, unicode.IsControl) {
			return "", fmt.Errorf("%w: folder name", mailsvc.ErrInvalid)
		}
	}
	if strings.EqualFold(levels[0], inbox) && len(levels[0]) == len(inbox) {
		levels[0] = inbox
	}
	return strings.Join(levels, "/"), nil
}

func checkSpecialUse(s string) error {
	if s == "" {
		return nil
	}
	if s[0] != '\\' || checkKeyword(s[1:]) != nil || len(s) > 32 {
		return fmt.Errorf("%w: special use", mailsvc.ErrInvalid)
	}
	return nil
}

// CreateAccount implements mailsvc.Store. For an account that exists it adds
// the folders of which neither the name nor the special use is there.
func (s *Store) CreateAccount(ctx context.Context, name string, folders []mailsvc.FolderSpec) error {
	const op = "create account"
	if name == "" || len(name) > maxAddress || !utf8.ValidString(name) {
		return s.fail(op, name, fmt.Errorf("%w: address", mailsvc.ErrInvalid))
	}
	err := s.transact(ctx, s.shardOf(name), func(t *txn) error {
		a, err := t.ensureAccount(name)
		if err != nil {
			return err
		}
		return a.ensureFolders(folders)
	})
	if err != nil {
		return s.fail(op, name, err)
	}
	s.hubs.tell(name)
	return nil
}

func (a *account) ensureFolders(specs []mailsvc.FolderSpec) error {
	have, err := a.all()
	if err != nil {
		return err
	}
	for _, spec := range specs {
		name, err := folderName(spec.Name)
		if err != nil {
			return err
		}
		if err := checkSpecialUse(spec.SpecialUse); err != nil {
			return err
		}
		taken := slices.ContainsFunc(have, func(f *folder) bool {
			return f.row.name == name || spec.SpecialUse != "" && f.row.specialUse == spec.SpecialUse
		})
		if taken {
			continue
		}
		f, err := a.makeFolder(name, spec.SpecialUse)
		if err != nil {
			return err
		}
		have = append(have, f)
	}
	return nil
}

// ensureAccount loads or makes an account with its inbox.
func (t *txn) ensureAccount(name string) (*account, error) {
	key := []byte(name)
	var row accountRow
	if raw := t.get(bAccounts, key); raw != nil {
		var err error
		if row, err = decodeAccount(key, raw); err != nil {
			return nil, err
		}
		if !row.deleted {
			return t.account(name)
		}
		row.deleted = false
	} else {
		self, err := decodeShard(t.get(bShard, []byte(selfKey)))
		if err != nil {
			return nil, err
		}
		if self.accounts >= maxAccounts {
			return nil, fmt.Errorf("%w: accounts", mailsvc.ErrTooMany)
		}
		self.accounts++
		if err := t.put(bShard, []byte(selfKey), self.encode()); err != nil {
			return nil, err
		}
		row.id = self.accounts
	}
	a := t.adopt(name, row)
	a.dirty = true
	_, err := a.makeFolder(inbox, "")
	return a, err
}

// DeleteAccount implements mailsvc.Store.
func (s *Store) DeleteAccount(ctx context.Context, name string) error {
	const op = "delete account"
	err := s.transact(ctx, s.shardOf(name), func(t *txn) error {
		a, err := t.account(name)
		if err != nil {
			return err
		}
		if err := a.dropShared(); err != nil {
			return err
		}
		for _, b := range []bucket{bNames, bFolders, bChunks, bMessages, bIndexes, bRefs, bKeywords, bPeople, bSeen, bSeenCount, bVanished, bDelivered, bThreads} {
			if err := t.deleteAll(b, key4(a.row.id)); err != nil {
				return err
			}
		}
		a.row.deleted = true
		a.row.usage = 0
		a.row.people = 0
		a.dirty = true
		return nil
	})
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return s.fail(op, name, err)
	}
	s.hubs.tell(name)
	return nil
}

// all loads every folder of the account, in the order of their ids.
func (a *account) all() ([]*folder, error) {
	var ids []mailsvc.FolderID
	err := a.scan(bFolders, key4(a.row.id), func(k, _ []byte) error {
		ids = append(ids, mailsvc.FolderID(last4(k)))
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, f := range a.folders { // made in this transaction, not written yet
		if id := mailsvc.FolderID(f.id); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	var out []*folder
	for _, id := range ids {
		f, err := a.folder(id)
		if isNotFound(err) {
			continue // deleted in this transaction
		}
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// makeFolder makes a folder and its missing parents, subscribed. The name is
// normalised. ErrExists.
func (a *account) makeFolder(name, specialUse string) (*folder, error) {
	if _, err := a.named(name); !isNotFound(err) {
		if err == nil {
			err = mailsvc.ErrExists
		}
		return nil, err
	}
	if err := a.ensureParents(name); err != nil {
		return nil, err
	}
	return a.insertFolder(name, specialUse)
}

func (a *account) insertFolder(name, specialUse string) (*folder, error) {
	if err := a.roomForFolder(); err != nil {
		return nil, err
	}
	a.row.folders++
	a.row.validity = max(a.row.validity+1, uint32(max(a.now.Unix(), 1)))
	a.dirty = true
	f := &folder{a: a, id: a.row.folders, row: folderRow{
		name:       name,
		validity:   a.row.validity,
		uidNext:    1,
		specialUse: specialUse,
		subscribed: true,
	}}
	f.touched()
	a.folders = append(a.folders, f)
	return f, f.putName()
}

func (a *account) roomForFolder() error {
	if a.row.folders < maxFolders { // no more can exist than were ever made
		return nil
	}
	n := 0
	err := a.eachName(func(_ string, id uint32) {
		if id != noFolder {
			n++
		}
	})
	if err == nil && n >= maxFolders {
		err = fmt.Errorf("%w: more than %d folders", mailsvc.ErrTooMany, maxFolders)
	}
	return err
}

func (f *folder) putName() error {
	key := key4s(f.a.row.id, f.row.name)
	return f.a.put(bNames, key, sealUint(key, uint64(f.id)))
}

// Folders implements mailsvc.Store. INBOX comes first, the rest by name.
func (s *Store) Folders(ctx context.Context, person, name string) ([]mailsvc.Folder, error) {
	var out []mailsvc.Folder
	err := s.view(ctx, "list folders", name, func(a *account) error {
		v, err := a.viewer(person)
		if err != nil {
			return err
		}
		folders, err := a.all()
		if err != nil {
			return err
		}
		for _, f := range folders {
			d, err := f.described(v)
			if err != nil {
				return err
			}
			out = append(out, d)
		}
		return nil
	})
	slices.SortFunc(out, func(a, b mailsvc.Folder) int {
		if (a.Name == inbox) != (b.Name == inbox) {
			if a.Name == inbox {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out, err
}

// Folder implements mailsvc.Store.
func (s *Store) Folder(ctx context.Context, person, name, folderNamed string) (mailsvc.Folder, error) {
	var out mailsvc.Folder
	err := s.look(ctx, "find folder", name, func(a *account) error {
		n, err := folderName(folderNamed)
		if err != nil {
			return err
		}
		v, err := a.viewer(person)
		if err != nil {
			return err
		}
		f, err := a.named(n)
		if err != nil {
			return err
		}
		out, err = f.described(v)
		return err
	})
	return out, err
}

// CreateFolder implements mailsvc.Store.
func (s *Store) CreateFolder(ctx context.Context, name, folderNamed, specialUse string) (mailsvc.Folder, error) {
	var out mailsvc.Folder
	err := s.update(ctx, "create folder", name, func(a *account) error {
		n, err := folderName(folderNamed)
		if err != nil {
			return err
		}
		if err := checkSpecialUse(specialUse); err != nil {
			return err
		}
		f, err := a.makeFolder(n, specialUse)
		if err != nil {
			return err
		}
		out, err = f.described(viewer{own: true})
		return err
	})
	return out, err
}

// DeleteFolder implements mailsvc.Store. INBOX cannot be deleted; folders below
// the deleted one stay.
func (s *Store) DeleteFolder(ctx context.Context, name, folderNamed string) error {
	return s.update(ctx, "delete folder", name, func(a *account) error {
		n, err := folderName(folderNamed)
		if err != nil {
			return err
		}
		if n == inbox {
			return fmt.Errorf("%w: INBOX", mailsvc.ErrNotAllowed)
		}
		f, err := a.named(n)
		if err != nil {
			return err
		}
		return f.drop()
	})
}

// drop removes a folder and what is in it.
func (f *folder) drop() error {
	a := f.a
	if _, err := f.remove(everything, func(*entry) bool { return true }, true); err != nil {
		return err
	}
	own := key44(a.row.id, f.id)
	for _, b := range []bucket{bFolders, bChunks, bSeen, bSeenCount, bVanished} {
		if err := a.deleteAll(b, own); err != nil {
			return err
		}
	}
	f.gone = true
	a.nextMod()
	return f.leaveName()
}

// RenameFolder implements mailsvc.Store. ErrExists, ErrInvalid.
func (s *Store) RenameFolder(ctx context.Context, name, fromName, toName string) error {
	return s.update(ctx, "rename folder", name, func(a *account) error {
		from, err := folderName(fromName)
		if err != nil {
			return err
		}
		to, err := folderName(toName)
		if err != nil {
			return err
		}
		if strings.HasPrefix(to, from+"/") && from != inbox || to == inbox {
			return fmt.Errorf("%w: cannot rename there", mailsvc.ErrInvalid)
		}
		f, err := a.named(from)
		if err != nil {
			return err
		}
		if from == inbox {
			return a.renameInbox(f, to)
		}
		return a.rename(f, to)
	})
}

// renameInbox moves the inbox's messages into a new folder, RFC 9051 section 6.3.6.
func (a *account) renameInbox(f *folder, to string) error {
	target, err := a.makeFolder(to, "")
	if err != nil {
		return err
	}
	_, _, err = f.moveTo(target, everything)
	return err
}

func (a *account) rename(f *folder, to string) error {
	from := f.row.name
	if from == to {
		return mailsvc.ErrExists
	}
	folders, err := a.all()
	if err != nil {
		return err
	}
	moved := []*folder{f}
	for _, c := range folders {
		if strings.HasPrefix(c.row.name, from+"/") {
			moved = append(moved, c)
		}
	}
	for _, c := range moved {
		next, err := folderName(to + c.row.name[len(from):])
		if err != nil {
			return err
		}
		if _, err := a.named(next); !isNotFound(err) {
			if err == nil {
				err = mailsvc.ErrExists
			}
			return err
		}
	}
	if err := a.ensureParents(to); err != nil {
		return err
	}
	for _, c := range moved {
		if err := a.delete(bNames, key4s(a.row.id, c.row.name)); err != nil {
			return err
		}
		c.row.name = to + c.row.name[len(from):]
		if c.row.subscribed, err = c.subscribedAs(c.row.name); err != nil {
			return err
		}
		c.touched()
		if err := c.putName(); err != nil {
			return err
		}
	}
	return nil
}

// ensureParents makes the missing parents, at every level, of a folder that is
// about to exist.
func (a *account) ensureParents(name string) error {
	for i := range len(name) {
		if name[i] != '/' {
			continue
		}
		_, err := a.named(name[:i])
		if isNotFound(err) {
			_, err = a.insertFolder(name[:i], "")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Usage implements mailsvc.Store.
func (s *Store) Usage(ctx context.Context, name string) (int64, error) {
	var usage int64
	err := s.look(ctx, "read usage", name, func(a *account) error {
		usage = a.row.usage
		return nil
	})
	return usage, err
}
