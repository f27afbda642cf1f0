package imap

import (
	"slices"
	"strconv"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// fetchArgs is what FETCH asks for: go-imap's options and what they lack.
type fetchArgs struct {
	imap.FetchOptions
	body     bool // BODY, that is BODYSTRUCTURE without extensions
	emailID  bool
	threadID bool
	saveDate bool
	sections []section
	changed  bool // CHANGEDSINCE was given
	vanished bool
	preview  previewMode
}

// needsIndex reports whether the row's index is used.
func (a *fetchArgs) needsIndex() bool {
	return a.preview != 0 || a.Envelope || a.BodyStructure != nil || a.body || slices.ContainsFunc(a.sections, func(s section) bool { return !s.whole() })
}

// needsContent reports whether more is asked for than what stands in the row itself.
func (a *fetchArgs) needsContent() bool { return len(a.sections) > 0 || a.needsIndex() }

// quick reports whether the store's quick form has all that is asked for.
func (a *fetchArgs) quick() bool { return !a.needsContent() && !a.InternalDate && !a.threadID }

// setsSeen reports whether fetching marks messages as read.
func (a *fetchArgs) setsSeen() bool {
	return slices.ContainsFunc(a.sections, func(s section) bool { return !s.peek })
}

func (r *request) fetch() error {
	p, c := r.p, r.c
	set := p.numSet()
	p.sp()
	a := p.fetchArgs()
	if err := p.end(); err != nil {
		return err
	}
	a.UID = a.UID || r.uid
	if a.vanished && (!r.uid || !a.changed || !c.qresync) {
		return bad("VANISHED needs UID FETCH, CHANGEDSINCE and ENABLE QRESYNC")
	}
	if a.ModSeq = a.ModSeq || a.changed; a.ModSeq {
		c.enableCondstore()
	}
	if err := c.may(mailsvc.Read); err != nil {
		return err
	}
	v := c.view
	spans, err := v.pick(set, r.uid)
	if err != nil {
		return err
	}
	if a.vanished {
		if err := c.fetchVanished(set, a); err != nil {
			return err
		}
	}
	if len(spans) == 0 {
		return nil
	}
	ranges := v.ranges(spans)
	seen, err := c.markSeen(ranges, a)
	if err != nil {
		return err
	}
	f := fetcher{c: c, a: a, seen: seen}
	if err := f.run(ranges); err != nil {
		return err
	}
	return f.failed
}

// fetchVanished answers the VANISHED modifier (RFC 7162 section 3.2.6).
func (c *conn) fetchVanished(set numSet, a *fetchArgs) error {
	v := c.view
	ch, err := c.s.o.Store.ChangesSince(c.ctx(), c.account.Address, v.account, v.folder.ID, mailsvc.ModSeq(a.ChangedSince))
	if err != nil {
		return err
	}
	c.writeEarlier(ch.Vanished, set.resolve(uint32(max(v.folder.UIDNext, 1))))
	return nil
}

// markSeen sets \Seen on what is about to be read, in one transaction, and
// returns the rows that it changed.
func (c *conn) markSeen(ranges []mailsvc.Range, a *fetchArgs) ([]mailsvc.Message, error) {
	if c.view.readOnly || !a.setsSeen() {
		return nil, nil
	}
	rows, _, err := c.setFlags(ranges, mailsvc.FlagChange{Op: mailsvc.FlagsAdd, Flags: []string{string(imap.FlagSeen)}})
	if err != nil {
		return nil, err
	}
	c.told(rows)
	return rows, nil
}

// fetcher writes the FETCH responses of one command.
type fetcher struct {
	c      *conn
	a      *fetchArgs
	seen   []mailsvc.Message // rows whose \Seen this command set, ascending
	at     int               // index in the view where the last message stood
	skip   []mailsvc.UID     // not to be told of
	failed error             // a message could not be shown; the others were
}

// run writes a response for each message.
func (f *fetcher) run(ranges []mailsvc.Range) error {
	c, v, a := f.c, f.c.view, f.a
	var broken error
	yield := func(m *mailsvc.Message) bool {
		if a.changed && m.ModSeq <= mailsvc.ModSeq(a.ChangedSince) || slices.Contains(f.skip, m.UID) {
			return true
		}
		f.write(m)
		broken = c.w.settle()
		return broken == nil
	}
	var err error
	if a.quick() {
		err = c.s.o.Store.Flags(c.ctx(), c.account.Address, v.account, v.folder.ID, ranges, yield)
	} else {
		err = c.s.o.Store.Messages(c.ctx(), c.account.Address, v.account, v.folder.ID, ranges, a.needsIndex(), yield)
	}
	if broken != nil {
		return broken
	}
	return err
}

// seq returns the sequence number; messages come in ascending order.
func (f *fetcher) seq(uid mailsvc.UID) uint32 {
	uids := f.c.view.uids
	if f.at < len(uids) && uids[f.at] < uid { // the next one, nearly always
		f.at++
	}
	if f.at >= len(uids) || uids[f.at] != uid {
		i, ok := slices.BinarySearch(uids, uid)
		if !ok {
			return 0
		}
		f.at = i
	}
	return uint32(f.at + 1)
}

// write writes the response for one message.
func (f *fetcher) write(m *mailsvc.Message) {
	seq := f.seq(m.UID)
	if seq == 0 {
		return // came after the client was last told
	}
	a, w := f.a, &f.c.w
	b := append(w.bytes(), "* "...)
	b = strconv.AppendUint(b, uint64(seq), 10)
	b = append(b, " FETCH ("...)
	changed := f.changedNow(m.UID)
	if a.UID || changed && f.c.condstore { // RFC 7162 section 3.2.4
		b = append(b, "UID "...)
		b = strconv.AppendUint(b, uint64(m.UID), 10)
		b = append(b, ' ')
	}
	if a.Flags || changed {
		b = append(b, "FLAGS ("...)
		for i, flag := range m.Flags {
			if i > 0 {
				b = append(b, ' ')
			}
			b = append(b, flag...)
		}
		b = append(b, ") "...)
	}
	if a.ModSeq || changed && f.c.condstore {
		b = append(b, "MODSEQ ("...)
		b = strconv.AppendUint(b, uint64(m.ModSeq), 10)
		b = append(b, ") "...)
	}
	b = f.appendMeta(b, m)
	w.set(b)
	if a.needsContent() {
		f.writeContent(m)
	}
	b = w.bytes()
	if n := len(b); n > 0 && b[n-1] == ' ' { // a long part may have been sent, but never the blank after it
		b = b[:n-1]
	}
	w.set(append(b, ")\r\n"...))
}

// changedNow reports whether this command set \Seen on the message.
func (f *fetcher) changedNow(uid mailsvc.UID) bool {
	for len(f.seen) > 0 && f.seen[0].UID < uid {
		f.seen = f.seen[1:]
	}
	return len(f.seen) > 0 && f.seen[0].UID == uid
}

const internalDate = `"02-Jan-2006 15:04:05 -0700" `

// appendMeta appends what stands in the row itself.
func (f *fetcher) appendMeta(b []byte, m *mailsvc.Message) []byte {
	a := f.a
	if a.InternalDate {
		b = append(b, "INTERNALDATE "...)
		b = m.Internal.AppendFormat(b, internalDate)
	}
	if a.RFC822Size {
		b = append(b, "RFC822.SIZE "...)
		b = strconv.AppendInt(b, m.Size, 10)
		b = append(b, ' ')
	}
	if a.saveDate {
		b = append(b, "SAVEDATE "...)
		if m.Saved.IsZero() {
			b = append(b, "NIL "...)
		} else {
			b = m.Saved.AppendFormat(b, internalDate)
		}
	}
	if a.emailID {
		b = f.appendObjectID(append(b, "EMAILID ("...), 'M', m.EmailID)
	}
	if a.threadID {
		b = f.appendObjectID(append(b, "THREADID ("...), 'T', m.ThreadID)
	}
	return b
}

// appendObjectID appends an id that is unique among all that one person sees.
func (f *fetcher) appendObjectID(b []byte, kind byte, id uint64) []byte {
	b = append(b, kind)
	b = strconv.AppendUint(b, id, 10)
	if v := f.c.view; v.shared(f.c) {
		b = append(b, '-')
		b = append(b, accountMark(v.account)...)
	}
	return append(b, ") "...)
}

// writeContent writes what comes from the index or from the bytes.
func (f *fetcher) writeContent(m *mailsvc.Message) {
	o := opened{c: f.c, m: m}
	defer o.close()
	a, w := f.a, &f.c.w
	if a.Envelope {
		w.str("ENVELOPE ")
		w.raw(o.stored().Envelope())
		w.str(" ")
	}
	if a.BodyStructure != nil {
		w.str("BODYSTRUCTURE ")
		w.raw(o.stored().Structure())
		w.str(" ")
	}
	if a.body {
		w.str("BODY ")
		w.set(o.index().AppendBody(w.bytes()))
		w.str(" ")
	}
	for i := range a.sections {
		if err := f.writeSection(&o, &a.sections[i]); err != nil && f.failed == nil {
			f.failed = err
		}
	}
	if a.preview != 0 {
		f.writePreview(&o)
	}
}

// opened is a message whose blob and index are fetched when first needed.
type opened struct {
	c    *conn
	m    *mailsvc.Message
	b    mailsvc.Blob
	err  error
	made mime.Stored // an index made again because the row has none
	x    *mime.Index

	texts *readTexts
}

func (o *opened) close() {
	if o.texts != nil {
		o.texts.stop()
	}
	if o.b != nil {
		o.b.Close()
	}
}

// blob opens the bytes of the message.
func (o *opened) blob() (mailsvc.Blob, error) {
	if o.b == nil && o.err == nil {
		b, err := o.c.s.o.Blobs.Open(o.m.Blob)
		if err != nil {
			o.c.s.log.Error("imap: message bytes", "account", o.c.account.Address, "uid", o.m.UID, "err", err)
			o.err = no(imap.ResponseCodeCorruption, o.c.say("Không đọc được nội dung thư; hãy báo người quản trị.", "a message cannot be read, tell the administrator"))
			return nil, o.err
		}
		o.b = b
	}
	return o.b, o.err
}

// stored returns the row's index, or one made again from the bytes. It always
// is a valid one: of an empty message if the bytes are gone.
func (o *opened) stored() mime.Stored {
	if s := mime.Stored(o.m.Index); s.Envelope() != nil {
		return s
	}
	if o.made == nil {
		x := mime.Scan(emptyReader{}, 0)
		if b, err := o.blob(); err == nil {
			x = mime.Scan(b, b.Size())
		}
		o.made = x.AppendBinary(nil)
	}
	return o.made
}

// index returns the decoded index.
func (o *opened) index() *mime.Index {
	if o.x == nil {
		x, err := mime.Decode(o.stored())
		if err != nil {
			o.c.s.log.Error("imap: index", "account", o.c.account.Address, "uid", o.m.UID, "err", err)
			x = mime.Scan(emptyReader{}, 0)
			if b, err := o.blob(); err == nil {
				x = mime.Scan(b, b.Size())
			}
		}
		o.x = x
	}
	return o.x
}
