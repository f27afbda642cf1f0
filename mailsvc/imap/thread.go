package imap

import (
	"cmp"
	"slices"
	"strconv"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/internal/viet"
	"quangtri.gov.vn/vanthu/mailsvc"
	"quangtri.gov.vn/vanthu/mailsvc/mime"
)

// node is a message in a thread, or a place for one that is not here (num 0).
type node struct {
	num      uint32 // sequence number or UID
	date     int64
	base     string // base subject, for comparison
	reply    bool
	parent   *node
	children []*node
}

// maxThreadDepth bounds the walk that looks for loops.
const maxThreadDepth = 1000

// thread is THREAD (RFC 5256 section 4).
func (r *request) thread() error {
	p, c := r.p, r.c
	algorithm := imap.ThreadAlgorithm(upper(p.atom()))
	if p.err == nil && algorithm != imap.ThreadReferences && algorithm != imap.ThreadOrderedSubject {
		p.fail("unknown threading algorithm")
	}
	p.sp()
	a := &searchArgs{uid: r.uid}
	p.knownCharset(a)
	p.sp()
	a.root = p.searchKeys(a)
	if err := p.end(); err != nil {
		return err
	}
	r.bySeq = a.bySeq
	if err := c.may(mailsvc.Read); err != nil {
		return err
	}
	t := threader{byID: make(map[string]*node)}
	err := c.each(r, a, true, func(m *mailsvc.Message, seq uint32) {
		num := seq
		if r.uid {
			num = uint32(m.UID)
		}
		t.add(m, num, algorithm == imap.ThreadReferences)
	})
	if err != nil {
		return err
	}
	var roots []*node
	if algorithm == imap.ThreadReferences {
		roots = t.references()
	} else {
		roots = t.orderedSubject()
	}
	b := append(c.w.bytes(), "* THREAD"...)
	for i, n := range roots {
		if i == 0 {
			b = append(b, ' ')
		}
		b = appendThread(b, n)
	}
	c.w.set(append(b, "\r\n"...))
	return nil
}

// threader links messages.
type threader struct {
	nodes []*node // the messages, in order
	all   []*node // these and the places for missing ones, in order of appearance
	byID  map[string]*node
}

func (t *threader) add(m *mailsvc.Message, num uint32, link bool) {
	f, _ := mime.Stored(m.Index).Fields()
	base, reply := baseSubject(f.Subject)
	n := t.byID[f.MessageID]
	if n == nil || n.num != 0 { // new, or somebody else's identifier
		fresh := n == nil && f.MessageID != ""
		n = &node{}
		t.all = append(t.all, n)
		if fresh {
			t.byID[f.MessageID] = n
		}
	}
	n.num, n.date, n.base, n.reply = num, sentUnix(&f, m), viet.Key(base), reply
	t.nodes = append(t.nodes, n)
	if !link {
		return
	}
	var parent *node
	for _, id := range f.Parents {
		q := t.place(id)
		if q == nil {
			break
		}
		if parent != nil && q.parent == nil {
			adopt(parent, q)
		}
		parent = q
	}
	n.parent = nil // the message itself knows better than those that name it, also that it answers nothing
	if parent != nil {
		adopt(parent, n)
	}
}

// place returns the node of an identifier, making one for a missing message.
// Mail that names more missing messages than anybody ever wrote gets nil.
func (t *threader) place(id string) *node {
	n := t.byID[id]
	if n == nil {
		if len(t.all) > 8*len(t.nodes)+1000 {
			return nil
		}
		n = &node{}
		t.byID[id] = n
		t.all = append(t.all, n)
	}
	return n
}

// adopt makes child a child of parent unless that would close a loop or the
// chain is longer than anybody's conversation. children are filled in later.
func adopt(parent, child *node) {
	steps := 0
	for n := parent; n != nil; n = n.parent {
		if steps++; n == child || steps > maxThreadDepth {
			return
		}
	}
	child.parent = parent
}

// references is the algorithm of that name, steps 2 to 6.
func (t *threader) references() []*node {
	var roots []*node
	for _, n := range t.all {
		if n.parent != nil {
			n.parent.children = append(n.parent.children, n)
		} else {
			roots = append(roots, n)
		}
	}
	roots = pruneRoots(roots)
	for _, n := range roots {
		if n.num == 0 {
			sortByDate(n.children) // its date and subject are those of the first
		}
	}
	sortByDate(roots)
	roots = joinSubjects(roots)
	sortTree(roots)
	return roots
}

