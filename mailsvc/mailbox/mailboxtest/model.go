package mailboxtest

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// model is the contract in its plainest form: slices, no transactions, no disk.
// It knows only valid calls on accounts that exist.
type model map[string]*modelAccount

type modelAccount struct {
	name      string
	folders   []*modelFolder
	mod       int   // last MODSEQ
	emails    int   // last EMAILID
	limit     int64 // quota, bytes; 0 for none
	delivered map[string]bool
	threads   map[string]int  // Message-ID -> thread
	gone      map[string]bool // subscribed names without a folder
}

type modelFolder struct {
	name       string
	specialUse string
	unsub      bool
	uidNext    mailsvc.UID
	highest    int
	messages   []*modelMessage
	vanished   []modelVanished
}

type modelVanished struct {
	uid mailsvc.UID
	mod int
}

type modelMessage struct {
	uid   mailsvc.UID
	email int
	// thread is the email that began it.
	thread int
	mod    int
	flags  map[string]bool // lower case, without \seen
	born   bool
	seen   map[string]bool // by person; those who are missing see born
	saved  time.Time       // as the store first told; zero until then
	new    mailsvc.NewMessage
}

func newModelAccount(name string) *modelAccount {
	a := &modelAccount{name: name, delivered: make(map[string]bool), threads: make(map[string]int), gone: make(map[string]bool)}
	a.make("INBOX", "", a.change())
	return a
}

// change begins a transaction and returns its MODSEQ.
func (a *modelAccount) change() int { a.mod++; return a.mod }

func (a *modelAccount) find(name string) *modelFolder {
	for _, f := range a.folders {
		if f.name == name {
			return f
		}
	}
	return nil
}

func (a *modelAccount) make(name, specialUse string, mod int) *modelFolder {
	a.parents(name, mod)
	f := &modelFolder{name: name, specialUse: specialUse, uidNext: 1, highest: mod}
	a.folders = append(a.folders, f)
	delete(a.gone, name)
	return f
}

// delete removes a folder; its name stays subscribed if it was.
func (a *modelAccount) delete(f *modelFolder) {
	a.folders = slices.DeleteFunc(a.folders, func(g *modelFolder) bool { return g == f })
	if !f.unsub {
		a.gone[f.name] = true
	}
}

func (a *modelAccount) usage() (n int64) {
	for _, f := range a.folders {
		n += sizeOf(f.messages)
	}
	return n
}

// over reports whether that many bytes more are too many.
func (a *modelAccount) over(more int64) bool {
	return a.limit > 0 && more > 0 && a.usage()+more > a.limit
}

func sizeOf(all []*modelMessage) (n int64) {
	for _, m := range all {
		n += m.size()
	}
	return n
}

func (a *modelAccount) parents(name string, mod int) {
	for i, c := range name {
		if c == '/' && a.find(name[:i]) == nil {
			a.make(name[:i], "", mod)
		}
	}
}

func modelName(name string) string {
	name = norm.NFC.String(name)
	if first, rest, _ := strings.Cut(name, "/"); strings.EqualFold(first, "INBOX") {
		name = "INBOX"
		if rest != "" {
			name += "/" + rest
		}
	}
	return name
}

// rename follows RenameFolder and reports its kind of failure.
func (a *modelAccount) rename(from, to string) error {
	from, to = modelName(from), modelName(to)
	f := a.find(from)
	switch {
	case to == "INBOX" || from != "INBOX" && strings.HasPrefix(to, from+"/"):
		return mailsvc.ErrInvalid
	case f == nil:
		return mailsvc.ErrNotFound
	case a.find(to) != nil:
		return mailsvc.ErrExists
	case from == "INBOX":
		mod := a.change()
		a.move(f, a.make(to, "", mod), f.messages, mod)
		return nil
	}
	for _, c := range a.folders {
		if strings.HasPrefix(c.name, from+"/") && a.find(to+c.name[len(from):]) != nil {
			return mailsvc.ErrExists
		}
	}
	mod := a.change()
	a.parents(to, mod)
	for _, c := range a.folders {
		if c.name == from || strings.HasPrefix(c.name, from+"/") {
			c.name = to + c.name[len(from):]
			c.highest = mod
			if a.gone[c.name] {
				c.unsub = false
				delete(a.gone, c.name)
			}
		}
	}
	return nil
}

func (f *modelFolder) add(m *modelMessage, mod int) mailsvc.UID {
	m.uid, m.mod = f.uidNext, mod
	f.uidNext++
	f.highest = mod
	f.messages = append(f.messages, m)
	return m.uid
}

func (a *modelAccount) insert(f *modelFolder, n mailsvc.NewMessage, flags []string, mod int) mailsvc.UID {
	a.emails++
	m := &modelMessage{email: a.emails, thread: a.join(n.Refs, a.emails), new: n, seen: make(map[string]bool), flags: make(map[string]bool)}
	for _, flag := range flags {
		if strings.EqualFold(flag, `\Seen`) {
			m.born = true
		} else {
			m.flags[strings.ToLower(flag)] = true
		}
	}
	return f.add(m, mod)
}

