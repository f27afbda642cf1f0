package imap

import (
	"errors"
	"slices"
	"strconv"
	"time"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// expungeIssued is the code for messages that somebody else has expunged while
// the client was not told yet (RFC 5530).
const expungeIssued imap.ResponseCode = "EXPUNGEISSUED"

// poll tells the client what changed in the selected mailbox since it was last
// told. Without mayExpunge messages that vanished are kept back: they keep
// their sequence numbers until a later poll.
func (c *conn) poll(mayExpunge bool) {
	v := c.view
	fetching := v.fetching
	v.fetching = false
	if c.currentRights(v)&mailsvc.Read == 0 {
		c.bye("", "the right to this mailbox was withdrawn")
		return
	}
	defer c.tellBehind(v)
	if c.onlyOwnChange() {
		if mayExpunge && len(v.gone) > 0 {
			c.writeGone()
		}
		return
	}
	ch, err := c.s.o.Store.ChangesSince(c.ctx(), c.account.Address, v.account, v.folder.ID, v.mod)
	if err != nil {
		c.pollFailed(err)
		return
	}
	v.folder = ch.Folder
	if len(v.gone) == 0 {
		v.before = v.mod
	}
	v.gone = mergeUIDs(v.gone, v.known(ch.Vanished))
	if mayExpunge && len(v.gone) > 0 {
		c.writeGone()
	}
	if fetching && c.keepsBack(ch.Changed) {
		return // v.mod stays: the next poll finds all of it again
	}
	v.held = time.Time{}
	before := len(v.uids)
	changed := v.admit(ch.Changed)
	if len(v.uids) > before {
		c.w.str("* ", strconv.Itoa(len(v.uids)), " EXISTS\r\n")
	}
	if c.quiet&onFlagChange != 0 {
		changed = nil
	}
	for i := range changed {
		c.writeFlags(v, &changed[i])
		if c.w.settle() != nil {
			return
		}
	}
	v.mod = max(v.mod, ch.Folder.HighestMod)
	v.told = nil
}

// knownMod is up to where the client has been told of all changes.
func (v *view) knownMod() mailsvc.ModSeq {
	if len(v.gone) > 0 {
		return v.before
	}
	return v.mod
}

// tellBehind tells a client with QRESYNC that what it was told is not everything
// up to the highest MODSEQ that it has seen, or that it is again: it would miss
// changes if the connection broke now (RFC 7162 sections 3.2 and 6).
func (c *conn) tellBehind(v *view) {
	behind := len(v.gone) > 0 || !v.held.IsZero()
	if c.qresync && (behind || v.behind) && !c.closed {
		c.writeHighest(v)
	}
	v.behind = behind
}

func (c *conn) writeHighest(v *view) {
	c.w.status("*", imap.StatusResponseTypeOK, "HIGHESTMODSEQ "+strconv.FormatUint(uint64(max(v.knownMod(), 1)), 10), "highest that you know")
}

// enableCondstore makes MODSEQ part of every FETCH response. The first command
// that asks for it with a mailbox selected is told where that stands (RFC 7162
// section 3.1).
func (c *conn) enableCondstore() {
	if !c.condstore && c.view != nil {
		c.writeHighest(c.view)
	}
	c.condstore = true
}

// newsAfter bounds how long FETCH after FETCH keeps new messages back.
const newsAfter = 30 * time.Second

// keepsBack reports whether the new messages among a FETCH's rows wait for a
// later command. A mail program
// that is busy with the answers of FETCH may overlook an EXISTS among them, as
// Thunderbird has been seen to do, and then waits in IDLE for what it was told
// already. RFC 9051 lets the server choose when to tell; a client that sends
// nothing but FETCH is told after a while.
func (c *conn) keepsBack(rows []mailsvc.Message) bool {
	v, now := c.view, c.s.now()
	if !v.brings(rows) {
		return false
	}
	if v.held.IsZero() {
		v.held = now
	}
	if now.Sub(v.held) < newsAfter {
		return true
	}
	return false
}

// brings reports whether the ascending rows hold a message that is new to the client.
func (v *view) brings(rows []mailsvc.Message) bool {
	if len(rows) == 0 {
		return false
	}
	n := len(v.uids)
	return n == 0 || rows[len(rows)-1].UID > v.uids[n-1]
}

// onlyOwnChange reports whether all that changed is what the command itself did
// and told. Modifications are numbered one by one within an account, so nothing
// lies between two neighbours.
func (c *conn) onlyOwnChange() bool {
	v := c.view
	mod := v.toldMod()
	if mod == 0 || mod != v.mod+1 {
		return false
	}
	f, err := c.s.o.Store.Folder(c.ctx(), c.account.Address, v.account, v.folder.Name)
	if err != nil || f.ID != v.folder.ID || f.HighestMod != mod {
		return false
	}
	v.folder, v.mod, v.told = f, mod, nil
	return true
}

// pollFailed ends a session whose mailbox was deleted under it; other errors
// are left to the next poll.
func (c *conn) pollFailed(err error) {
	if errors.Is(err, mailsvc.ErrNotFound) {
		c.bye(string(imap.ResponseCodeNonExistent), "the selected mailbox was deleted")
		return
	}
	if c.ctx().Err() == nil {
		c.s.log.Error("imap: changes", "account", c.account.Address, "err", err)
	}
}

// known returns those of the ascending uids that the client has been told of.
func (v *view) known(uids []mailsvc.UID) []mailsvc.UID {
	var out []mailsvc.UID
	for _, u := range uids {
		if _, ok := slices.BinarySearch(v.uids, u); ok {
			out = append(out, u)
		}
	}
	return out
}

// mergeUIDs joins two ascending lists without doubles.
func mergeUIDs(a, b []mailsvc.UID) []mailsvc.UID {
	if len(b) == 0 {
		return a
	}
	out := append(slices.Clone(a), b...)
	slices.Sort(out)
	return slices.Compact(out)
}

// admit adds new messages to the list and returns the others, which changed.
func (v *view) admit(rows []mailsvc.Message) []mailsvc.Message {
	var last mailsvc.UID
	if n := len(v.uids); n > 0 {
		last = v.uids[n-1]
	}
	changed := rows[:0]
	for i := range rows {
		switch m := &rows[i]; {
		case m.UID > last:
			v.uids = append(v.uids, m.UID)
			last = m.UID
		case m.ModSeq > v.mod && !v.wasTold(m):
			changed = append(changed, *m)
		}
	}
	return changed
}

// writeGone tells of all expunged messages and drops them from the list.
func (c *conn) writeGone() {
	v := c.view
	if c.qresync {
		c.w.str("* VANISHED ")
		c.w.set(appendSet(c.w.bytes(), v.gone))
		c.w.str("\r\n")
	} else {
		removed := uint32(0)
		for _, u := range v.gone {
			if s := v.seq(u); s > 0 {
				c.w.str("* ")
				c.w.num(uint64(s - removed)) // those before it are gone by now
				c.w.str(" EXPUNGE\r\n")
				removed++
			}
		}
	}
	v.uids = subtract(v.uids, v.gone)
	v.saved = subtract(v.saved, v.gone)
	v.gone = nil
}

// subtract removes ascending b from ascending a, in place.
func subtract(a, b []mailsvc.UID) []mailsvc.UID {
	n, j := 0, 0
	for _, u := range a {
		for j < len(b) && b[j] < u {
			j++
		}
		if j < len(b) && b[j] == u {
			continue
		}
		a[n] = u
		n++
	}
	return a[:n]
}

// writeFlags writes a FETCH response that nobody asked for.
func (c *conn) writeFlags(v *view, m *mailsvc.Message) {
	s := v.seq(m.UID)
	if s == 0 {
		return
	}
	c.w.str("* ")
	c.w.num(uint64(s))
	c.w.str(" FETCH (UID ")
	c.w.num(uint64(m.UID))
	c.w.str(" FLAGS ")
	c.w.flagList(m.Flags)
	if c.condstore {
		c.w.str(" MODSEQ (")
		c.w.num(uint64(m.ModSeq))
		c.w.str(")")
	}
	c.w.str(")\r\n")
}

func (w *writer) flagList(flags []string) {
	b := append(w.bytes(), '(')
	for i, f := range flags {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, f...)
	}
	w.set(append(b, ')'))
}
