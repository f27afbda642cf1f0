package imap

import (
	"errors"
	"strconv"
	"time"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// maxMultiAppend bounds the messages of one APPEND (RFC 3502).
const maxMultiAppend = 1000

// maxAppendTime bounds one APPEND: a body that is stored and in no mailbox yet
// must not become so old that it is taken for one that nobody wants.
const maxAppendTime = 12 * time.Hour

// append is APPEND and MULTIAPPEND. Each message goes from the socket to a
// durable blob; when all are there, one transaction puts them into the folder.
func (r *request) append() error {
	p, c := r.p, r.c
	name := p.mailboxName()
	if p.err != nil {
		return p.err
	}
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
	if err != nil {
		return err
	}
	uids, err := c.s.o.Store.Append(c.ctx(), m.account, f.ID, msgs)
	if err != nil {
		return err
	}
	c.putHere(m, f, uids)
	r.code = "APPENDUID " + strconv.FormatUint(uint64(f.UIDValidity), 10) + " " + string(appendSet(nil, uids))
	return nil
}

// errTryCreate tells that the mailbox that messages should go to is not there.
func errTryCreate(c *conn) error {
	return no(imap.ResponseCodeTryCreate, c.say("Không có thư mục này; hãy tạo trước.", "no such mailbox, create it first"))
}

// messages reads the messages of APPEND, each with flags and date. While one
// becomes durable the next is read.
func (r *request) messages(m mailbox, room int64) ([]mailsvc.NewMessage, error) {
	p, n, began := r.p, 0, r.c.s.now()
	var q arrivals
	defer q.drop()
	for ; p.more(); n++ {
		if n == maxMultiAppend {
			return nil, no(imap.ResponseCodeLimit, "too many messages in one APPEND")
		}
		if err := r.message(m, &room, &q); err != nil {
			return nil, err
		}
		if r.c.s.now().Sub(began) > maxAppendTime {
			return nil, no(imap.ResponseCodeLimit, "APPEND took too long")
		}
	}
	if n == 0 {
		p.fail("expected a message")
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	return q.finish()
}

// room returns how many bytes the account may still take, -1 for no limit.
func (c *conn) room(m mailbox) (int64, error) {
	quota, err := c.quota(m.account)
	if err != nil || quota <= 0 {
		return -1, err
	}
	used, err := c.s.o.Store.Usage(c.ctx(), m.account)
	return max(quota-used, 0), err
}

func (c *conn) quota(account string) (int64, error) {
	a, err := c.s.o.Identities.Account(account)
	return a.Quota, err
}

// message reads one message of APPEND into a blob.
func (r *request) message(m mailbox, room *int64, q *arrivals) error {
	p, c := r.p, r.c
	var flags []string
	if p.peek() == '(' {
		flags = p.flags(false)
		p.sp()
	}
	when := c.s.now()
	if p.peek() == '"' {
		when = p.dateTime()
		p.sp()
	}
	wrapped := p.utf8Wrapper()
	l, ok := p.announce()
	if !ok {
		return p.err
	}
	if err := c.acceptable(l.n, *room); err != nil {
		return err
	}
	if *room >= 0 {
		*room -= l.n
	}
	p.pos = len(p.line)
	if !l.nonSync {
		c.proceed("go on")
	}
	pending, err := r.receive(l.n)
	if err != nil {
		return err
	}
	p.nextLine()
	if wrapped {
		p.expect(')')
	}
	if p.err != nil {
		pending.Abort()
		return p.err
	}
	return q.add(pending, m.allowed(flags), when)
}

// utf8Wrapper reads "UTF8 (" before a literal8 (RFC 6855 section 4).
func (p *parser) utf8Wrapper() bool {
	if c := p.peek(); c != 'U' && c != 'u' {
		return false
	}
	if p.word() != "UTF8" {
		p.fail("expected a message")
	}
	p.sp()
	p.expect('(')
	return p.err == nil
}

// acceptable says whether a message may come, before its bytes do.
func (c *conn) acceptable(size, room int64) error {
	switch {
	case size > c.s.limits.MaxMessage:
		return no(imap.ResponseCodeTooBig, c.say("Thư lớn hơn mức cho phép.", "message larger than the server takes"))
	case room >= 0 && size > room:
		return no(imap.ResponseCodeOverQuota, c.say("Hộp thư đã đầy; hãy xóa bớt thư.", "the mailbox is full, delete some mail"))
	case size == 0:
		return no("", "empty message refused")
	}
	return nil
}

// receive reads n bytes into a blob. If the blob fails, what is left of the
// literal is read and forgotten; if the connection fails, nothing is stored.
func (r *request) receive(n int64) (*mime.Pending, error) {
	c := r.c
	in := &stream{r: &c.r, left: n}
	pending, err := mime.Receive(c.s.o.Blobs, in, n)
	if in.err != nil {
		r.p.failIO(in.err)
		return nil, in.err
	}
	if err != nil {
		if derr := c.r.discard(in.left); derr != nil {
			r.p.failIO(derr)
			return nil, derr
		}
		r.p.nextLine() // skip goes on from there
		return nil, err
	}
	return pending, nil
}
