package bolt

import "context"

// A folder's row says whether the folder is subscribed. A name that stays
// subscribed when its folder is deleted (RFC 9051 section 6.3.7) stays in bucket
// names and leads to noFolder, until somebody unsubscribes or a folder takes it.

// noFolder is the folder id of such a name.
const noFolder = 0

// maxGone is how many subscribed names without a folder an account keeps. Mail
// programs unsubscribe from what they delete; those that do not must not fill
// the account up: of further folders the subscription goes with the folder.
const maxGone = 1000

// eachName calls fn with every name of the account, ascending.
func (a *account) eachName(fn func(name string, id uint32)) error {
	return a.scan(bNames, key4(a.row.id), func(k, raw []byte) error {
		id, err := unsealUint(bNames, k, raw)
		if err == nil {
			fn(string(k[4:]), uint32(id))
		}
		return err
	})
}

// gone returns the subscribed names of which there is no folder, ascending.
func (a *account) gone() (names []string, err error) {
	err = a.eachName(func(name string, id uint32) {
		if id == noFolder {
			names = append(names, name)
		}
	})
	return names, err
}

// isGone reports whether a name is subscribed but no folder's.
func (a *account) isGone(name string) (bool, error) {
	key := key4s(a.row.id, name)
	raw := a.get(bNames, key)
	if raw == nil {
		return false, nil
	}
	id, err := unsealUint(bNames, key, raw)
	return id == noFolder && err == nil, err
}

// leaveName takes the name from a folder that is deleted.
func (f *folder) leaveName() error {
	key := key4s(f.a.row.id, f.row.name)
	if f.row.subscribed {
		others, err := f.a.gone()
		if err != nil {
			return err
		}
		if len(others) < maxGone {
			return f.a.put(bNames, key, sealUint(key, noFolder))
		}
	}
	return f.a.delete(bNames, key)
}

// subscribedAs says whether the folder is subscribed once it takes a name: the
// subscription that the name may have stays.
func (f *folder) subscribedAs(name string) (bool, error) {
	gone, err := f.a.isGone(name)
	return f.row.subscribed || gone, err
}

// Subscribe implements mailsvc.Store.
func (s *Store) Subscribe(ctx context.Context, name, folderNamed string, on bool) error {
	return s.update(ctx, "subscribe", name, func(a *account) error {
		n, err := folderName(folderNamed)
		if err != nil {
			return err
		}
		f, err := a.named(n)
		if isNotFound(err) {
			gone, gerr := a.isGone(n)
			switch {
			case gerr != nil:
				return gerr
			case !gone:
				return err
			case on:
				return nil
			}
			return a.delete(bNames, key4s(a.row.id, n))
		}
		if err != nil {
			return err
		}
		if f.row.subscribed != on {
			f.row.subscribed = on
			f.dirty = true
		}
		return nil
	})
}

// Subscriptions implements mailsvc.Store.
func (s *Store) Subscriptions(ctx context.Context, name string) (names []string, err error) {
	err = s.view(ctx, "list subscriptions", name, func(a *account) error {
		names, err = a.gone()
		return err
	})
	return names, err
}
