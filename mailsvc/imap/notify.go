package imap

import (
	"slices"
	"strings"
	"sync"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// notifyEvents is a set of events (RFC 5465 section 5).
type notifyEvents uint8

const (
	onMessageNew notifyEvents = 1 << iota
	onMessageExpunge
	onFlagChange
	onMailboxName
	onSubscription

	onMessages = onMessageNew | onMessageExpunge | onFlagChange
)

var notifyEventNames = map[string]notifyEvents{
	"MESSAGENEW": onMessageNew, "MESSAGEEXPUNGE": onMessageExpunge, "FLAGCHANGE": onFlagChange,
	"MAILBOXNAME": onMailboxName, "SUBSCRIPTIONCHANGE": onSubscription,
}

// badEvent is the code for events that are not supported.
const badEvent imap.ResponseCode = "BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange)"

// Bounds of one NOTIFY.
const (
	maxNotifyGroups = 50
	maxNotifyNames  = 500 // of all groups together
)

// notifyGroup is one event group.
type notifyGroup struct {
	filter   string // SELECTED, SELECTED-DELAYED, INBOXES, PERSONAL, SUBSCRIBED, SUBTREE, MAILBOXES
	selected bool   // one of the first two
	names    []string
	events   notifyEvents
	fetch    *fetchArgs // what to fetch of new messages
}

// covers reports whether the group is about a mailbox that is not selected.
func (g *notifyGroup) covers(l *listed, c *conn) bool {
	switch g.filter {
	case "INBOXES":
		return l.name == inbox && !l.virtual
	case "PERSONAL":
		return !l.shared(c)
	case "SUBSCRIBED":
		return l.subscribed
	case "SUBTREE":
		return slices.ContainsFunc(g.names, func(n string) bool { return l.shown == n || strings.HasPrefix(l.shown, n+delimiter) })
	case "MAILBOXES":
		return slices.Contains(g.names, l.shown)
	}
	return false
}

// notifier is a NOTIFY that is in force.
type notifier struct {
	groups  []notifyGroup
	known   map[string]listed // what the client knows, by shown name
	changed chan struct{}
	watched map[string]bool // accounts
	done    chan struct{}   // closed by stop
	wg      sync.WaitGroup
}

// notify is NOTIFY (RFC 5465). NONE asks for silence, and so does SET for the
// events of the selected mailbox that it does not name.
func (r *request) notify() error {
	p, c := r.p, r.c
	n := &notifier{changed: make(chan struct{}, 1), watched: make(map[string]bool), done: make(chan struct{})}
	status, names := false, 0
	switch p.word() {
	case "NONE":
		n = nil
	case "SET":
		p.sp()
		if p.takeWord("STATUS") {
			status = true
			p.sp()
		}
		for {
			n.groups = append(n.groups, p.notifyGroup())
			if names += len(n.groups[len(n.groups)-1].names); len(n.groups) > maxNotifyGroups || names > maxNotifyNames {
				p.err = orErr(p.err, no("NOTIFICATIONOVERFLOW", "too many event groups or mailboxes"))
			}
			if !p.more() {
				break
			}
		}
	default:
		p.fail("expected SET or NONE")
	}
	if n.selectedGroups() > 1 {
		p.fail("SELECTED twice")
	}
	if err := p.end(); err != nil {
		return err
	}
	c.endNotify()
	if n == nil {
		c.quiet = onMessages
		return nil
	}
	if c.view != nil { // section 3.1: SET is a NOOP too
		c.quiet = 0
		c.poll(true)
	}
	c.quiet = onMessages
	if g := n.selected(); g != nil {
		c.quiet &^= g.events
	}
	return c.beginNotify(n, status)
}

func (p *parser) notifyGroup() notifyGroup {
	var g notifyGroup
	p.expect('(')
	g.filter = p.word()
	switch g.filter {
	case "SELECTED", "SELECTED-DELAYED":
		g.selected = true
	case "INBOXES", "PERSONAL", "SUBSCRIBED":
	case "SUBTREE", "MAILBOXES":
		p.sp()
		g.names = p.notifyNames()
	default:
		p.fail("unknown mailbox filter")
	}
	p.sp()
	if !p.takeWord("NONE") {
		p.filledList(func() { p.notifyEvent(&g) })
	}
	p.expect(')')
	both := onMessageNew | onMessageExpunge
	if p.err == nil && (g.events&both != 0 && g.events&both != both || g.events&onFlagChange != 0 && g.events&both == 0) {
		p.fail("MessageNew, MessageExpunge and FlagChange need each other")
	}
	if g.selected && g.events&^onMessages != 0 || !g.selected && g.fetch != nil {
		p.fail("not for that mailbox filter")
	}
	return g
}

func (p *parser) notifyNames() []string {
	var names []string
	one := func() {
		if names = append(names, p.mailboxName()); len(names) > maxNotifyNames {
			p.err = orErr(p.err, no("NOTIFICATIONOVERFLOW", "too many mailboxes"))
		}
	}
	if p.peek() == '(' {
		p.list(one)
	} else {
		one()
	}
	return names
}

func (p *parser) notifyEvent(g *notifyGroup) {
	e, ok := notifyEventNames[p.word()]
	if !ok {
		p.err = orErr(p.err, no(badEvent, "unknown event"))
		return
	}
	g.events |= e
	if e == onMessageNew && p.peek() == ' ' && p.pos+1 < len(p.line) && p.line[p.pos+1] == '(' {
		p.sp()
		g.fetch = new(fetchArgs)
		p.filledList(func() { p.fetchItem(g.fetch) })
	}
}

// beginNotify puts a NOTIFY in force; with status the client is told where all
// mailboxes stand.
func (c *conn) beginNotify(n *notifier, status bool) error {
	all, err := c.mailboxes()
	if err != nil {
		return err
	}
	n.remember(all)
	n.watch(c.s.o.Store, all)
	c.notifier = n
	if !status {
		return nil
	}
	for i := range all {
		if l := &all[i]; !l.virtual && n.events(l, c)&onMessages != 0 && !c.isSelected(l) {
			if err := c.notifyStatus(l, n.events(l, c)&onFlagChange != 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *notifier) remember(all []listed) {
	n.known = make(map[string]listed, len(all))
	for _, l := range all {
		n.known[l.shown] = l
	}
}

// watch merges the changes of all accounts that have a mailbox in the list into
// one channel. Called again it watches what has been added.
func (n *notifier) watch(store mailsvc.Store, all []listed) {
	for i := range all {
		account := all[i].account
		if n.watched[account] {
			continue
		}
		n.watched[account] = true
		c, stop := store.Watch(account)
		n.wg.Go(func() {
			defer stop()
			for {
				select {
				case <-n.done:
					return
				case <-c:
				}
				select {
				case n.changed <- struct{}{}:
				default:
				}
			}
		})
	}
}

func (n *notifier) stop() {
	close(n.done)
	n.wg.Wait()
}

func (c *conn) endNotify() {
	if c.notifier != nil {
		c.notifier.stop()
		c.notifier = nil
	}
}

// events returns which events of a mailbox are asked for: those of all groups
// that cover it (section 6), unless one of them says NONE.
func (n *notifier) events(l *listed, c *conn) (all notifyEvents) {
	for i := range n.groups {
		if g := &n.groups[i]; g.covers(l, c) {
			if g.events == 0 {
				return 0
			}
			all |= g.events
		}
	}
	return all
}

// selected returns the group for the selected mailbox, nil if there is none.
func (n *notifier) selected() *notifyGroup {
	if i := slices.IndexFunc(n.groups, func(g notifyGroup) bool { return g.selected }); i >= 0 {
		return &n.groups[i]
	}
	return nil
}

func (n *notifier) selectedGroups() (count int) {
	if n == nil {
		return 0
	}
	for i := range n.groups {
		if n.groups[i].selected {
			count++
		}
	}
	return count
}

// fetchOfNew is what the client wants to know of new messages in the selected
// mailbox, nil for nothing more than EXISTS.
func (n *notifier) fetchOfNew() *fetchArgs {
	if n == nil {
		return nil
	}
	if g := n.selected(); g != nil {
		return g.fetch
	}
	return nil
}

func (c *conn) isSelected(l *listed) bool {
	return c.view != nil && !l.virtual && c.view.account == l.account && c.view.folder.ID == l.folder.ID
}

// tellChanges sends what NOTIFY asks for. It is called between commands and
// during IDLE, when SELECTED-DELAYED does not wait.
func (c *conn) tellChanges(idle bool) {
	c.refresh()
	if c.closed {
		return
	}
	n := c.notifier
	if g := n.selected(); g != nil && c.view != nil && g.events&onMessages != 0 {
		c.pollFetching(idle || g.filter == "SELECTED", g.fetch)
	}
	if c.closed || len(n.groups) == n.selectedGroups() {
		return
	}
	all, err := c.mailboxes()
	if err != nil {
		c.pollFailed(err)
		return
	}
	known := n.known
	n.remember(all)
	n.watch(c.s.o.Store, all)
	renamed := n.renamed(known, all)
	for i := range all {
		if err := c.tellMailbox(&all[i], known, renamed); err != nil {
			return
		}
	}
	for name, old := range known {
		if _, still := n.known[name]; !still && renamed[old.key()] == nil && n.events(&old, c)&onMailboxName != 0 {
			c.w.str("* LIST (\\NonExistent) \"/\" ")
			c.w.name(name)
			c.w.str("\r\n")
		}
	}
}

// tellMailbox tells what changed about one mailbox that is there.
func (c *conn) tellMailbox(l *listed, known map[string]listed, renamed map[folderKey]*listed) error {
	old, had := known[l.shown]
	if was := renamed[l.key()]; was != nil {
		old, had = *was, true
	}
	events := c.notifier.events(l, c)
	named := !had || old.shown != l.shown && !movedAlong(&old, l, renamed) || old.hasChildren != l.hasChildren
	switch {
	case named && events&onMailboxName != 0, had && old.subscribed != l.subscribed && events&onSubscription != 0:
		o := listOptions{ListOptions: imap.ListOptions{ReturnSubscribed: true}}
		if had && old.shown != l.shown {
			o.oldName = old.shown
		}
		c.listLine("LIST", l, &o, false)
	}
	if !l.virtual && events&onMessages != 0 && !c.isSelected(l) && (!had || changedSince(&old, l, events)) {
		return c.notifyStatus(l, false)
	}
	return nil
}

// movedAlong reports whether a mailbox has its new name only because one above it
// was renamed, which is told of that one alone (section 5.4).
func movedAlong(old, l *listed, renamed map[folderKey]*listed) bool {
	for _, up := range renamed {
		rest, below := strings.CutPrefix(old.shown, up.shown+delimiter)
		if top, ok := strings.CutSuffix(l.shown, delimiter+rest); below && ok && top != up.shown {
			return true
		}
	}
	return false
}

// folderKey tells folders apart whatever their names.
type folderKey struct {
	account string
	id      mailsvc.FolderID
}

func (l *listed) key() folderKey { return folderKey{l.account, l.folder.ID} }

// renamed returns, of the folders that go by another name now, what was known.
func (n *notifier) renamed(known map[string]listed, all []listed) map[folderKey]*listed {
	var out map[folderKey]*listed
	for name, old := range known {
		if now, still := n.known[name]; old.virtual || still && now.key() == old.key() {
			continue
		}
		if i := slices.IndexFunc(all, func(l listed) bool { return !l.virtual && l.key() == old.key() }); i >= 0 {
			if out == nil {
				out = make(map[folderKey]*listed)
			}
			out[old.key()] = &old
		}
	}
	return out
}

// changedSince reports whether a mailbox changed in a way that was asked about.
func changedSince(old, l *listed, events notifyEvents) bool {
	a, b := &old.folder, &l.folder
	switch {
	case a.ID != b.ID:
		return true
	case events&onFlagChange != 0 && a.HighestMod != b.HighestMod:
		return true
	}
	return a.UIDNext != b.UIDNext || a.Messages != b.Messages
}

// notifyStatus writes the STATUS that RFC 5465 sections 3.1 and 5 ask for.
func (c *conn) notifyStatus(l *listed, modSeq bool) error {
	s := &statusItems{StatusOptions: imap.StatusOptions{NumMessages: true, UIDNext: true, UIDValidity: true, NumUnseen: true, HighestModSeq: modSeq || c.condstore}}
	return c.statusLine(l.mailbox, l.folder, s)
}

// pollFetching is poll, with what NOTIFY wants to know of new messages.
func (c *conn) pollFetching(mayExpunge bool, a *fetchArgs) {
	before := mailsvc.UID(0)
	if n := len(c.view.uids); n > 0 {
		before = c.view.uids[n-1]
	}
	made := c.view.made
	c.view.made = nil
	c.poll(mayExpunge)
	if a == nil || c.closed || c.view == nil {
		return
	}
	if n := len(c.view.uids); n > 0 && c.view.uids[n-1] > before {
		f := fetcher{c: c, a: a, skip: made}
		if err := f.run([]mailsvc.Range{{From: before + 1}}); err != nil {
			c.pollFailed(err)
		}
	}
}

// awaitNotified is await while a NOTIFY is in force.
func (c *conn) awaitNotified() bool {
	if c.w.flush() != nil {
		return false
	}
	c.idling = true
	defer func() { c.idling = false }()
	ready := make(chan error, 1)
	c.readBy(c.idleDeadline())
	go func() { ready <- c.peek() }()
	for {
		select {
		case err := <-ready:
			return c.awaited(err)
		case <-c.notifier.changed:
			c.tellChanges(false)
		case <-c.s.stop:
			c.bye("", "server is shutting down")
		}
		if c.w.flush() != nil || c.closed {
			c.closed = true
			c.cutOff()
			<-ready
			return false
		}
	}
}