// join finds the thread of a message, a new one if none of its references is in
// one, and puts all references into it that are in none.
func (a *modelAccount) join(refs []string, email int) int {
	thread := email
	for _, ref := range refs {
		if t, ok := a.threads[ref]; ok {
			thread = t
			break
		}
	}
	for _, ref := range refs {
		if _, ok := a.threads[ref]; !ok {
			a.threads[ref] = thread
		}
	}
	return thread
}

// replace follows Replace and reports its kind of failure.
func (a *modelAccount) replace(f *modelFolder, old mailsvc.UID, to *modelFolder, n mailsvc.NewMessage) (mailsvc.UID, error) {
	gone := f.in([]mailsvc.Range{{From: old, To: old}})
	if len(gone) == 0 {
		return 0, mailsvc.ErrNotFound
	}
	m := &modelMessage{new: n}
	if a.over(m.size() - gone[0].size()) {
		return 0, mailsvc.ErrOverQuota
	}
	mod := a.change()
	f.remove(gone, mod)
	return a.insert(to, n, n.Flags, mod), nil
}

func (m *modelMessage) seenBy(person string) bool {
	if seen, ok := m.seen[person]; ok {
		return seen
	}
	return m.born
}

// shown is the flags as a person sees them.
func (m *modelMessage) shown(person string) string {
	var names []string
	for f := range m.flags {
		names = append(names, f)
	}
	if m.seenBy(person) {
		names = append(names, `\seen`)
	}
	return flagString(names)
}

func (m *modelMessage) size() int64 { return m.new.BlobSize + int64(len(m.new.Prefix)) }

func (f *modelFolder) in(ranges []mailsvc.Range) []*modelMessage {
	var out []*modelMessage
	for _, m := range f.messages {
		if slices.ContainsFunc(ranges, func(r mailsvc.Range) bool { return m.uid >= r.From && (r.To == 0 || m.uid <= r.To) }) {
			out = append(out, m)
		}
	}
	return out
}

// setFlags returns the UIDs that changed and those that were kept.
func (a *modelAccount) setFlags(f *modelFolder, person string, ranges []mailsvc.Range, op mailsvc.FlagOp, flags []string, since int) (changed, kept []mailsvc.UID) {
	mod := 0
	for _, m := range f.in(ranges) {
		if since != 0 && m.mod > since {
			kept = append(kept, m.uid)
			continue
		}
		was := m.shown(person)
		next := make(map[string]bool)
		if op != mailsvc.FlagsReplace {
			for _, flag := range strings.Fields(was) {
				next[flag] = true
			}
		}
		for _, flag := range flags {
			if flag = strings.ToLower(flag); op == mailsvc.FlagsRemove {
				delete(next, flag)
			} else {
				next[flag] = true
			}
		}
		seen := next[`\seen`]
		delete(next, `\seen`)
		before, hadSeen := m.flags, m.seenBy(person)
		m.flags = next
		if seen != hadSeen {
			m.seen[person] = seen
		}
		if m.shown(person) == was {
			m.flags = before
			continue
		}
		if mod == 0 {
			mod = a.change()
		}
		m.mod, f.highest = mod, mod
		changed = append(changed, m.uid)
	}
	return changed, kept
}

// remove takes messages out of a folder.
func (f *modelFolder) remove(gone []*modelMessage, mod int) {
	for _, m := range gone {
		f.vanished = append(f.vanished, modelVanished{m.uid, mod})
		f.highest = mod
	}
	f.messages = slices.DeleteFunc(slices.Clone(f.messages), func(m *modelMessage) bool { return slices.Contains(gone, m) })
}

func (m *modelMessage) copy() *modelMessage {
	c := *m
	c.saved = time.Time{}
	c.flags = make(map[string]bool)
	for f := range m.flags {
		c.flags[f] = true
	}
	c.seen = make(map[string]bool)
	for p, s := range m.seen {
		c.seen[p] = s
	}
	return &c
}

// move and copyWithin return the new UIDs. Of nothing, they are no change.
func (a *modelAccount) move(f, to *modelFolder, all []*modelMessage, mod int) []mailsvc.UID {
	dst := a.copyWithin(to, all, mod)
	f.remove(all, mod)
	return dst
}

func (a *modelAccount) copyWithin(to *modelFolder, all []*modelMessage, mod int) []mailsvc.UID {
	var dst []mailsvc.UID
	for _, m := range all {
		dst = append(dst, to.add(m.copy(), mod))
	}
	return dst
}

// copyTo copies into another account: only the person's own \Seen goes along.
func (a *modelAccount) copyTo(to *modelFolder, person string, all []*modelMessage) []mailsvc.UID {
	if len(all) == 0 {
		return nil
	}
	mod := a.change()
	var dst []mailsvc.UID
	for _, m := range all {
		a.emails++
		c := m.copy()
		c.email, c.thread = a.emails, a.emails
		c.seen = make(map[string]bool)
		c.born = false
		if m.seenBy(person) {
			c.seen[person] = true
			c.born = person == a.name
		}
		dst = append(dst, to.add(c, mod))
	}
	return dst
}

func uidsOf(all []*modelMessage) []mailsvc.UID {
	var out []mailsvc.UID
	for _, m := range all {
		out = append(out, m.uid)
	}
	return out
}
