package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/bits"

	"go.etcd.io/bbolt"
)

// maxFindings bounds what Check returns.
const maxFindings = 1000

// Check implements mailsvc.Store. It reads every row of every shard in one
// read-only transaction a shard: checksums, counters, references both ways,
// UIDs and MODSEQs. It stops early when ctx ends or after 1,000 findings.
func (s *Store) Check(ctx context.Context) []error {
	c := &check{ctx: ctx}
	for _, sh := range s.shards {
		err := sh.db.View(func(tx *bbolt.Tx) error {
			c.txn = &txn{tx: tx, s: s, sh: sh}
			c.users = make(map[uint64]uint64)
			return c.shard()
		})
		if err != nil {
			c.errs = append(c.errs, s.fail("check", fmt.Sprint("shard ", sh.no), err))
		}
	}
	return c.errs
}

// CheckPages verifies the page structure of the files. It stops all changes
// while it runs, and is meant for a store that serves nobody.
func (s *Store) CheckPages(ctx context.Context) []error {
	var errs []error
	for _, sh := range s.shards {
		err := s.transact(ctx, sh, func(t *txn) error {
			for err := range t.tx.Check() {
				errs = append(errs, fmt.Errorf("shard %d: %w", sh.no, err))
			}
			return nil
		})
		if err != nil {
			errs = append(errs, s.fail("check pages", fmt.Sprint("shard ", sh.no), err))
		}
	}
	return errs
}

type check struct {
	*txn
	ctx   context.Context
	errs  []error
	users map[uint64]uint64 // of shared rows, as met
}

type tooMany struct{}

func (tooMany) Error() string { return "too many findings" }

func (c *check) found(format string, args ...any) error {
	c.errs = append(c.errs, fmt.Errorf("shard %d: "+format, append([]any{c.sh.no}, args...)...))
	if len(c.errs) >= maxFindings {
		return tooMany{}
	}
	return nil
}

// want records a finding unless ok. Its own error only says: stop.
func (c *check) want(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return c.found(format, args...)
}

func (c *check) shard() error {
	self, err := decodeShard(c.get(bShard, []byte(selfKey)))
	if err != nil {
		return err
	}
	live := make(map[uint32]string)
	err = c.scan(bAccounts, nil, func(k, raw []byte) error {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		row, err := decodeAccount(k, raw)
		if err != nil {
			return c.found("%w", err)
		}
		if err := c.want(row.id > 0 && row.id <= self.accounts && live[row.id] == "", "account %s: id %d", k, row.id); err != nil {
			return err
		}
		if err := c.want(c.s.shardOf(string(k)) == c.sh, "account %s: in the wrong shard", k); err != nil {
			return err
		}
		if row.deleted {
			return nil
		}
		live[row.id] = string(k)
		return c.account(&account{txn: c.txn, name: string(k), row: row})
	})
	if err != nil {
		return err
	}
	if err := c.strays(live); err != nil {
		return err
	}
	return c.sharedRows()
}

// sharedRows proves that each has exactly the users that are counted.
func (c *check) sharedRows() error {
	rows := 0
	err := c.scan(bShared, nil, func(k, _ []byte) error {
		rows++
		s, err := c.getShared(last8(k))
		if err != nil {
			return c.found("%w", err)
		}
		return c.want(s.users > 0 && s.users == c.users[s.id], "shared row %d: %d users, counted %d", s.id, s.users, c.users[s.id])
	})
	if err != nil {
		return err
	}
	return c.want(rows == len(c.users), "%d shared rows, %d in use", rows, len(c.users))
}

// strays finds rows of accounts that do not exist.
func (c *check) strays(live map[uint32]string) error {
	for b := bNames; b < bShared; b++ {
		cursor := c.bucket(b).Cursor()
		for k, _ := cursor.Seek(nil); k != nil; {
			if len(k) < 4 {
				return c.found("%v: short key %x", b, k)
			}
			id := binary.BigEndian.Uint32(k)
			if _, ok := live[id]; !ok {
				if err := c.found("%v: rows of no account, id %d", b, id); err != nil {
					return err
				}
			}
			k, _ = cursor.Seek(key4(id + 1))
		}
	}
	return nil
}

// accountCheck is what the parts of an account's check tell each other.
type accountCheck struct {
	*check
	a          *account
	copies     map[uint64]uint64 // message number -> copies met
	sizes      map[uint64]int64
	usage      int64
	keywords   int
	folders    map[uint32]bool
	validities map[uint32]bool
}

