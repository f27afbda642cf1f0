package imap

import (
	"slices"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// resync is the QRESYNC parameter of SELECT (RFC 7162 section 3.2.5): what the
// client remembers of the mailbox. The optional sequence match data only saves
// servers that forget expunges some work; ours never does.
type resync struct {
	validity uint32
	mod      mailsvc.ModSeq
	known    *numSet
}

func (p *parser) resync() *resync {
	q := new(resync)
	p.sp()
	p.expect('(')
	q.validity = p.number()
	p.sp()
	q.mod = mailsvc.ModSeq(p.bigNumber(1<<63 - 1))
	if p.more() && p.peek() != '(' {
		s := p.numSet()
		if s.saved {
			p.fail("expected UIDs")
		}
		q.known = &s
		p.more()
	}
	if p.accept('(') {
		p.numSet()
		p.sp()
		p.numSet()
		p.expect(')')
	}
	p.expect(')')
	return q
}

// writeResync tells what changed since the client was here last.
func (c *conn) writeResync(q *resync) error {
	v := c.view
	if q.validity != v.folder.UIDValidity {
		return nil
	}
	ch, err := c.s.o.Store.ChangesSince(c.ctx(), c.account.Address, v.account, v.folder.ID, q.mod)
	if err != nil {
		return err
	}
	// What changed after the list of UIDs was read is left to the next poll.
	known := wholeSet
	if q.known != nil {
		known = q.known.resolve(uint32(v.folder.UIDNext))
	}
	c.writeEarlier(ch.Vanished, known)
	for i := range ch.Changed {
		m := &ch.Changed[i]
		if m.ModSeq <= v.mod && inRanges(known, uint32(m.UID)) {
			c.writeFlags(v, m)
		}
		if err := c.w.settle(); err != nil {
			return err
		}
	}
	return nil
}

var wholeSet = []imap.SeqRange{{Start: 1, Stop: 1<<32 - 1}}

// writeEarlier writes VANISHED (EARLIER) for those UIDs that the client asks
// about and that the session does not list.
func (c *conn) writeEarlier(vanished []mailsvc.UID, asked []imap.SeqRange) {
	var out []mailsvc.UID
	for _, u := range vanished {
		if inRanges(asked, uint32(u)) && c.view.seq(u) == 0 {
			out = append(out, u)
		}
	}
	if len(out) == 0 {
		return
	}
	c.w.str("* VANISHED (EARLIER) ")
	c.w.set(appendSet(c.w.bytes(), out))
	c.w.str("\r\n")
}

// inRanges reports whether n lies in one of the ascending, disjoint ranges.
func inRanges(ranges []imap.SeqRange, n uint32) bool {
	i, _ := slices.BinarySearchFunc(ranges, n, func(r imap.SeqRange, n uint32) int {
		switch {
		case r.Stop < n:
			return -1
		case r.Start > n:
			return 1
		}
		return 0
	})
	return i < len(ranges) && ranges[i].Start <= n && n <= ranges[i].Stop
}
