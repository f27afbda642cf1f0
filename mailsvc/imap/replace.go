package imap

import (
	"errors"
	"strconv"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// replace is REPLACE (RFC 8508): a message takes the place of another, in one
// transaction of the store. Two accounts have none in common, so that between
// them it is refused before the message comes.
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
	if m.account != v.account {
		return no(imap.ResponseCodeCannot, c.say("Không thay thư sang hộp thư khác được; hãy lưu thư mới rồi xóa thư cũ.", "a message cannot be replaced by one in another account, append it and expunge the old one"))
	}
	room, err := c.roomInstead(m, old)
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
	uid, err := c.s.o.Store.Replace(c.ctx(), m.account, v.folder.ID, old, f.ID, msgs[0])
	if errors.Is(err, mailsvc.ErrNotFound) {
		return no(imap.ResponseCodeNonExistent, c.say("Thư cần thay hoặc thư mục không còn; hãy làm mới rồi lưu lại.", "the message to be replaced or the mailbox is gone"))
	}
	if err != nil {
		return err
	}
	c.putHere(m, f, []mailsvc.UID{uid})
	c.w.status("*", imap.StatusResponseTypeOK, "APPENDUID "+strconv.FormatUint(uint64(f.UIDValidity), 10)+" "+string(appendSet(nil, []mailsvc.UID{uid})), "stored")
	return nil
}

// roomInstead is the room for a message that another makes: only what the account
// then holds more counts, RFC 8508 section 3.4.
func (c *conn) roomInstead(m mailbox, old mailsvc.UID) (int64, error) {
	room, err := c.room(m)
	if err != nil || room < 0 {
		return room, err
	}
	err = c.s.o.Store.Flags(c.ctx(), c.account.Address, m.account, c.view.folder.ID, []mailsvc.Range{{From: old, To: old}}, func(msg *mailsvc.Message) bool {
		room += msg.Size
		return false
	})
	return room, err
}
