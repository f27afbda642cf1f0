package imap

import (
	"cmp"
	"errors"
	"slices"
	"strconv"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// storeArgs are the arguments of STORE.
type storeArgs struct {
	set numSet
	imap.StoreFlags
	flags          []string
	unchangedSince mailsvc.ModSeq
	conditional    bool
}

func (p *parser) storeArgs() storeArgs {
	var a storeArgs
	a.set = p.numSet()
	p.sp()
	if p.accept('(') {
		if p.word() != "UNCHANGEDSINCE" {
			p.fail("unknown STORE modifier")
		}
		p.sp()
		a.unchangedSince, a.conditional = mailsvc.ModSeq(p.bigNumber(1<<63-1)), true
		p.expect(')')
		p.sp()
	}
	switch {
	case p.accept('+'):
		a.Op = imap.StoreFlagsAdd
	case p.accept('-'):
		a.Op = imap.StoreFlagsDel
	default:
		a.Op = imap.StoreFlagsSet
	}
	switch p.word() {
	case "FLAGS":
	case "FLAGS.SILENT":
		a.Silent = true
	default:
		p.fail("expected FLAGS")
	}
	p.sp()
	a.flags = p.flags(true)
	return a
}

var flagOps = [...]mailsvc.FlagOp{imap.StoreFlagsSet: mailsvc.FlagsReplace, imap.StoreFlagsAdd: mailsvc.FlagsAdd, imap.StoreFlagsDel: mailsvc.FlagsRemove}

// store changes flags (RFC 9051 section 6.4.6, RFC 7162 section 3.1.3).
func (r *request) store() error {
	c := r.c
	a := r.p.storeArgs()
	if err := r.p.end(); err != nil {
		return err
	}
	if a.conditional {
		c.enableCondstore()
	}
	if err := c.mayStore(&a); err != nil {
		return err
	}
	v := c.view
	spans, err := v.pick(a.set, r.uid)
	if err != nil || len(spans) == 0 {
		return err
	}
	if a.conditional && a.unchangedSince == 0 { // every message is newer than that
		r.modified(v.pickedUIDs(spans))
		return nil
	}
	change := mailsvc.FlagChange{Op: flagOps[a.Op], Flags: a.flags, UnchangedSince: a.unchangedSince}
	s, err := c.setFlagsKnown(v.ranges(spans), change, a.Silent)
	if err != nil {
		return err
	}
	c.told(s.all())
	if len(s.kept) > 0 {
		r.modified(s.kept)
	}
	if n := len(s.rows) + len(s.news) + len(s.kept); (a.conditional || !a.Silent) && n < count(spans) {
		return c.writeAllFlags(spans, s.kept)
	}
	return c.writeStored(&s, a.Silent)
}

// stored is what a STORE did.
type stored struct {
	rows []mailsvc.Message // changed
	news []mailsvc.Message // changed, and by somebody else before: the client cannot know what they are now
	kept []mailsvc.UID     // left alone by UNCHANGEDSINCE
}

// all returns what changed, ascending.
func (s *stored) all() []mailsvc.Message {
	if len(s.news) == 0 {
		return s.rows
	}
	all := slices.Concat(s.rows, s.news)
	slices.SortFunc(all, func(a, b mailsvc.Message) int { return cmp.Compare(a.UID, b.UID) })
	return all
}

// setFlagsKnown changes flags. If the client works out for itself what the flags
// are then, those messages are done apart whose flags it does not know now.
func (c *conn) setFlagsKnown(ranges []mailsvc.Range, change mailsvc.FlagChange, silent bool) (s stored, err error) {
	known := change
	if mod := max(c.view.mod, 1); silent && c.quiet&onFlagChange == 0 && (known.UnchangedSince == 0 || known.UnchangedSince > mod) {
		known.UnchangedSince = mod
	}
	s.rows, s.kept, err = c.setFlags(ranges, known)
	if err != nil || len(s.kept) == 0 || known.UnchangedSince == change.UnchangedSince {
		return s, err
	}
	unknown := make([]mailsvc.Range, len(s.kept))
	for i, u := range s.kept {
		unknown[i] = mailsvc.Range{From: u, To: u}
	}
	s.news, s.kept, err = c.setFlags(unknown, change)
	return s, err
}

func count(spans []span) (n int) {
	for _, s := range spans {
		n += s.to - s.from
	}
	return n
}

// writeAllFlags answers a STORE that changed only some messages: those that had
// the flags already are told of too (RFC 9051 section 6.4.6). kept is ascending.
func (c *conn) writeAllFlags(spans []span, kept []mailsvc.UID) error {
	v := c.view
	var broken error
	err := c.s.o.Store.Flags(c.ctx(), c.account.Address, v.account, v.folder.ID, v.ranges(spans), func(m *mailsvc.Message) bool {
		if _, left := slices.BinarySearch(kept, m.UID); !left {
			c.writeFlags(v, m)
		}
		broken = c.w.settle()
		return broken == nil
	})
	return cmp.Or(broken, err)
}

// modified reports the messages that UNCHANGEDSINCE left alone.
func (r *request) modified(uids []mailsvc.UID) {
	if r.uid {
		r.code = "MODIFIED " + string(appendSet(nil, uids))
		return
	}
	var seqs []uint32
	for _, u := range uids {
		if s := r.c.view.seq(u); s > 0 {
			seqs = append(seqs, s)
		}
	}
	if len(seqs) > 0 {
		r.code = "MODIFIED " + string(appendSet(nil, seqs))
	}
}

func (v *view) pickedUIDs(spans []span) []mailsvc.UID {
	var out []mailsvc.UID
	for _, s := range spans {
		out = append(out, v.uids[s.from:s.to]...)
	}
	return out
}

// mayStore checks rights. A replacement by someone who may change only some
// flags is refused unless it is made of those.
func (c *conn) mayStore(a *storeArgs) error {
	var need mailsvc.Rights
	for _, f := range a.flags {
		need |= flagRight(f)
	}
	if a.Op == imap.StoreFlagsSet {
		need |= mailsvc.Write | mailsvc.Delete
	}
	if c.view.readOnly {
		return no(imap.ResponseCodeNoPerm, c.say("Thư mục đang mở chỉ để đọc.", "the mailbox is open read-only"))
	}
	return c.may(need | mailsvc.Read)
}

// setFlags changes flags in the selected mailbox.
func (c *conn) setFlags(ranges []mailsvc.Range, change mailsvc.FlagChange) (rows []mailsvc.Message, kept []mailsvc.UID, err error) {
	v := c.view
	return c.s.o.Store.SetFlags(c.ctx(), c.account.Address, v.account, v.folder.ID, ranges, change)
}

// told remembers rows whose present state the client is about to get, so that
// the poll at the end of the command does not repeat them.
func (c *conn) told(rows []mailsvc.Message) { c.view.told = rows }

// wasTold reports whether the client has got this state; told is ascending.
func (v *view) wasTold(m *mailsvc.Message) bool {
	i, ok := slices.BinarySearchFunc(v.told, m.UID, func(t mailsvc.Message, u mailsvc.UID) int { return cmp.Compare(t.UID, u) })
	return ok && v.told[i].ModSeq == m.ModSeq
}

// toldMod is the modification that told is the result of, 0 if it is of several.
func (v *view) toldMod() mailsvc.ModSeq {
	if len(v.told) == 0 {
		return 0
	}
	mod := v.told[0].ModSeq
	for i := range v.told {
		if v.told[i].ModSeq != mod {
			return 0
		}
	}
	return mod
}

// writeStored answers STORE. With .SILENT only MODSEQ is told of what the client
// knows, and only if it knows MODSEQ.
func (c *conn) writeStored(s *stored, silent bool) error {
	if !silent {
		return c.writeChanged(s.all())
	}
	if c.condstore {
		if err := c.writeModSeqs(s.rows); err != nil {
			return err
		}
	}
	return c.writeChanged(s.news)
}

func (c *conn) writeChanged(rows []mailsvc.Message) error {
	for i := range rows {
		c.writeFlags(c.view, &rows[i])
		if err := c.w.settle(); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) writeModSeqs(rows []mailsvc.Message) error {
	for i := range rows {
		if s := c.view.seq(rows[i].UID); s > 0 {
			c.w.str("* ")
			c.w.num(uint64(s))
			c.w.str(" FETCH (UID ")
			c.w.num(uint64(rows[i].UID))
			c.w.str(" MODSEQ (")
			c.w.num(uint64(rows[i].ModSeq))
			c.w.str("))\r\n")
		}
		if err := c.w.settle(); err != nil {
			return err
		}
	}
	return nil
}

// expunge is EXPUNGE and UID EXPUNGE (RFC 9051 sections 6.4.3 and 6.4.9).
func (r *request) expunge() error {
	p, c := r.p, r.c
	var set *numSet
	if r.uid {
		s := p.numSet()
		set = &s
	}
	if err := p.end(); err != nil {
		return err
	}
	if err := c.may(mailsvc.Delete); err != nil {
		return err
	}
	v := c.view
	var ranges []mailsvc.Range
	if set != nil {
		spans, err := v.pick(*set, true)
		if err != nil || len(spans) == 0 {
			return err
		}
		ranges = v.ranges(spans)
	}
	gone, err := c.s.o.Store.Expunge(c.ctx(), v.account, v.folder.ID, ranges)
	if err == nil && len(gone) > 0 {
		r.code = c.highestModSeq(v)
	}
	return err
}

// highestModSeq is the response code that ends an expunge (RFC 7162 section
// 3.2.7, RFC 6851 section 4.4), "" for clients that do not know it. The client is
// told of everything up to there before the tagged response.
func (c *conn) highestModSeq(v *view) string {
	if !c.condstore {
		return ""
	}
	f, err := c.s.o.Store.Folder(c.ctx(), c.account.Address, v.account, v.folder.Name)
	if err != nil || f.ID != v.folder.ID {
		return ""
	}
	return "HIGHESTMODSEQ " + strconv.FormatUint(uint64(f.HighestMod), 10)
}

func (r *request) copy() error { return r.transfer(false) }
func (r *request) move() error { return r.transfer(true) }

// transfer is COPY and MOVE (RFC 9051 sections 6.4.7 and 6.4.8). Moving within
// an account is filing, which Write allows; moving out of it also deletes.
func (r *request) transfer(move bool) error {
	p, c := r.p, r.c
	set := p.numSet()
	p.sp()
	name := p.mailboxName()
	if err := p.end(); err != nil {
		return err
	}
	dst, f, err := c.folder(name, mailsvc.Write)
	if errors.Is(err, mailsvc.ErrNotFound) {
		err = errTryCreate(c)
	}
	if err != nil {
		return err
	}
	v := c.view
	need := mailsvc.Read
	if move {
		need = mailsvc.Write
		if dst.account != v.account {
			need = mailsvc.Delete
		}
	}
	if err := c.may(need); err != nil {
		return err
	}
	spans, err := v.pick(set, r.uid)
	if err != nil || len(spans) == 0 {
		return err
	}
	return r.carry(move, spans, dst, f)
}

func (r *request) carry(move bool, spans []span, dst mailbox, f mailsvc.Folder) error {
	c, v := r.c, r.c.view
	carry := c.s.o.Store.Copy
	if move {
		carry = c.s.o.Store.Move
	}
	src, uids, err := carry(c.ctx(), c.account.Address, v.account, v.folder.ID, v.ranges(spans), dst.account, f.ID)
	if err != nil {
		return err
	}
	if len(src) == 0 && !r.uid {
		return no(expungeIssued, c.say("Những thư này đã bị người khác xóa.", "somebody else has expunged these messages"))
	}
	if len(src) == 0 {
		return nil
	}
	if err := c.dropFlags(dst, f, uids); err != nil {
		return err
	}
	c.putHere(dst, f, uids)
	r.code = string(appendCopyUID(nil, f.UIDValidity, src, uids))
	if move {
		c.w.status("*", imap.StatusResponseTypeOK, r.code, "moved")
		r.code = c.highestModSeq(v)
	}
	return nil
}

// putHere remembers messages that a command put into the selected mailbox: NOTIFY
// does not tell a client more of what it made itself than that it is there.
func (c *conn) putHere(m mailbox, f mailsvc.Folder, uids []mailsvc.UID) {
	if v := c.view; v != nil && v.account == m.account && v.folder.ID == f.ID {
		v.made = uids
	}
}

func appendCopyUID(b []byte, validity uint32, src, dst []mailsvc.UID) []byte {
	b = append(b, "COPYUID "...)
	b = appendSet(b, []uint32{validity})
	b = append(b, ' ')
	b = appendSet(b, src)
	b = append(b, ' ')
	return appendSet(b, dst)
}
