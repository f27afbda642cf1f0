package imap

import (
	"slices"
	"strings"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// rightLetters returns a person's rights as RFC 4314 writes them. "c" and "d"
// are RFC 2086's names for k, x and t, e, which old clients ask for.
func rightLetters(m mailbox, c *conn) string {
	var b strings.Builder
	rights := m.rights
	if rights&mailsvc.Read != 0 {
		b.WriteString("lrs")
	}
	if m.virtual {
		return b.String()
	}
	if rights&mailsvc.Write != 0 {
		b.WriteString("wik")
	}
	if rights&mailsvc.Delete != 0 {
		b.WriteString("xte")
	}
	if rights&mailsvc.Write != 0 {
		b.WriteString("c")
	}
	if rights&mailsvc.Delete != 0 {
		b.WriteString("d")
	}
	return b.String()
}

// allowed returns those of the flags that the person may set: others are left out
// of a message that is appended or copied, which does not fail for them (RFC 4314
// section 4).
func (m mailbox) allowed(flags []string) []string {
	return slices.DeleteFunc(flags, func(f string) bool { return m.need(flagRight(f)) != nil })
}

// dropFlags removes from copies in another mailbox what the person may not set there.
func (c *conn) dropFlags(m mailbox, f mailsvc.Folder, copies []mailsvc.UID) error {
	if m.rights&mailsvc.Delete != 0 || len(copies) == 0 {
		return nil
	}
	ranges := []mailsvc.Range{{From: copies[0], To: copies[len(copies)-1]}} // UIDs of one transaction are neighbours
	_, _, err := c.s.o.Store.SetFlags(c.ctx(), c.account.Address, m.account, f.ID, ranges, mailsvc.FlagChange{Op: mailsvc.FlagsRemove, Flags: []string{string(imap.FlagDeleted)}})
	return err
}

// aclMailbox reads the mailbox of an ACL command and makes sure that it is there.
func (r *request) aclMailbox() (mailbox, error) {
	c := r.c
	name := r.p.mailboxName()
	if r.p.err != nil {
		return mailbox{}, r.p.err
	}
	m, err := c.resolve(name)
	if err != nil || m.virtual {
		return m, err
	}
	_, err = c.s.o.Store.Folder(c.ctx(), c.account.Address, m.account, m.name)
	return m, err
}

func (r *request) myRights() error {
	c := r.c
	m, err := r.aclMailbox()
	if err == nil {
		err = r.p.end()
	}
	if err != nil {
		return err
	}
	c.w.str("* MYRIGHTS ")
	c.w.name(m.shown)
	c.w.str(" ", rightLetters(m, c), "\r\n")
	return nil
}

// getACL shows the asking person's own entry: who else holds an agency mailbox
// is the administrator's business.
func (r *request) getACL() error {
	c := r.c
	m, err := r.aclMailbox()
	if err == nil {
		err = r.p.end()
	}
	if err != nil {
		return err
	}
	c.w.str("* ACL ")
	c.w.name(m.shown)
	c.w.str(" ")
	c.w.quoted(c.account.Address)
	c.w.str(" ", rightLetters(m, c), "\r\n")
	return nil
}

func (r *request) listRights() error {
	p, c := r.p, r.c
	m, err := r.aclMailbox()
	if err != nil {
		return err
	}
	who := p.aclIdentifier()
	if err := p.end(); err != nil {
		return err
	}
	c.w.str("* LISTRIGHTS ")
	c.w.name(m.shown)
	c.w.str(" ")
	c.w.quoted(who)
	c.w.str(` "" lrs wikc xted`, "\r\n")
	return nil
}

// aclIdentifier reads a space and whose rights a command is about.
func (p *parser) aclIdentifier() string {
	p.sp()
	who := p.astring()
	if who == "" {
		p.fail("empty identifier")
	}
	return who
}

// aclRights reads a change of rights: the letters of RFC 4314 and RFC 2086.
func (p *parser) aclRights() {
	rights := strings.TrimLeft(p.astring(), "+-")
	if strings.Trim(rights, "lrswipkxteacd0123456789") != "" {
		p.fail("unknown right")
	}
}

// setACL refuses: rights come with the account's grants.
func (r *request) setACL() error {
	p, c := r.p, r.c
	if _, err := r.aclMailbox(); err != nil {
		return err
	}
	p.aclIdentifier()
	if r.name == "SETACL" {
		p.sp()
		p.aclRights()
	}
	if err := p.end(); err != nil {
		return err
	}
	return no(imap.ResponseCodeNoPerm, c.say("Quyền do người quản trị cấp.", "rights are granted by the administrator"))
}
