package imap

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/internal/viet"
	"quangtri.gov.vn/vanthu/mailsvc"
)

const (
	delimiter = "/"
	inbox     = "INBOX"
	// AgencyRoot is the folder under which the agency mailboxes appear that a
	// person may use.
	AgencyRoot = "Hộp thư cơ quan"
	maxName    = 1000 // bytes of a mailbox name
)

// allRights is what an account may do with its own mailbox.
const allRights = mailsvc.Read | mailsvc.Write | mailsvc.Delete

// mailbox is where a name that the client used leads.
type mailbox struct {
	account string // whose it is
	name    string // in that account
	shown   string // as the client sees it
	rights  mailsvc.Rights
	virtual bool // AgencyRoot: holds no messages
}

func (m mailbox) shared(c *conn) bool { return m.account != c.account.Address }

// need refuses if a right is missing.
func (m mailbox) need(r mailsvc.Rights) error {
	if m.rights&r != r {
		return &mailsvc.Error{Op: "use mailbox", Subject: m.account, Kind: mailsvc.ErrNotAllowed}
	}
	return nil
}

// mailboxName reads a mailbox name as the client's mode has it.
func (p *parser) mailboxName() string {
	raw := p.astring()
	if p.err != nil {
		return ""
	}
	name, err := p.c.decodeName(raw)
	if err != nil {
		p.err = err
		return ""
	}
	p.given = raw
	return name
}

// oldName is what LIST adds for a client of IMAP4rev2 that wrote a name which is
// not in NFC: RFC 9051 section 5.1.
func (c *conn) oldName(given, name string) string {
	if !c.rev2 || given == name || viet.NFC(given) != name {
		return ""
	}
	return ` ("OLDNAME" (` + string(appendString(nil, given, true)) + `))`
}

// writeNormalised tells under which name a mailbox goes that got another one.
func (c *conn) writeNormalised(given, name string) {
	if old := c.oldName(given, name); old != "" {
		c.w.str("* LIST () \"/\" ")
		c.w.name(name)
		c.w.str(old, "\r\n")
	}
}

func (c *conn) decodeName(raw string) (string, error) {
	name := raw
	switch {
	case !c.utf8 && !rawUTF8(raw):
		var ok bool
		if name, ok = decodeUTF7(raw); !ok {
			return "", bad("mailbox name is not modified UTF-7")
		}
	case !utf8.ValidString(raw):
		return "", bad("mailbox name is not UTF-8")
	}
	if len(name) > maxName {
		return "", no(imap.ResponseCodeCannot, "mailbox name too long")
	}
	return canonicalName(viet.NFC(name)), nil
}

// rawUTF8 reports whether a name stands in UTF-8 although the client enabled
// nothing. Some clients, go-imap's among them, write names so as soon as a server
// announces IMAP4rev2; modified UTF-7 has no such bytes, so nothing is ambiguous.
func rawUTF8(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return utf8.ValidString(s)
		}
	}
	return false
}

// canonicalName spells INBOX, alone or as the first level, in capitals.
func canonicalName(name string) string {
	first, rest, deeper := strings.Cut(name, delimiter)
	if !strings.EqualFold(first, inbox) {
		return name
	}
	if deeper {
		return inbox + delimiter + rest
	}
	return inbox
}

// agency is an agency mailbox that the person may see.
type agency struct {
	account string
	folder  string // AgencyRoot/Name
	rights  mailsvc.Rights
}

// agencies returns the agency mailboxes of the logged-in person, by name. An
// agency whose name another one bears is told apart by its address.
func (c *conn) agencies() []agency {
	var out []agency
	for _, g := range c.account.Grants {
		a, err := c.s.o.Identities.Account(g.Agency)
		if err != nil || a.Disabled || a.Kind != mailsvc.Agency {
			continue
		}
		rights := c.s.o.Identities.Rights(c.account, a.Address)
		if rights&mailsvc.Read == 0 {
			continue
		}
		out = append(out, agency{a.Address, agencyFolder(a), rights})
	}
	slices.SortFunc(out, func(a, b agency) int {
		if n := viet.Compare(a.folder, b.folder); n != 0 {
			return n
		}
		return strings.Compare(a.account, b.account)
	})
	bearers := make(map[string]int, len(out))
	for i := range out {
		bearers[out[i].folder]++
	}
	for i := range out {
		if bearers[out[i].folder] > 1 {
			out[i].folder += " (" + out[i].account + ")"
		}
	}
	return out
}

