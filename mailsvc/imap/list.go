package imap

import (
	"cmp"
	"slices"
	"strings"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/internal/viet"
	"quangtri.gov.vn/vanthu/mailsvc"
)

// listed is one line of a LIST answer.
type listed struct {
	mailbox
	folder      mailsvc.Folder // zero if virtual
	subscribed  bool
	gone        bool // only subscribed: there is no such folder
	hasChildren bool
	childSub    bool // something below is subscribed
	childUse    bool // something below has a special use
}

func (l *listed) specialUse() string {
	if l.virtual {
		return ""
	}
	return l.folder.SpecialUse
}

// mailboxes returns everything the client can see, by name, INBOX first.
func (c *conn) mailboxes() ([]listed, error) { return c.visible(false) }

// visible is mailboxes, on demand with the names that the person is subscribed to
// but that are no mailbox's.
func (c *conn) visible(gone bool) ([]listed, error) {
	person := c.account.Address
	own, err := c.s.o.Store.Folders(c.ctx(), person, person)
	if err != nil {
		return nil, err
	}
	out := make([]listed, 0, len(own))
	for _, f := range own {
		if f.Name == AgencyRoot || strings.HasPrefix(f.Name, AgencyRoot+delimiter) {
			continue // hidden by the agency mailboxes
		}
		m := mailbox{account: person, name: f.Name, shown: f.Name, rights: allRights}
		out = append(out, listed{mailbox: m, folder: f, subscribed: f.Subscribed})
	}
	shared, err := c.agencyFolders()
	if err != nil {
		return nil, err
	}
	out = append(out, shared...)
	if gone {
		if out, err = c.withGone(out); err != nil {
			return nil, err
		}
	}
	markChildren(out)
	slices.SortStableFunc(out, func(a, b listed) int {
		if (a.shown == inbox) != (b.shown == inbox) {
			if a.shown == inbox {
				return -1
			}
			return 1
		}
		return cmp.Or(viet.Compare(a.shown, b.shown), strings.Compare(a.shown, b.shown))
	})
	return out, nil
}

// withGone adds the subscriptions to names that are no mailbox's any more, and
// the names above them that are none's either.
func (c *conn) withGone(out []listed) ([]listed, error) {
	person := c.account.Address
	names, err := c.s.o.Store.Subscriptions(c.ctx(), person)
	if err != nil || len(names) == 0 {
		return out, err
	}
	met := make(map[string]bool, len(out))
	for i := range out {
		met[out[i].shown] = true
	}
	add := func(name string, subscribed bool) {
		m := mailbox{account: person, name: name, shown: name, virtual: true}
		out = append(out, listed{mailbox: m, subscribed: subscribed, gone: true})
		met[name] = true
	}
	for _, name := range names { // what is above stands before
		if name == AgencyRoot || strings.HasPrefix(name, AgencyRoot+delimiter) {
			continue
		}
		for i := range len(name) {
			if name[i:i+1] == delimiter && !met[name[:i]] {
				add(name[:i], false)
			}
		}
		add(name, true)
	}
	return out, nil
}

// agencyFolders returns the folders below AgencyRoot, and that itself, if the
// person may see any.
func (c *conn) agencyFolders() ([]listed, error) {
	agencies := c.agencies()
	if len(agencies) == 0 {
		return nil, nil
	}
	root := mailbox{account: c.account.Address, shown: AgencyRoot, rights: mailsvc.Read, virtual: true}
	out := []listed{{mailbox: root, subscribed: true}}
	for _, a := range agencies {
		folders, err := c.s.o.Store.Folders(c.ctx(), c.account.Address, a.account)
		if err != nil {
			return nil, err
		}
		for _, f := range folders {
			// Two folders for \Sent or \Trash would confuse mail programs: the
			// person's own ones count.
			f.SpecialUse = ""
			m := mailbox{account: a.account, name: f.Name, shown: a.folder + delimiter + f.Name, rights: a.rights}
			if f.Name == inbox {
				m.shown = a.folder
			}
			out = append(out, listed{mailbox: m, folder: f, subscribed: true})
		}
	}
	return out, nil
}

