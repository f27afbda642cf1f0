package imap

import (
	"strconv"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// Quota (RFC 9208): each account with a limit is one quota root with the
// resource STORAGE, named "" for the person's own and by its address for an
// agency's. An account without a limit has no quota root: a root without a
// resource is not in the grammar, and mail programs hang up on it.

func (c *conn) quotaRoot(m mailbox) string {
	if m.shared(c) {
		return m.account
	}
	return ""
}

func (c *conn) writeQuota(root, account string, limit int64) error {
	c.w.str("* QUOTA ")
	c.w.quoted(root)
	used, err := c.s.o.Store.Usage(c.ctx(), account)
	if err != nil {
		return err
	}
	c.w.str(" (", string(imap.QuotaResourceStorage), " ", kib(used), " ", kib(limit), ")\r\n")
	return nil
}

// kib is a size in units of 1,024 bytes, rounded up (RFC 9208 section 5.1).
func kib(n int64) string { return strconv.FormatInt((n+1023)/1024, 10) }

func (r *request) getQuotaRoot() error {
	c := r.c
	name := r.p.mailboxName()
	if err := r.p.end(); err != nil {
		return err
	}
	m, err := c.resolve(name)
	if err != nil {
		return err
	}
	limit, err := c.quota(m.account)
	if err != nil {
		return err
	}
	c.w.str("* QUOTAROOT ")
	c.w.name(name)
	if limit <= 0 {
		c.w.str("\r\n")
		return nil
	}
	root := c.quotaRoot(m)
	c.w.str(" ")
	c.w.quoted(root)
	c.w.str("\r\n")
	return c.writeQuota(root, m.account, limit)
}

func (r *request) getQuota() error {
	c := r.c
	root := r.p.astring()
	if err := r.p.end(); err != nil {
		return err
	}
	account := c.account.Address
	if root != "" {
		account = root
		if c.s.o.Identities.Rights(c.account, account)&mailsvc.Read == 0 {
			return no(imap.ResponseCodeNonExistent, "no such quota root")
		}
	}
	limit, err := c.quota(account)
	if err != nil {
		return err
	}
	if limit <= 0 {
		return no(imap.ResponseCodeNonExistent, "no such quota root")
	}
	return c.writeQuota(root, account, limit)
}

func (r *request) setQuota() error {
	p := r.p
	p.astring()
	p.sp()
	p.list(func() {
		p.atom()
		p.sp()
		p.bigNumber(1<<63 - 1)
	})
	if err := p.end(); err != nil {
		return err
	}
	return no(imap.ResponseCodeNoPerm, r.c.say("Hạn mức do người quản trị đặt.", "quota is set by the administrator"))
}
