package imap

import (
	"errors"
	"strconv"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// replace is REPLACE (RFC 8508): a message takes the place of another. The new
// one is stored first, so whatever happens nothing is lost.
func (r *request) replace() error {
	p, c := r.p, r.c
	set := p.numSet()
	p.sp()
	name := p.mailboxName()
	if p.err != nil {
		return p.err
	}
	if err := c.may(mailsvc.Delete); err != nil {
		return err
	}
	v := c.view
	spans, err := v.pick(set, r.uid)
	if err != nil {
		return err
	}
	if len(spans) != 1 || spans[0].to != spans[0].from+1 {
		return bad("REPLACE takes one message that exists")
	}
	old := v.uids[spans[0].from]
	m, f, err := c.folder(name, mailsvc.Write)
	if errors.Is(err, mailsvc.ErrNotFound) {
		err = errTryCreate(c)
	}
	if err != nil {
		return err
	}
	room, err := c.room(m)
	if err != nil {
		return err
	}
	msgs, err := r.messages(m, room)
	if err == nil && len(msgs) != 1 {
		err = bad("REPLACE takes one message")
	}
	if err != nil {
		return err
	}
	uids, err := c.s.o.Store.Append(c.ctx(), m.account, f.ID, msgs)
	if err != nil {
		return err
	}
	c.w.status("*", imap.StatusResponseTypeOK, "APPENDUID "+strconv.FormatUint(uint64(f.UIDValidity), 10)+" "+string(appendSet(nil, uids)), "stored")
	return c.remove(old)
}

// remove expunges one message.
func (c *conn) remove(uid mailsvc.UID) error {
	v := c.view
	one := []mailsvc.Range{{From: uid, To: uid}}
	if _, _, err := c.setFlags(one, mailsvc.FlagChange{Op: mailsvc.FlagsAdd, Flags: []string{string(imap.FlagDeleted)}}); err != nil {
		return err
	}
	_, err := c.s.o.Store.Expunge(c.ctx(), v.account, v.folder.ID, one)
	return err
}