func agencyFolder(a mailsvc.Account) string {
	name := viet.Clean(strings.ReplaceAll(a.Name, delimiter, "-"))
	if name == "" {
		name = a.Address
	}
	return AgencyRoot + delimiter + name
}

// resolve finds where a name leads; it does not look whether the folder exists.
// The agency's own name is its inbox: mail programs show no word that nobody here
// knows, and a click on the agency is a click on its mail.
func (c *conn) resolve(name string) (mailbox, error) {
	own := mailbox{account: c.account.Address, name: name, shown: name, rights: allRights}
	if name != AgencyRoot && !strings.HasPrefix(name, AgencyRoot+delimiter) {
		return own, nil
	}
	own.virtual, own.rights = true, mailsvc.Read
	if name == AgencyRoot {
		return own, nil
	}
	for _, a := range c.agencies() {
		if name == a.folder {
			return mailbox{account: a.account, name: inbox, shown: name, rights: a.rights}, nil
		}
		rest, ok := strings.CutPrefix(name, a.folder+delimiter)
		if rest = canonicalName(rest); ok && rest != inbox { // the inbox has one name only
			return mailbox{account: a.account, name: rest, shown: name, rights: a.rights}, nil
		}
	}
	return own, &mailsvc.Error{Op: "find mailbox", Subject: c.account.Address, Kind: mailsvc.ErrNotFound}
}

// real is resolve for commands that need a folder with messages.
func (c *conn) real(name string, rights mailsvc.Rights) (mailbox, error) {
	m, err := c.resolve(name)
	if err != nil {
		return m, err
	}
	if m.virtual {
		return m, no(imap.ResponseCodeCannot, c.say("Thư mục này chỉ để chứa các thư mục khác.", "this folder only holds folders"))
	}
	return m, m.need(rights)
}

// folder finds the folder behind a name, for use with the given rights.
func (c *conn) folder(name string, rights mailsvc.Rights) (mailbox, mailsvc.Folder, error) {
	m, err := c.real(name, rights)
	if err != nil {
		return m, mailsvc.Folder{}, err
	}
	f, err := c.s.o.Store.Folder(c.ctx(), c.account.Address, m.account, m.name)
	return m, f, err
}

// validName refuses names that no mail program could show or ask for.
func validName(name string) error {
	for _, r := range name {
		if r < 0x20 || r == 0x7F || r >= 0x80 && r < 0xA0 || r == '\u2028' || r == '\u2029' {
			return no(imap.ResponseCodeCannot, "control character in the name")
		}
	}
	if name == "" || strings.HasPrefix(name, delimiter) || strings.HasSuffix(name, delimiter) || strings.Contains(name, delimiter+delimiter) {
		return no(imap.ResponseCodeCannot, "empty level in the name")
	}
	if strings.ContainsAny(name, "*%") {
		return no(imap.ResponseCodeCannot, "wildcard in the name")
	}
	return nil
}