// markChildren tells each mailbox what lies below it.
func markChildren(all []listed) {
	byName := make(map[string]*listed, len(all))
	for i := range all {
		byName[all[i].shown] = &all[i]
	}
	for i := range all {
		name := all[i].shown
		for {
			cut := strings.LastIndex(name, delimiter)
			if cut < 0 {
				break
			}
			name = name[:cut]
			if up := byName[name]; up != nil {
				up.hasChildren = up.hasChildren || !all[i].gone
				up.childSub = up.childSub || all[i].subscribed
				up.childUse = up.childUse || all[i].specialUse() != ""
			}
		}
	}
}

// listOptions is what LIST asks for: go-imap's options and what they lack.
type listOptions struct {
	imap.ListOptions
	status   *statusItems
	myRights bool
	extended bool // the extended syntax was used
	patterns []*pattern
	oldName  string // under which NOTIFY told of the mailbox
}

func (r *request) list() error {
	p, c := r.p, r.c
	var o listOptions
	if p.peek() == '(' {
		o.extended = true
		p.list(func() { p.listSelection(&o) })
		p.sp()
	}
	ref := p.listReference()
	p.sp()
	raw := p.listPatterns(&o, ref)
	if p.more() {
		o.extended = true
		if p.word() != "RETURN" {
			p.fail("expected RETURN")
		}
		p.sp()
		p.list(func() { p.listReturn(&o) })
	}
	if err := p.end(); err != nil {
		return err
	}
	if o.SelectRecursiveMatch && !o.SelectSubscribed && !o.SelectSpecialUse {
		return bad("RECURSIVEMATCH needs another selection option")
	}
	if o.status != nil && o.status.HighestModSeq {
		c.enableCondstore()
	}
	if raw == "" && !o.extended {
		c.w.str("* LIST (\\Noselect) \"/\" \"\"\r\n")
		return nil
	}
	return c.writeList(&o)
}

// listReference reads LIST's first name; it only lengthens the patterns.
func (p *parser) listReference() string {
	s := p.astring()
	if p.err != nil || s == "" {
		return ""
	}
	name, err := p.c.decodeName(s)
	if err != nil {
		p.err = err
	}
	return name
}

const maxPatterns = 100

// listPatterns reads one pattern or a list of them, and returns the last.
func (p *parser) listPatterns(o *listOptions, ref string) (last string) {
	one := func() {
		last = p.listPattern()
		full := last
		if ref != "" {
			full = ref + last
		}
		o.patterns = append(o.patterns, newPattern(canonicalName(viet.NFC(full))))
		if len(o.patterns) > maxPatterns {
			p.fail("too many patterns")
		}
	}
	if p.peek() == '(' {
		o.extended = true
		p.list(one)
		return last
	}
	one()
	return last
}

func (p *parser) listPattern() string {
	var s string
	if c := p.peek(); c == '"' || c == '{' {
		s = p.text()
	} else if s = p.span(func(c byte) bool { return isAtomChar(c) || c == ']' || c == '*' || c == '%' }); s == "" {
		p.fail("expected a pattern")
	}
	if p.err != nil || p.c.utf8 || rawUTF8(s) {
		return s
	}
	if name, ok := decodeUTF7(s); ok {
		return name
	}
	return s // "R&D*" finds what it says
}

func (p *parser) listSelection(o *listOptions) {
	switch p.word() {
	case "SUBSCRIBED":
		o.SelectSubscribed, o.ReturnSubscribed = true, true
	case "REMOTE":
		o.SelectRemote = true
	case "RECURSIVEMATCH":
		o.SelectRecursiveMatch = true
	case "SPECIAL-USE":
		o.SelectSpecialUse, o.ReturnSpecialUse = true, true
	default:
		p.fail("unknown LIST selection option")
	}
}