// pruneRoots drops the places of missing messages: their children take their
// place, at the top only if there is just one.
func pruneRoots(roots []*node) []*node {
	var out []*node
	for _, n := range roots {
		n.children = prune(n.children)
		switch {
		case n.num != 0 || len(n.children) > 1:
			out = append(out, n)
		case len(n.children) == 1:
			out = append(out, n.children[0])
		}
	}
	return out
}

func prune(list []*node) []*node {
	var out []*node
	for _, n := range list {
		n.children = prune(n.children)
		if n.num != 0 {
			out = append(out, n)
		} else {
			out = append(out, n.children...)
		}
	}
	return out
}

// when is the date of a node, or of the first message below a missing one.
func (n *node) when() (date int64, num uint32) {
	for n.num == 0 && len(n.children) > 0 {
		n = n.children[0]
	}
	return n.date, n.num
}

func sortByDate(list []*node) {
	slices.SortStableFunc(list, func(a, b *node) int {
		ad, an := a.when()
		bd, bn := b.when()
		return cmp.Or(cmp.Compare(ad, bd), cmp.Compare(an, bn))
	})
}

func sortTree(list []*node) {
	for _, n := range list {
		sortTree(n.children)
	}
	sortByDate(list)
}

// joinSubjects is step 5: threads of one subject become one.
func joinSubjects(roots []*node) []*node {
	table := make(map[string]*node)
	for _, n := range roots {
		base, reply := n.subject()
		if base == "" {
			continue
		}
		old, ok := table[base]
		if !ok || n.num == 0 && old.num != 0 {
			table[base] = n
		} else if _, oldReply := old.subject(); old.num != 0 && oldReply && !reply && n.num != 0 {
			table[base] = n
		}
	}
	var out []*node
	replaced := make(map[*node]*node)
	for _, n := range roots {
		base, reply := n.subject()
		top := table[base]
		if base == "" || top == n {
			out = append(out, n)
			continue
		}
		for replaced[top] != nil {
			top = replaced[top]
		}
		_, topReply := top.subject()
		switch {
		case top.num == 0 && n.num == 0:
			top.children = append(top.children, n.children...)
		case top.num == 0 || reply && !topReply:
			top.children = append(top.children, n)
		default:
			both := &node{children: []*node{top, n}}
			replaced[top] = both
			table[base] = both
		}
	}
	for i, n := range out {
		for replaced[n] != nil {
			n = replaced[n]
		}
		out[i] = n
	}
	return addMissing(out, table, roots)
}

// addMissing puts in joined threads whose first part came later in the list
// than the one that replaced it.
func addMissing(out []*node, table map[string]*node, roots []*node) []*node {
	have := make(map[*node]bool, len(out))
	kept := out[:0]
	for _, n := range out {
		if !have[n] {
			have[n] = true
			kept = append(kept, n)
		}
	}
	for _, r := range roots {
		base, _ := r.subject()
		if n := table[base]; base != "" && n != nil && !have[n] {
			have[n] = true
			kept = append(kept, n)
		}
	}
	return kept
}

// subject is that of the node, or of the first message below a missing one.
func (n *node) subject() (base string, reply bool) {
	for n.num == 0 && len(n.children) > 0 {
		n = n.children[0]
	}
	return n.base, n.reply
}

// orderedSubject groups by base subject; later messages are children of the first.
func (t *threader) orderedSubject() []*node {
	sortByDate(t.nodes)
	table := make(map[string]*node)
	var roots []*node
	for _, n := range t.nodes {
		if top := table[n.base]; top != nil {
			top.children = append(top.children, n)
			continue
		}
		table[n.base] = n
		roots = append(roots, n)
	}
	return roots
}

// appendThread writes a thread: a chain as numbers, branches in parentheses.
func appendThread(b []byte, n *node) []byte {
	b = append(b, '(')
	first := true
	for {
		if n.num != 0 {
			if !first {
				b = append(b, ' ')
			}
			b = strconv.AppendUint(b, uint64(n.num), 10)
			first = false
		}
		if len(n.children) != 1 {
			break
		}
		n = n.children[0]
	}
	if len(n.children) > 0 && !first {
		b = append(b, ' ')
	}
	for _, c := range n.children {
		b = appendThread(b, c)
	}
	return append(b, ')')
}