func (c *check) account(a *account) error {
	ac := &accountCheck{
		check: c, a: a,
		copies: make(map[uint64]uint64), sizes: make(map[uint64]int64),
		folders: make(map[uint32]bool), validities: make(map[uint32]bool),
	}
	if k, err := a.keywordTable(); err != nil {
		if err := c.found("%w", err); err != nil {
			return err
		}
	} else {
		ac.keywords = len(k.names)
	}
	if _, err := a.named(inbox); err != nil {
		if err := c.found("account %s: INBOX: %w", a.name, err); err != nil {
			return err
		}
	}
	for _, step := range []func() error{ac.messages, ac.allFolders, ac.names, ac.references, ac.plainRows} {
		if err := step(); err != nil {
			return err
		}
	}
	return c.want(ac.usage == a.row.usage, "account %s: usage %d, row says %d", a.name, ac.usage, a.row.usage)
}

// messages reads every message row with its index.
func (ac *accountCheck) messages() error {
	return ac.scan(bMessages, key4(ac.a.row.id), func(k, raw []byte) error {
		n := last8(k)
		m, err := ac.a.message(n, true)
		if err != nil {
			return ac.found("account %s, message %d: %w", ac.a.name, n, err)
		}
		ac.sizes[n] = m.size()
		if m.where == indexShared {
			ac.users[m.shared.id]++
		}
		return ac.want(n > 0 && n <= ac.a.row.messages, "account %s: message number %d of %d", ac.a.name, n, ac.a.row.messages)
	})
}

func (ac *accountCheck) allFolders() error {
	folders, err := ac.a.all()
	if err != nil {
		return ac.found("account %s: %w", ac.a.name, err)
	}
	for _, f := range folders {
		ac.folders[f.id] = true
		if err := ac.folder(f); err != nil {
			return err
		}
	}
	return nil
}

func (ac *accountCheck) folder(f *folder) error {
	at := fmt.Sprintf("account %s, folder %d", ac.a.name, f.id)
	r, a := &f.row, &ac.a.row
	ok := f.id > 0 && f.id <= a.folders && r.validity > 0 && r.validity <= a.validity && r.highest > 0 && r.highest <= a.mod && r.uidNext > 0
	if err := ac.want(ok, "%s: ids %+v beyond the account's %+v", at, *r, *a); err != nil {
		return err
	}
	if err := ac.want(!ac.validities[r.validity], "%s: UIDVALIDITY %d is another folder's", at, r.validity); err != nil {
		return err
	}
	ac.validities[r.validity] = true
	byName, err := ac.a.named(r.name)
	if err := ac.want(err == nil && byName.id == f.id, "%s: its name leads elsewhere: %v", at, err); err != nil {
		return err
	}
	sum := folder{a: ac.a}
	present := make(map[uint32]*chunk)
	if err := ac.chunks(f, at, &sum, present); err != nil {
		return err
	}
	ok = sum.row.messages == r.messages && sum.row.seen == r.seen && sum.row.born == r.born && sum.row.deleted == r.deleted && sum.row.size == r.size
	if err := ac.want(ok, "%s: counted %+v, row says %+v", at, sum.row, *r); err != nil {
		return err
	}
	ac.usage += sum.row.size
	if err := ac.vanished(f, at, present); err != nil {
		return err
	}
	return ac.seen(f, at, present)
}

// chunks counts what is in a folder.
func (ac *accountCheck) chunks(f *folder, at string, sum *folder, present map[uint32]*chunk) error {
	for _, ref := range f.chunksIn([]span{{0, 1<<32 - 1}}) {
		c := new(chunk)
		if err := c.decode(f.chunkKey(ref.no), ref.row); err != nil {
			if err := ac.found("%s: %w", at, err); err != nil {
				return err
			}
			continue
		}
		present[ref.no] = c
		if err := ac.want(c.present != 0, "%s: chunk %d is empty", at, ref.no); err != nil {
			return err
		}
		for m := c.present; m != 0; m &= m - 1 {
			i := bits.TrailingZeros64(m)
			e, uid := &c.entries[i], uidOf(ref.no, i)
			sum.count(e, 1)
			ac.copies[e.message]++
			size, held := ac.sizes[e.message]
			ok := uid > 0 && uid < f.row.uidNext && e.mod > 0 && e.mod <= f.row.highest && held && size == e.size
			for _, k := range e.keywords {
				ok = ok && int(k) < ac.keywords
			}
			if err := ac.want(ok, "%s, UID %d: %+v (UIDNEXT %d, highest MODSEQ %d, message held %v, size %d)", at, uid, *e, f.row.uidNext, f.row.highest, held, size); err != nil {
				return err
			}
		}
	}
	return nil
}

