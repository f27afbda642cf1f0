package bolt

import (
	"encoding/binary"
	"math/bits"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// \Seen in an account that is not the person's own is kept per person: a bit for
// each message says whether the person's \Seen differs from what it was when the
// message was stored. The owner's own \Seen is a plain flag.

// viewer is a person looking at an account.
type viewer struct {
	own bool
	id  uint32 // 0: has never seen anything here
}

// viewer finds the person. An empty name is the account itself.
func (a *account) viewer(person string) (viewer, error) {
	if person == "" || person == a.name {
		return viewer{own: true}, nil
	}
	key := key4s(a.row.id, person)
	raw := a.get(bPeople, key)
	if raw == nil {
		return viewer{}, nil
	}
	id, err := unsealUint(bPeople, key, raw)
	return viewer{id: uint32(id)}, err
}

// knownViewer is viewer, but gives a new person an id.
func (a *account) knownViewer(person string) (viewer, error) {
	v, err := a.viewer(person)
	if err != nil || v.own || v.id != 0 {
		return v, err
	}
	a.row.people++
	a.dirty = true
	v.id = a.row.people
	key := key4s(a.row.id, person)
	return v, a.put(bPeople, key, sealUint(key, uint64(v.id)))
}

// seenCount says how many more messages of a folder a person has seen than were
// stored as seen.
type seenCount struct {
	person uint32
	more   int64
}

// people loads the counts of everyone who has seen something in the folder.
func (f *folder) people() ([]seenCount, error) {
	if f.loaded {
		return f.counts, nil
	}
	err := f.a.scan(bSeenCount, key44(f.a.row.id, f.id), func(k, row []byte) error {
		p, err := unseal(bSeenCount, k, row)
		if err != nil {
			return err
		}
		d := decoder{b: p}
		f.counts = append(f.counts, seenCount{last4(k), d.int()})
		return nil
	})
	f.loaded = err == nil
	return f.counts, err
}

// addSeen changes a person's count.
func (f *folder) addSeen(person uint32, more int64) error {
	if more == 0 {
		return nil
	}
	if _, err := f.people(); err != nil {
		return err
	}
	for i := range f.counts {
		if f.counts[i].person == person {
			f.counts[i].more += more
			return f.putSeen(f.counts[i])
		}
	}
	f.counts = append(f.counts, seenCount{person, more})
	return f.putSeen(f.counts[len(f.counts)-1])
}

func (f *folder) putSeen(c seenCount) error {
	key := key444(f.a.row.id, f.id, c.person)
	e := newEncoder(binary.MaxVarintLen64)
	e.int(c.more)
	return f.a.put(bSeenCount, key, seal(key, e.b))
}

// seenBits returns a person's bits of a chunk.
func (f *folder) seenBits(person, chunkNo uint32) (uint64, error) {
	key := key4444(f.a.row.id, f.id, person, chunkNo)
	raw := f.a.get(bSeen, key)
	if raw == nil {
		return 0, nil
	}
	return unsealBitmap(key, raw)
}

// putSeenBits stores a person's bits of a chunk. A person's count row exists
// wherever the person has bits, so that people finds everyone.
func (f *folder) putSeenBits(person, chunkNo uint32, v uint64) error {
	key := key4444(f.a.row.id, f.id, person, chunkNo)
	if v == 0 {
		return f.a.delete(bSeen, key)
	}
	if err := f.a.put(bSeen, key, sealBitmap(key, v)); err != nil {
		return err
	}
	return f.ensurePerson(person)
}

func (f *folder) ensurePerson(person uint32) error {
	if _, err := f.people(); err != nil {
		return err
	}
	for _, c := range f.counts {
		if c.person == person {
			return nil
		}
	}
	f.counts = append(f.counts, seenCount{person, 0})
	return f.putSeen(seenCount{person, 0})
}

// unseen is the number of messages without \Seen for the viewer.
func (f *folder) unseen(v viewer) (uint32, error) {
	if v.own {
		return f.row.messages - f.row.seen, nil
	}
	seen := int64(f.row.born)
	if v.id != 0 {
		key := key444(f.a.row.id, f.id, v.id)
		if raw := f.a.get(bSeenCount, key); raw != nil {
			p, err := unseal(bSeenCount, key, raw)
			if err != nil {
				return 0, err
			}
			d := decoder{b: p}
			seen += d.int()
		}
	}
	return uint32(int64(f.row.messages) - seen), nil
}

// seenBy reports \Seen of an entry for a viewer whose bit of it is given.
func seenBy(v viewer, e *entry, bit bool) bool {
	if v.own {
		return e.bits&fSeen != 0
	}
	return (e.bits&fBorn != 0) != bit
}

// forget removes everyone's bits of the messages of a chunk that are going, and
// corrects the counts.
func (f *folder) forget(chunkNo uint32, c *chunk, gone uint64) error {
	people, err := f.people()
	if err != nil {
		return err
	}
	var born uint64
	for m := gone; m != 0; m &= m - 1 {
		if i := bits.TrailingZeros64(m); c.entries[i].bits&fBorn != 0 {
			born |= 1 << i
		}
	}
	for _, p := range people {
		was, err := f.seenBits(p.person, chunkNo)
		if err != nil {
			return err
		}
		if was&gone == 0 {
			continue
		}
		if err := f.putSeenBits(p.person, chunkNo, was&^gone); err != nil {
			return err
		}
		more := bits.OnesCount64(was&gone&^born) - bits.OnesCount64(was&gone&born)
		if err := f.addSeen(p.person, int64(-more)); err != nil {
			return err
		}
	}
	return nil
}

// described is the folder as the contract shows it.
func (f *folder) described(v viewer) (mailsvc.Folder, error) {
	unseen, err := f.unseen(v)
	return mailsvc.Folder{
		Account:     f.a.name,
		ID:          mailsvc.FolderID(f.id),
		Name:        f.row.name,
		UIDValidity: f.row.validity,
		UIDNext:     mailsvc.UID(f.row.uidNext),
		HighestMod:  mailsvc.ModSeq(f.row.highest),
		Messages:    f.row.messages,
		Unseen:      unseen,
		Deleted:     f.row.deleted,
		Size:        f.row.size,
		SpecialUse:  f.row.specialUse,
		Subscribed:  f.row.subscribed,
	}, err
}