func (p *parser) listReturn(o *listOptions) {
	switch p.word() {
	case "SUBSCRIBED":
		o.ReturnSubscribed = true
	case "CHILDREN":
		o.ReturnChildren = true
	case "SPECIAL-USE":
		o.ReturnSpecialUse = true
	case "MYRIGHTS":
		o.myRights = true
	case "STATUS":
		p.sp()
		o.status = p.statusItems()
	default:
		p.fail("unknown LIST return option")
	}
}

func (o *listOptions) matches(name string) bool {
	return slices.ContainsFunc(o.patterns, func(p *pattern) bool { return p.match(name) })
}

// wants reports whether a mailbox is to be listed, and what it has below that is.
func (o *listOptions) wants(l *listed) (self bool, below bool) {
	if !o.SelectSubscribed && !o.SelectSpecialUse {
		return true, false
	}
	self = (!o.SelectSubscribed || l.subscribed) && (!o.SelectSpecialUse || l.specialUse() != "")
	below = o.SelectRecursiveMatch && (o.SelectSubscribed && l.childSub || o.SelectSpecialUse && l.childUse)
	return self, below
}

func (c *conn) writeList(o *listOptions) error {
	all, err := c.visible(o.SelectSubscribed)
	if err != nil {
		return err
	}
	for i := range all {
		l := &all[i]
		if !o.matches(l.shown) {
			continue
		}
		self, below := o.wants(l)
		if !self && !below {
			continue
		}
		c.listLine("LIST", l, o, below)
		if o.myRights && !l.virtual {
			c.w.str("* MYRIGHTS ")
			c.w.name(l.shown)
			c.w.str(" ", rightLetters(l.mailbox, c), "\r\n")
		}
		if o.status != nil && !l.virtual && self {
			if err := c.statusLine(l.mailbox, l.folder, o.status); err != nil {
				return err
			}
		}
		if err := c.w.settle(); err != nil {
			return err
		}
	}
	return nil
}

// listLine writes one LIST or LSUB response.
func (c *conn) listLine(word string, l *listed, o *listOptions, below bool) {
	attrs := make([]string, 0, 4)
	switch {
	case l.gone && word == "LIST":
		attrs = append(attrs, string(imap.MailboxAttrNonExistent))
	case l.virtual:
		attrs = append(attrs, string(imap.MailboxAttrNoSelect))
	}
	if l.hasChildren {
		attrs = append(attrs, string(imap.MailboxAttrHasChildren))
	} else {
		attrs = append(attrs, string(imap.MailboxAttrHasNoChildren))
	}
	if l.subscribed && o.ReturnSubscribed {
		attrs = append(attrs, string(imap.MailboxAttrSubscribed))
	}
	if use := l.specialUse(); use != "" { // also unasked: RFC 6154 section 2 allows it, old clients need it
		attrs = append(attrs, use)
	}
	c.w.str("* ", word, " (", strings.Join(attrs, " "), ") \"/\" ")
	c.w.name(l.shown)
	if below && o.SelectSubscribed {
		c.w.str(` ("CHILDINFO" ("SUBSCRIBED"))`)
	} else if below {
		c.w.str(` ("CHILDINFO" ("SPECIAL-USE"))`)
	}
	if o.oldName != "" {
		c.w.str(` ("OLDNAME" (`)
		c.w.name(o.oldName)
		c.w.str("))")
	}
	c.w.str("\r\n")
}

// lsub is RFC 3501's list of subscriptions. With "%" a folder that only leads
// to subscribed ones is shown as \Noselect.
func (r *request) lsub() error {
	p, c := r.p, r.c
	var o listOptions
	ref := p.listReference()
	p.sp()
	p.listPatterns(&o, ref)
	if err := p.end(); err != nil {
		return err
	}
	all, err := c.visible(true)
	if err != nil {
		return err
	}
	for i := range all {
		l := all[i]
		if !o.matches(l.shown) {
			continue
		}
		switch {
		case l.subscribed:
		case l.childSub && strings.HasSuffix(o.patterns[0].text, "%"):
			l.virtual = true
		default:
			continue
		}
		c.listLine("LSUB", &l, &o, false)
	}
	return nil
}
