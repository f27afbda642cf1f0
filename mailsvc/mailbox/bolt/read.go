package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"time"

	"go.etcd.io/bbolt"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// snapshot is the changing state of a folder at one instant, taken out of the
// transaction, so that a slow reader holds nothing open.
type snapshot struct {
	folder  mailsvc.Folder
	viewer  viewer
	names   flagNames
	ranges  []span
	chunks  []chunkCopy
	emailID uint64 // of message number 0
}

type chunkCopy struct {
	no      uint32
	payload []byte
	marks   uint64 // the viewer's bits
}

// snapshot copies what the ranges touch.
func (f *folder) snapshot(v viewer, ranges []span) (*snapshot, error) {
	s := &snapshot{viewer: v, ranges: ranges, emailID: f.a.emailID(0)}
	var err error
	if s.folder, err = f.described(v); err != nil {
		return nil, err
	}
	if s.names.table, err = f.a.keywordTable(); err != nil {
		return nil, err
	}
	refs := f.chunksIn(ranges)
	total := 0
	for _, r := range refs {
		total += len(r.row)
	}
	arena := make([]byte, 0, total)
	s.chunks = make([]chunkCopy, len(refs))
	for i, r := range refs {
		p, err := unseal(bChunks, f.chunkKey(r.no), r.row)
		if err != nil {
			return nil, err
		}
		start := len(arena)
		arena = append(arena, p...)
		s.chunks[i] = chunkCopy{no: r.no, payload: arena[start:len(arena):len(arena)]}
	}
	return s, f.copyMarks(v, s.chunks)
}

// copyMarks fills in the viewer's bits.
func (f *folder) copyMarks(v viewer, chunks []chunkCopy) error {
	if v.own || v.id == 0 {
		return nil
	}
	for i := range chunks {
		var err error
		if chunks[i].marks, err = f.seenBits(v.id, chunks[i].no); err != nil {
			return err
		}
	}
	return nil
}

// each calls fn for every message in the ranges, ascending, until it returns
// false. names is the flags as the viewer sees them.
func (s *snapshot) each(fn func(uid uint32, e *entry, names []string) bool) error {
	var c chunk
	for _, cc := range s.chunks {
		if !c.parse(cc.payload) {
			return damaged(bChunks, key4(cc.no), "does not parse")
		}
		for m := c.present & mask(cc.no, from(s.ranges, uidOf(cc.no, 0))); m != 0; m &= m - 1 {
			i := bits.TrailingZeros64(m)
			if !fn(uidOf(cc.no, i), &c.entries[i], s.flags(&c.entries[i], cc.marks&(1<<i) != 0)) {
				return nil
			}
		}
	}
	return nil
}

func (s *snapshot) flags(e *entry, mark bool) []string {
	b := e.bits & systemBits
	if seenBy(s.viewer, e, mark) {
		b |= fSeen
	}
	return s.names.of(b, e.keywords)
}

// brief fills in what an entry says of a message.
func (s *snapshot) brief(m *mailsvc.Message, uid uint32, e *entry, names []string) {
	m.UID = mailsvc.UID(uid)
	m.EmailID = s.emailID | e.message
	m.ModSeq = mailsvc.ModSeq(e.mod)
	m.Flags = names
	m.Saved = time.Unix(e.saved, 0).UTC()
	m.Size = e.size
}

// take makes a snapshot of a folder.
func (s *Store) take(ctx context.Context, op, person, name string, id mailsvc.FolderID, ranges []span) (*snapshot, error) {
	var snap *snapshot
	err := s.view(ctx, op, name, func(a *account) error {
		v, err := a.viewer(person)
		if err != nil {
			return err
		}
		f, err := a.folder(id)
		if err != nil {
			return err
		}
		snap, err = f.snapshot(v, ranges)
		return err
	})
	return snap, err
}

// Flags implements mailsvc.Store.
func (s *Store) Flags(ctx context.Context, person, name string, id mailsvc.FolderID, ranges []mailsvc.Range, yield func(*mailsvc.Message) bool) error {
	const op = "read flags"
	snap, err := s.take(ctx, op, person, name, id, spans(ranges))
	if err != nil {
		return err
	}
	var m mailsvc.Message
	err = snap.each(func(uid uint32, e *entry, names []string) bool {
		snap.brief(&m, uid, e, names)
		return yield(&m)
	})
	if err != nil {
		return s.fail(op, name, err)
	}
	return nil
}

// UIDs implements mailsvc.Store.
func (s *Store) UIDs(ctx context.Context, person, name string, id mailsvc.FolderID) (mailsvc.Folder, []mailsvc.UID, error) {
	var folder mailsvc.Folder
	var uids []mailsvc.UID
	err := s.view(ctx, "read UIDs", name, func(a *account) error {
		v, err := a.viewer(person)
		if err != nil {
			return err
		}
		f, err := a.folder(id)
		if err != nil {
			return err
		}
		if folder, err = f.described(v); err != nil {
			return err
		}
		uids = make([]mailsvc.UID, 0, f.row.messages)
		for _, r := range f.chunksIn(everything) {
			p, err := unseal(bChunks, f.chunkKey(r.no), r.row)
			if err != nil {
				return err
			}
			for m, _ := chunkHead(p); m != 0; m &= m - 1 {
				uids = append(uids, mailsvc.UID(uidOf(r.no, bits.TrailingZeros64(m))))
			}
		}
		return nil
	})
	return folder, uids, err
}

// Bounds of what Messages and Find read in one transaction.
const (
	pageRows  = 512
	pageBytes = 1 << 20
	pageTime  = 2 * time.Millisecond // of judging for Find
	timedRows = 8                    // are judged between two looks at the clock
)

