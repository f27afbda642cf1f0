package imap

import (
	"slices"
	"strconv"
	"strings"
	"time"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// view is the selected mailbox as the client knows it.
type view struct {
	mailbox
	folder   mailsvc.Folder
	readOnly bool
	uids     []mailsvc.UID     // ascending; a sequence number is an index + 1
	gone     []mailsvc.UID     // expunged by somebody, not yet told to the client; ascending
	mod      mailsvc.ModSeq    // the client knows, or gone holds, all changes up to here
	before   mailsvc.ModSeq    // what mod was when gone was last empty
	behind   bool              // a client with QRESYNC has been told that it does not know everything
	saved    []mailsvc.UID     // result of SEARCH RETURN (SAVE), ascending
	told     []mailsvc.Message // states that this command has told the client, ascending
	made     []mailsvc.UID     // messages that this command put here
	fetching bool              // the poll is that of a FETCH
	held     time.Time         // since when new messages are kept back, see keepsBack
}

// seq returns the sequence number of a UID, 0 if the client does not know it.
func (v *view) seq(uid mailsvc.UID) uint32 {
	i, ok := slices.BinarySearch(v.uids, uid)
	if !ok {
		return 0
	}
	return uint32(i + 1)
}

// defaultFlags are announced by SELECT; keywords of any other name may be made.
var defaultFlags = []imap.Flag{imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted, imap.FlagSeen, imap.FlagDraft,
	imap.FlagForwarded, imap.FlagMDNSent, imap.FlagJunk, imap.FlagNotJunk}

// permanentFlags returns what the person may change.
func (v *view) permanentFlags() []imap.Flag {
	if v.readOnly {
		return nil
	}
	var out []imap.Flag
	for _, f := range defaultFlags {
		if v.rights&flagRight(string(f)) == flagRight(string(f)) {
			out = append(out, f)
		}
	}
	if v.rights&mailsvc.Write != 0 {
		out = append(out, imap.FlagWildcard)
	}
	return out
}

// flagRight is the right that changing a flag needs. \Seen is each person's own.
func flagRight(flag string) mailsvc.Rights {
	switch imap.Flag(flag) {
	case imap.FlagSeen:
		return mailsvc.Read
	case imap.FlagDeleted:
		return mailsvc.Delete
	}
	return mailsvc.Write
}

func hasFlag(flags []string, f imap.Flag) bool { return slices.Contains(flags, string(f)) }

func joinFlags(flags []imap.Flag) string {
	s := make([]string, len(flags))
	for i, f := range flags {
		s[i] = string(f)
	}
	return strings.Join(s, " ")
}

func (r *request) sel() error     { return r.open(false) }
func (r *request) examine() error { return r.open(true) }

// open is SELECT and EXAMINE.
func (r *request) open(readOnly bool) error {
	p, c := r.p, r.c
	name := p.mailboxName()
	var q *resync
	condstore := false
	if p.more() {
		p.list(func() {
			switch p.word() {
			case "CONDSTORE":
				condstore = true
			case "QRESYNC":
				q = p.resync()
			default:
				p.fail("unknown parameter")
			}
		})
	}
	if p.err == nil && q != nil && !c.qresync {
		p.fail("ENABLE QRESYNC first")
	}
	if err := p.end(); err != nil {
		return err
	}
	if c.view != nil {
		c.view = nil // also when the new mailbox cannot be selected
		c.w.status("*", imap.StatusResponseTypeOK, "CLOSED", "previous mailbox closed")
	}
	c.condstore = c.condstore || condstore
	m, f, err := c.folder(name, mailsvc.Read)
	if err != nil {
		return err
	}
	f, uids, err := c.s.o.Store.UIDs(c.ctx(), c.account.Address, m.account, f.ID)
	if err != nil {
		return err
	}
	c.view = &view{mailbox: m, folder: f, readOnly: readOnly, uids: uids, mod: f.HighestMod}
	c.writeSelected(c.view, p.given)
	if q != nil {
		if err := c.writeResync(q); err != nil {
			c.view = nil
			return err
		}
	}
	r.code, r.text = "READ-WRITE", "selected"
	if readOnly || m.rights&(mailsvc.Write|mailsvc.Delete) == 0 { // RFC 4314 section 5.2: \Seen is each person's own
		r.code = "READ-ONLY"
	}
	return nil
}

// writeSelected writes the responses of SELECT (RFC 9051 section 6.3.2); given is
// the name that the client wrote.
func (c *conn) writeSelected(v *view, given string) {
	w := &c.w
	w.str("* FLAGS (", joinFlags(defaultFlags), ")\r\n* ", strconv.Itoa(len(v.uids)), " EXISTS\r\n")
	if !c.rev2 {
		w.str("* 0 RECENT\r\n")
	}
	ok := func(code, text string) { w.status("*", imap.StatusResponseTypeOK, code, text) }
	ok("PERMANENTFLAGS ("+joinFlags(v.permanentFlags())+")", "flags that stay")
	ok("UIDVALIDITY "+strconv.FormatUint(uint64(v.folder.UIDValidity), 10), "UIDs valid")
	ok("UIDNEXT "+strconv.FormatUint(uint64(v.folder.UIDNext), 10), "next UID")
	ok("HIGHESTMODSEQ "+strconv.FormatUint(uint64(max(v.folder.HighestMod, 1)), 10), "highest")
	ok("MAILBOXID ("+mailboxID(v.folder, v.shared(c))+")", "mailbox id")
	if c.rev2 {
		w.str("* LIST () \"/\" ")
		w.name(v.shown)
		w.str(c.oldName(given, v.shown), "\r\n")
	}
}

func (r *request) unselect() error {
	if err := r.p.end(); err != nil {
		return err
	}
	r.c.view = nil
	return nil
}

// close expunges without saying so, unless the mailbox is read-only.
func (r *request) close() error {
	c := r.c
	if err := r.p.end(); err != nil {
		return err
	}
	v := c.view
	c.view = nil
	if v.readOnly || c.currentRights(v)&mailsvc.Delete == 0 {
		return nil
	}
	_, err := c.s.o.Store.Expunge(c.ctx(), v.account, v.folder.ID, nil)
	return err // without HIGHESTMODSEQ, which RFC 7162 section 3.2.8 forbids: the client was not told what is gone
}

// currentRights returns the person's rights on the selected mailbox now.
func (c *conn) currentRights(v *view) mailsvc.Rights {
	if !v.shared(c) {
		return allRights
	}
	return c.s.o.Identities.Rights(c.account, v.account)
}

// may checks that the selected mailbox can be written to, with the given rights.
func (c *conn) may(rights mailsvc.Rights) error {
	v := c.view
	if rights != mailsvc.Read && v.readOnly {
		return no(imap.ResponseCodeNoPerm, c.say("Thư mục đang mở chỉ để đọc.", "the mailbox is open read-only"))
	}
	v.rights = c.currentRights(v)
	return v.need(rights)
}