// vanished proves that every UID ever given is present or logged as expunged, once.
func (ac *accountCheck) vanished(f *folder, at string, present map[uint32]*chunk) error {
	total := uint64(0)
	met := make(map[uint32]uint64)
	err := ac.scan(bVanished, key44(ac.a.row.id, f.id), func(k, raw []byte) error {
		uids, err := decodeVanished(k, raw)
		if err != nil {
			return ac.found("%s: %w", at, err)
		}
		ok := last8(k) <= f.row.highest
		for _, u := range uids {
			no, place := placeOf(u)
			ok = ok && u > 0 && u < f.row.uidNext && met[no]&(1<<place) == 0
			met[no] |= 1 << place
			if c := present[no]; c != nil && c.present&(1<<place) != 0 {
				ok = false
			}
		}
		total += uint64(len(uids))
		return ac.want(ok, "%s: expunge log at MODSEQ %d names a UID that is present, unknown or gone before", at, last8(k))
	})
	if err != nil {
		return err
	}
	return ac.want(total+uint64(f.row.messages)+1 == uint64(f.row.uidNext), "%s: %d UIDs expunged and %d present, UIDNEXT %d", at, total, f.row.messages, f.row.uidNext)
}

// seen recounts each person's \Seen.
func (ac *accountCheck) seen(f *folder, at string, present map[uint32]*chunk) error {
	counts := make(map[uint32]int64)
	err := ac.scan(bSeen, key44(ac.a.row.id, f.id), func(k, raw []byte) error {
		set, err := unsealBitmap(k, raw)
		if err != nil {
			return ac.found("%s: %w", at, err)
		}
		no, person := last4(k), binary.BigEndian.Uint32(k[8:])
		c := present[no]
		if c == nil || set&^c.present != 0 || set == 0 {
			return ac.found("%s: person %d has seen what is not there, chunk %d", at, person, no)
		}
		for m := set; m != 0; m &= m - 1 {
			if c.entries[bits.TrailingZeros64(m)].bits&fBorn != 0 {
				counts[person]--
			} else {
				counts[person]++
			}
		}
		if _, ok := counts[person]; !ok {
			counts[person] = 0
		}
		return nil
	})
	if err != nil {
		return err
	}
	people, err := f.people()
	if err != nil {
		return ac.found("%s: %w", at, err)
	}
	rows := make(map[uint32]bool)
	for _, p := range people {
		rows[p.person] = true
		if err := ac.want(p.person > 0 && p.person <= ac.a.row.people && counts[p.person] == p.more, "%s: person %d: counted %d, row says %d", at, p.person, counts[p.person], p.more); err != nil {
			return err
		}
	}
	for person := range counts {
		if err := ac.want(rows[person], "%s: person %d has no count", at, person); err != nil {
			return err
		}
	}
	return nil
}

// names proves that each name leads to a folder (of that name: see folder), or is
// one that only is subscribed.
func (ac *accountCheck) names() error {
	n := 0
	err := ac.scan(bNames, key4(ac.a.row.id), func(k, raw []byte) error {
		id, err := unsealUint(bNames, k, raw)
		if err != nil {
			return ac.found("%w", err)
		}
		if id == noFolder {
			return nil
		}
		n++
		return ac.want(ac.folders[uint32(id)], "account %s: name %q of no folder", ac.a.name, k[4:])
	})
	if err != nil {
		return err
	}
	return ac.want(n == len(ac.folders), "account %s: %d names for %d folders", ac.a.name, n, len(ac.folders))
}

// references proves that each message has exactly the copies that are counted.
func (ac *accountCheck) references() error {
	for n := range ac.sizes {
		extra, err := ac.a.extraCopies(n)
		if err != nil {
			if err := ac.found("%w", err); err != nil {
				return err
			}
		}
		if err := ac.want(ac.copies[n] == extra+1, "account %s, message %d: %d copies, counted %d", ac.a.name, n, ac.copies[n], extra+1); err != nil {
			return err
		}
	}
	err := ac.scan(bRefs, key4(ac.a.row.id), func(k, raw []byte) error {
		_, held := ac.sizes[last8(k)]
		return ac.want(held, "account %s: copies of no message %d", ac.a.name, last8(k))
	})
	if err != nil {
		return err
	}
	return ac.scan(bIndexes, key4(ac.a.row.id), func(k, raw []byte) error {
		m, err := ac.a.message(last8(k), false)
		return ac.want(err == nil && m.where == indexApart, "account %s: index of no message %d", ac.a.name, last8(k))
	})
}

// plainRows verifies the checksums of rows that nothing refers to.
func (ac *accountCheck) plainRows() error {
	for _, b := range []bucket{bPeople, bDelivered, bThreads, bChunks, bVanished, bSeen, bSeenCount} {
		err := ac.scan(b, key4(ac.a.row.id), func(k, raw []byte) error {
			if _, err := unseal(b, k, raw); err != nil {
				return ac.found("%w", err)
			}
			if b != bChunks && b != bVanished && b != bSeen && b != bSeenCount {
				return nil
			}
			return ac.want(ac.folders[binary.BigEndian.Uint32(k[4:])], "account %s: %v row %x of no folder", ac.a.name, b, bytes.Clone(k))
		})
		if err != nil {
			return err
		}
	}
	return nil
}