// Messages implements mailsvc.Store. A message that is expunged while yield is
// at work on earlier ones is left out.
func (s *Store) Messages(ctx context.Context, person, name string, id mailsvc.FolderID, ranges []mailsvc.Range, index bool, yield func(*mailsvc.Message) bool) error {
	p := page{s: s, account: name, index: index}
	return p.messages(ctx, "read messages", person, id, ranges, yield)
}

// Find implements mailsvc.Store.
func (s *Store) Find(ctx context.Context, person, name string, id mailsvc.FolderID, ranges []mailsvc.Range, want, yield func(*mailsvc.Message) bool) error {
	p := page{s: s, account: name, index: true, want: want}
	return p.messages(ctx, "find messages", person, id, ranges, yield)
}

// messages goes through the ranges a page at a time.
func (p *page) messages(ctx context.Context, op, person string, id mailsvc.FolderID, ranges []mailsvc.Range, yield func(*mailsvc.Message) bool) error {
	snap, err := p.s.take(ctx, op, person, p.account, id, spans(ranges))
	if err != nil {
		return err
	}
	more := true
	var failed error
	err = snap.each(func(uid uint32, e *entry, names []string) bool {
		var m mailsvc.Message
		snap.brief(&m, uid, e, names)
		p.rows = append(p.rows, m)
		p.numbers = append(p.numbers, e.message)
		if len(p.rows) == pageRows {
			more, failed = p.hand(ctx, op, yield)
		}
		return more && failed == nil
	})
	if err != nil {
		return p.s.fail(op, p.account, err)
	}
	if more && failed == nil {
		_, failed = p.hand(ctx, op, yield)
	}
	return failed
}

// page is a run of messages whose large parts are read in few transactions.
type page struct {
	s       *Store
	account string
	index   bool
	want    func(*mailsvc.Message) bool // nil: every message
	rows    []mailsvc.Message
	numbers []uint64 // 0: the message is gone, or not wanted
	blobs   []byte   // in hexadecimal
	key     [12]byte
}

// hand completes the rows, hands them to yield and empties the page.
func (p *page) hand(ctx context.Context, op string, yield func(*mailsvc.Message) bool) (more bool, err error) {
	for done := 0; done < len(p.rows); {
		n := 0
		err := p.s.view(ctx, op, p.account, func(a *account) error {
			var err error
			n, err = p.fill(a, done)
			return err
		})
		if err != nil {
			return false, err
		}
		for i := done; i < done+n; i++ {
			if p.numbers[i] != 0 && !yield(&p.rows[i]) {
				return false, nil
			}
		}
		done += n
	}
	p.rows, p.numbers = p.rows[:0], p.numbers[:0]
	return true, nil
}

// fill reads the large parts of rows from the given one on, as many as the
// bounds allow, and returns how many.
func (p *page) fill(a *account, start int) (n int, err error) {
	var arena []byte
	var began time.Time
	if p.want != nil {
		began = time.Now()
	}
	rows := a.bucket(bMessages).Cursor()
	p.blobs = p.blobs[:0]
	for i := start; i < len(p.rows) && len(arena) < pageBytes; i++ {
		if p.want != nil && n%timedRows == timedRows-1 && time.Since(began) > pageTime {
			break
		}
		n++
		row, err := p.next(a, rows, p.numbers[i])
		if err != nil && !isNotFound(err) {
			return n, err
		}
		m := &p.rows[i]
		if err != nil || !p.wanted(m, &row) {
			p.numbers[i] = 0
			continue
		}
		m.ThreadID = row.thread
		m.Internal = row.internal
		m.Prefix, arena = keep(arena, row.prefix)
		if p.index {
			m.Index, arena = keep(arena, row.index)
		}
		p.blobs = hex.AppendEncode(p.blobs, row.blob[:])
	}
	p.name(start, n)
	return n, nil
}

// wanted asks whether a message shall be handed out. What it shows of the row
// still lies in the transaction.
func (p *page) wanted(m *mailsvc.Message, row *messageRow) bool {
	if p.want == nil {
		return true
	}
	m.ThreadID, m.Internal, m.Prefix, m.Index = row.thread, row.internal, row.prefix, row.index
	ok := p.want(m)
	m.Prefix, m.Index = nil, nil // must not outlive the transaction
	return ok
}

// name gives n messages the names of their bodies, in memory that they share.
func (p *page) name(start, n int) {
	names := string(p.blobs)
	for i := start; i < start+n; i++ {
		if p.numbers[i] != 0 {
			p.rows[i].Blob, names = mailsvc.BlobID(names[:64]), names[64:]
		}
	}
}

// next is account.message by a cursor that most often stands right before it.
func (p *page) next(a *account, rows *bbolt.Cursor, n uint64) (messageRow, error) {
	key := p.key[:]
	binary.BigEndian.PutUint32(key, a.row.id)
	binary.BigEndian.PutUint64(key[4:], n)
	k, raw := rows.Next()
	if !bytes.Equal(k, key) {
		if k, raw = rows.Seek(key); !bytes.Equal(k, key) {
			return messageRow{}, mailsvc.ErrNotFound
		}
	}
	m, err := decodeMessage(key, raw, p.index)
	if err == nil {
		err = a.complete(key, &m, p.index)
	}
	return m, err
}

// keep copies b into the arena. Large ones get memory of their own.
func keep(arena, b []byte) (kept, rest []byte) {
	if len(b) == 0 {
		return nil, arena
	}
	if len(b) > 16<<10 {
		return bytes.Clone(b), arena
	}
	if cap(arena)-len(arena) < len(b) {
		arena = make([]byte, 0, 64<<10)
	}
	start := len(arena)
	arena = append(arena, b...)
	return arena[start:len(arena):len(arena)], arena
}