func (r *request) create() error {
	p, c := r.p, r.c
	name := p.mailboxName()
	use := ""
	if p.more() {
		p.list(func() {
			if p.word() != "USE" {
				p.fail("unknown CREATE parameter")
			}
			p.sp()
			p.list(func() {
				if use != "" {
					p.err = no("USEATTR", "one special use only")
					return
				}
				p.expect('\\')
				use = `\` + p.atom()
			})
		})
	}
	if err := p.end(); err != nil {
		return err
	}
	name = strings.TrimSuffix(name, delimiter)
	if err := validName(name); err != nil {
		return err
	}
	use, ok := canonicalUse(use)
	if !ok {
		return no("USEATTR", "unknown special use")
	}
	m, err := c.real(name, mailsvc.Write)
	if err != nil {
		return err
	}
	if err := c.unusedUse(m, use); err != nil {
		return err
	}
	f, err := c.s.o.Store.CreateFolder(c.ctx(), m.account, m.name, use)
	if err == nil {
		c.writeNormalised(strings.TrimSuffix(p.given, delimiter), m.shown)
		r.code = "MAILBOXID (" + mailboxID(f, m.shared(c)) + ")"
	}
	return err
}

// unusedUse refuses a second mailbox for one use: mail programs would file some
// mail here and some there.
func (c *conn) unusedUse(m mailbox, use string) error {
	if use == "" {
		return nil
	}
	folders, err := c.s.o.Store.Folders(c.ctx(), c.account.Address, m.account)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(folders, func(f mailsvc.Folder) bool { return f.SpecialUse == use }) {
		return no("USEATTR", c.say("Đã có thư mục cho việc này.", "another mailbox has that use"))
	}
	return nil
}

// canonicalUse spells a special-use attribute as RFC 6154 does; "" is no use.
func canonicalUse(use string) (string, bool) {
	if use == "" {
		return "", true
	}
	for _, a := range [...]imap.MailboxAttr{imap.MailboxAttrArchive, imap.MailboxAttrDrafts, imap.MailboxAttrJunk,
		imap.MailboxAttrSent, imap.MailboxAttrTrash, imap.MailboxAttrFlagged, imap.MailboxAttrImportant} {
		if strings.EqualFold(use, string(a)) {
			return string(a), true
		}
	}
	return "", false
}

// mailboxID is the MAILBOXID (RFC 8474): unique among all that one person sees.
func mailboxID(f mailsvc.Folder, shared bool) string {
	id := "F" + strconv.FormatUint(uint64(f.ID), 10)
	if shared {
		id += "-" + accountMark(f.Account)
	}
	return id
}

// accountMark tells objects of several accounts apart within an object id.
func accountMark(account string) string {
	h := uint64(14695981039346656037) // FNV-1a
	for i := 0; i < len(account); i++ {
		h = (h ^ uint64(account[i])) * 1099511628211
	}
	return strconv.FormatUint(h, 36)
}

func (r *request) delete() error {
	p, c := r.p, r.c
	name := p.mailboxName()
	if err := p.end(); err != nil {
		return err
	}
	m, err := c.real(name, mailsvc.Delete)
	if err != nil {
		return err
	}
	if m.name == inbox {
		return no(imap.ResponseCodeCannot, c.say("Không xóa được Hộp thư đến.", "INBOX cannot be deleted"))
	}
	folders, err := c.s.o.Store.Folders(c.ctx(), c.account.Address, m.account)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(folders, func(f mailsvc.Folder) bool { return strings.HasPrefix(f.Name, m.name+delimiter) }) {
		return no(imap.ResponseCodeHasChildren, c.say("Thư mục còn thư mục con; hãy xóa chúng trước.", "the mailbox has children, delete them first"))
	}
	if err := c.s.o.Store.DeleteFolder(c.ctx(), m.account, m.name); err != nil {
		return err
	}
	if c.view != nil && c.view.account == m.account && c.view.folder.Name == m.name {
		c.view = nil
	}
	return nil
}

func (r *request) rename() error {
	p, c := r.p, r.c
	from := p.mailboxName()
	p.sp()
	to := p.mailboxName()
	if err := p.end(); err != nil {
		return err
	}
	to = strings.TrimSuffix(to, delimiter)
	if err := validName(to); err != nil {
		return err
	}
	src, err := c.real(from, mailsvc.Write|mailsvc.Delete) // the old name is gone: RFC 4314 section 4
	if err != nil {
		return err
	}
	dst, err := c.real(to, mailsvc.Write)
	if err != nil {
		return err
	}
	if src.name == inbox && src.shared(c) { // its messages would move away from everybody's eyes
		return no(imap.ResponseCodeCannot, c.say("Tên hộp thư cơ quan do người quản trị đặt.", "the name of an agency mailbox is set by the administrator"))
	}
	if src.account != dst.account {
		return no(imap.ResponseCodeCannot, c.say("Không chuyển được thư mục sang hộp thư khác; hãy chuyển từng thư.", "a mailbox cannot move to another account"))
	}
	if err := c.s.o.Store.RenameFolder(c.ctx(), src.account, src.name, dst.name); err != nil {
		return err
	}
	c.writeNormalised(strings.TrimSuffix(p.given, delimiter), dst.shown)
	return nil
}

func (r *request) subscribe() error   { return r.setSubscribed(true) }
func (r *request) unsubscribe() error { return r.setSubscribed(false) }

// setSubscribed keeps subscriptions of the person's own folders. Agency folders
// are always subscribed: nobody finds them otherwise.
func (r *request) setSubscribed(on bool) error {
	c := r.c
	name := r.p.mailboxName()
	if err := r.p.end(); err != nil {
		return err
	}
	m, err := c.resolve(name)
	if err != nil {
		return err
	}
	if m.virtual || m.shared(c) {
		if !on {
			return no(imap.ResponseCodeCannot, c.say("Hộp thư cơ quan luôn hiển thị.", "agency mailboxes are always subscribed"))
		}
		return nil
	}
	err = c.s.o.Store.Subscribe(c.ctx(), m.account, m.name, on)
	if !on && errors.Is(err, mailsvc.ErrNotFound) {
		return nil // mail programs unsubscribe from what they have deleted
	}
	return err
}
