package bolt

import (
	"context"
	"fmt"
	"math/bits"
	"slices"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// SetFlags implements mailsvc.Store. A message that already is as asked does not
// change and keeps its MODSEQ.
func (s *Store) SetFlags(ctx context.Context, person, name string, id mailsvc.FolderID, ranges []mailsvc.Range, c mailsvc.FlagChange) (changed []mailsvc.Message, kept []mailsvc.UID, err error) {
	sp := spans(ranges)
	err = s.update(ctx, "set flags", name, func(a *account) error {
		f, err := a.folder(id)
		if err != nil {
			return err
		}
		ch, err := f.newFlagChange(person, c)
		if err != nil {
			return err
		}
		if err := ch.apply(sp); err != nil {
			return err
		}
		changed, kept = ch.changed, ch.kept
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return changed, kept, nil
}

// flagChange is a FlagChange under way.
type flagChange struct {
	f       *folder
	person  string
	op      mailsvc.FlagOp
	set     flagSet
	since   uint64
	viewer  viewer
	names   flagNames
	changed []mailsvc.Message
	kept    []mailsvc.UID
}

func (f *folder) newFlagChange(person string, c mailsvc.FlagChange) (*flagChange, error) {
	if c.Op < mailsvc.FlagsAdd || c.Op > mailsvc.FlagsReplace {
		return nil, fmt.Errorf("%w: flag operation", mailsvc.ErrInvalid)
	}
	ch := &flagChange{f: f, person: person, op: c.Op, since: uint64(c.UnchangedSince)}
	var err error
	if ch.set, err = f.a.flags(c.Flags, c.Op != mailsvc.FlagsRemove); err != nil {
		return nil, err
	}
	if ch.viewer, err = f.a.viewer(person); err != nil {
		return nil, err
	}
	ch.names.table, err = f.a.keywordTable()
	return ch, err
}

func (ch *flagChange) apply(ranges []span) error {
	var c chunk
	refs := ch.f.chunksIn(ranges)
	ch.changed = make([]mailsvc.Message, 0, min(len(refs)*chunkSize, int(ch.f.row.messages)))
	for _, ref := range refs {
		if err := c.decode(ch.f.chunkKey(ref.no), ref.row); err != nil {
			return err
		}
		in := c.present & mask(ref.no, from(ranges, uidOf(ref.no, 0)))
		if err := ch.applyChunk(ref.no, &c, in); err != nil {
			return err
		}
	}
	return nil
}

func (ch *flagChange) applyChunk(no uint32, c *chunk, in uint64) error {
	marks, err := ch.marks(no)
	if err != nil {
		return err
	}
	newMarks := marks
	changed := false
	for m := in; m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(m)
		e := &c.entries[i]
		if ch.since != 0 && e.mod > ch.since {
			ch.kept = append(ch.kept, mailsvc.UID(uidOf(no, i)))
			continue
		}
		was := flagSet{e.bits & systemBits, e.keywords}
		if seenBy(ch.viewer, e, marks&(1<<i) != 0) {
			was.bits |= fSeen
		}
		now := was.change(ch.op, ch.set)
		if now.bits == was.bits && slices.Equal(now.keywords, was.keywords) {
			continue
		}
		changed = true
		ch.write(e, now)
		if !ch.viewer.own && (now.bits^was.bits)&fSeen != 0 {
			newMarks ^= 1 << i
		}
		ch.note(uidOf(no, i), e, now)
	}
	if !changed {
		return nil
	}
	ch.f.touched()
	if newMarks != marks {
		if ch.viewer, err = ch.f.a.knownViewer(ch.person); err != nil {
			return err
		}
		if err := ch.f.mark(ch.viewer.id, no, c, ^uint64(0), newMarks); err != nil {
			return err
		}
	}
	return ch.f.store(no, c)
}

func (ch *flagChange) marks(no uint32) (uint64, error) {
	if ch.viewer.own || ch.viewer.id == 0 {
		return 0, nil
	}
	return ch.f.seenBits(ch.viewer.id, no)
}

// change applies an operation to a set.
func (s flagSet) change(op mailsvc.FlagOp, by flagSet) flagSet {
	switch op {
	case mailsvc.FlagsAdd:
		s.bits |= by.bits
		if len(by.keywords) > 0 {
			all := slices.Concat(s.keywords, by.keywords)
			slices.Sort(all)
			s.keywords = slices.Compact(all)
		}
	case mailsvc.FlagsRemove:
		s.bits &^= by.bits
		if len(by.keywords) > 0 {
			s.keywords = slices.DeleteFunc(slices.Clone(s.keywords), func(k uint16) bool { return slices.Contains(by.keywords, k) })
		}
	case mailsvc.FlagsReplace:
		return by
	}
	return s
}

// write puts the new flags into the entry; another person's \Seen stands elsewhere.
func (ch *flagChange) write(e *entry, now flagSet) {
	ch.f.count(e, -1)
	keep := fBorn
	if !ch.viewer.own {
		keep |= fSeen
		now.bits &^= fSeen
	}
	e.bits = e.bits&keep | now.bits
	e.keywords = now.keywords
	e.mod = ch.f.a.nextMod()
	ch.f.count(e, 1)
}

func (ch *flagChange) note(uid uint32, e *entry, now flagSet) {
	var m mailsvc.Message
	s := snapshot{emailID: ch.f.a.emailID(0)}
	s.brief(&m, uid, e, ch.names.of(now.bits, now.keywords))
	ch.changed = append(ch.changed, m)
}
