package imap

import (
	"errors"
	"strconv"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// searchTextLimit bounds how much of one message's text is searched, bytes.
const searchTextLimit = 4 << 20

// verdict is what can be said about a message before its bytes are read.
type verdict uint8

const (
	miss verdict = iota
	hit
	unsure // the bytes must be read
)

func decided(b bool) verdict {
	if b {
		return hit
	}
	return miss
}

// search is SEARCH (RFC 9051 section 6.4.4, ESEARCH RFC 4731, SEARCHRES RFC 5182).
func (r *request) search() error {
	p, c := r.p, r.c
	a := p.searchArgs(r.uid)
	if err := p.end(); err != nil {
		return c.notSaved(a, err)
	}
	r.bySeq = a.bySeq
	if err := c.may(mailsvc.Read); err != nil {
		return c.notSaved(a, err)
	}
	found, err := c.find(r, a)
	if err != nil {
		return c.notSaved(a, err)
	}
	if a.ReturnSave {
		c.view.saved = savedOf(a, found)
	}
	r.writeFound(a, found)
	return nil
}

// notSaved forgets the saved result after a search that should have replaced it
// and is answered NO; after BAD it stays (RFC 5182 section 2.1).
func (c *conn) notSaved(a *searchArgs, err error) error {
	var e *imap.Error
	if a.ReturnSave && !(errors.As(err, &e) && e.Type == imap.StatusResponseTypeBad) {
		c.view.saved = nil
	}
	return err
}

// match is a message that was found.
type match struct {
	uid mailsvc.UID
	seq uint32
	mod mailsvc.ModSeq

	score uint8 // if RELEVANCY is asked for
}

// savedOf is what RETURN (SAVE) remembers (RFC 5182 section 2.1).
func savedOf(a *searchArgs, found []match) []mailsvc.UID {
	if len(found) == 0 {
		return nil
	}
	if (a.ReturnMin || a.ReturnMax) && !a.ReturnAll && !a.ReturnCount {
		var out []mailsvc.UID
		if a.ReturnMin {
			out = append(out, found[0].uid)
		}
		if last := found[len(found)-1].uid; a.ReturnMax && (len(out) == 0 || out[0] != last) {
			out = append(out, last)
		}
		return out
	}
	out := make([]mailsvc.UID, len(found))
	for i, m := range found {
		out[i] = m.uid
	}
	return out
}

// find returns the messages that match, ascending.
func (c *conn) find(r *request, a *searchArgs) (found []match, err error) {
	err = c.each(r, a, a.relevancy.wanted(), func(m *mailsvc.Message, seq uint32) {
		found = append(found, a.match(m, seq))
	})
	return found, err
}

// match is a message that was found, with what the answer may say of it.
func (a *searchArgs) match(m *mailsvc.Message, seq uint32) match {
	found := match{uid: m.UID, seq: seq, mod: m.ModSeq}
	if a.relevancy.wanted() {
		found.score = a.relevancy.score(m)
	}
	return found
}

// maxJudged is how many keys are judged inside the store's transaction.
const maxJudged = 16

// each calls do for every message that matches, ascending; with index the row
// has its index.
func (c *conn) each(r *request, a *searchArgs, index bool, do func(m *mailsvc.Message, seq uint32)) error {
	v := c.view
	if len(v.uids) == 0 {
		return nil
	}
	s := searcher{c: c, v: v, now: c.s.now()}
	ranges := v.ranges(s.scope(&a.root))
	f, ahead := fetcher{c: c}, fetcher{c: c}
	alive := progress{r: r, total: len(v.uids)}
	yield := func(m *mailsvc.Message) bool {
		seq := f.seq(m.UID)
		if seq > 0 && s.matches(&a.root, m, seq) {
			do(m, seq)
		}
		return alive.tick() && c.ctx().Err() == nil
	}
	possible := func(m *mailsvc.Message) bool {
		seq := ahead.seq(m.UID)
		if seq > 0 && s.eval(&a.root, m, seq, nil) != miss {
			return true
		}
		alive.done++
		return false
	}
	store, indexed := c.s.o.Store, a.root.needsIndex()
	var err error
	switch {
	case indexed && a.root.size() <= maxJudged:
		err = store.Find(c.ctx(), c.account.Address, v.account, v.folder.ID, ranges, possible, yield)
	case a.root.quick() && !index:
		err = store.Flags(c.ctx(), c.account.Address, v.account, v.folder.ID, ranges, yield)
	default:
		err = store.Messages(c.ctx(), c.account.Address, v.account, v.folder.ID, ranges, index || indexed, yield)
	}
	if err == nil {
		err = c.ctx().Err()
	}
	return err
}

// writeFound answers SEARCH in the old or the extended form.
func (r *request) writeFound(a *searchArgs, found []match) {
	c, w := r.c, &r.c.w
	nums := make([]uint32, len(found))
	var mod mailsvc.ModSeq
	for i, m := range found {
		nums[i] = m.seq
		if r.uid {
			nums[i] = uint32(m.uid)
		}
		mod = max(mod, m.mod)
	}
	if !a.esearch && !c.rev2 {
		b := append(w.bytes(), "* SEARCH"...)
		for _, n := range nums {
			b = strconv.AppendUint(append(b, ' '), uint64(n), 10)
		}
		if a.modSeq && len(nums) > 0 {
			b = strconv.AppendUint(append(b, " (MODSEQ "...), uint64(mod), 10)
			b = append(b, ')')
		}
		w.set(append(b, "\r\n"...))
		return
	}
	if a.ReturnSave && !a.ReturnMin && !a.ReturnMax && !a.ReturnAll && !a.ReturnCount && !a.relevancy.told {
		return // only remembered, RFC 5182 section 2.1
	}
	w.set(appendESearch(w.bytes(), r.tag, r.uid, a, nums, found))
}

// appendESearch appends an ESEARCH response; nums is in order of result, found
// tells the MODSEQ of each.
func appendESearch(b []byte, tag string, uid bool, a *searchArgs, nums []uint32, found []match) []byte {
	o := &a.SearchOptions
	b = append(b, "* ESEARCH (TAG "...)
	b = appendString(b, tag, false)
	b = append(b, ')')
	if uid {
		b = append(b, " UID"...)
	}
	item := func(name string, n uint64) {
		b = append(append(append(b, ' '), name...), ' ')
		b = strconv.AppendUint(b, n, 10)
	}
	if n := len(nums); n > 0 {
		if o.ReturnMin {
			item("MIN", uint64(nums[0]))
		}
		if o.ReturnMax {
			item("MAX", uint64(nums[n-1]))
		}
		if o.ReturnAll {
			b = appendSet(append(b, " ALL "...), nums)
		}
	}
	if o.ReturnCount {
		item("COUNT", uint64(len(nums)))
	}
	if mod := shownModSeq(o, found); a.modSeq && mod > 0 {
		item("MODSEQ", uint64(mod))
	}
	if a.relevancy.told && len(found) > 0 {
		b = appendScores(b, found)
	}
	return append(b, "\r\n"...)
}

// shownModSeq is the highest MODSEQ among the messages that the answer names
// (RFC 7162 section 3.1.10).
func shownModSeq(o *imap.SearchOptions, found []match) (mod mailsvc.ModSeq) {
	if len(found) == 0 {
		return 0
	}
	if !o.ReturnAll && !o.ReturnCount {
		if o.ReturnMin {
			mod = found[0].mod
		}
		if o.ReturnMax {
			mod = max(mod, found[len(found)-1].mod)
		}
		return mod
	}
	for _, m := range found {
		mod = max(mod, m.mod)
	}
	return mod
}
